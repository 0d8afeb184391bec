import type { HotClock, Random } from "../clock.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import type { CallerSignals } from "./caller-signal.js";
import type { Deadlines } from "./deadline.js";
import type { Scope } from "./scope.js";

/** What every call of a runtime shares. */
export interface CallServices {
  readonly clock: HotClock;
  readonly random: Random;
  readonly telemetry: TelemetryHub;
  readonly deadlines: Deadlines;
  readonly callerSignals: CallerSignals;
  /** The async context in force: entered again where a deadline or a signal goes on with a call. */
  scope(): Scope;
  /** The business domain of a call that gave this one: as a label. */
  domainOf(given: string | undefined, name: string): string | undefined;
  /** 0 active, 1 dry run, 2 disabled. Read on every call. */
  readonly control: { readonly mode: number };
}
