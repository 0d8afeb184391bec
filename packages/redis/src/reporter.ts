import type { Clock, PluginTelemetry } from "@baldur/core/plugin";
import type { Miss, Observer } from "./connection.js";
import {
  authenticationRefused,
  connectionLost,
  connectionOpened,
  connectionRecovered,
  connectionUnavailable,
  subscriptionLost,
  subscriptionRecovered,
  writesAccepted,
  writesRefused,
} from "./events.js";
import type { Failure } from "./failure.js";
import { available, failuresTotal } from "./metrics.js";

export type Report = Pick<PluginTelemetry, "report" | "counter" | "gauge">;

export interface ReporterParts {
  readonly address: string;
  readonly clock: Clock;
  readonly telemetry: Report;
}

/** Tells how the connection for commands fares. */
export class CommandsReporter implements Observer {
  #wasUp = false;
  #downSince = 0;
  #refusedSince = 0;
  #deniedTold = false;
  #lastFailure: Failure | undefined;

  constructor(private readonly parts: ReporterParts) {
    parts.telemetry.gauge(available).cell().set(0);
  }

  up(): void {
    const { telemetry, address, clock } = this.parts;
    telemetry.gauge(available).cell().set(1);
    if (this.#wasUp)
      telemetry.report(connectionRecovered, { address, after: clock.monotonic() - this.#downSince });
    else telemetry.report(connectionOpened, { address });
    this.#wasUp = true;
    this.#deniedTold = false;
  }

  down({ type }: Failure): void {
    const { telemetry, address, clock } = this.parts;
    telemetry.gauge(available).cell().set(0);
    this.#downSince = clock.monotonic();
    telemetry.report(connectionLost, { address, error: type });
  }

  failed(failure: Failure): void {
    this.#lastFailure = failure;
    if (failure.kind !== "denied" || this.#deniedTold) return;
    this.#deniedTold = true;
    const { telemetry, address } = this.parts;
    telemetry.report(authenticationRefused, { address, error: failure.type });
  }

  missed(how: Miss): void {
    this.parts.telemetry.counter(failuresTotal).cell(how).add();
  }

  /** Undefined: it takes writes again. */
  refusal(reason: string | undefined): void {
    const { telemetry, address, clock } = this.parts;
    if (reason !== undefined) {
      this.#refusedSince = clock.monotonic();
      telemetry.report(writesRefused, { address, error: reason });
    } else telemetry.report(writesAccepted, { address, after: clock.monotonic() - this.#refusedSince });
  }

  /** A start goes on without. */
  unavailable(): void {
    if (this.#wasUp || this.#deniedTold) return;
    const { telemetry, address } = this.parts;
    telemetry.report(connectionUnavailable, { address, error: this.#lastFailure?.type ?? "timeout" });
  }
}

/** Tells how the connection for messages fares, once there is one. */
export class MessagesReporter implements Pick<Observer, "up" | "down" | "failed"> {
  #downSince: number | undefined;

  constructor(private readonly parts: ReporterParts) {}

  up(): void {
    if (this.#downSince === undefined) return;
    const { telemetry, address, clock } = this.parts;
    telemetry.report(subscriptionRecovered, { address, after: clock.monotonic() - this.#downSince });
    this.#downSince = undefined;
  }

  down({ type }: Failure): void {
    if (this.#downSince !== undefined) return;
    const { telemetry, address, clock } = this.parts;
    this.#downSince = clock.monotonic();
    telemetry.report(subscriptionLost, { address, error: type });
  }

  /** As good as lost. */
  failed(failure: Failure): void {
    this.down(failure);
  }
}
