import type { Clock, Random } from "../../clock.js";
import type { TelemetryHub } from "../../telemetry/telemetry.js";
import type { Breaker } from "../circuit-breaker.js";
import type { FleetStore } from "../store.js";

/** The circuits of this process. */
export interface FleetHost {
  /** The breaker of that name, if there is one. */
  find(name: string): Breaker | undefined;
  /** All that have a name of their own. */
  breakers(): readonly Breaker[];
}

/** What the parts of a fleet's member work with. */
export interface FleetParts {
  readonly store: FleetStore;
  readonly host: FleetHost;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: TelemetryHub;
  /** 0 active, 1 dry run, 2 disabled. */
  readonly control: { readonly mode: number };
  /** Unique to this process. */
  readonly instance: string;
  /** Milliseconds that anything waits for the store. */
  readonly timeout: number;
}
