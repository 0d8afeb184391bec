import { AdapterError } from "@baldur/core";
import type { Clock, PluginTelemetry } from "@baldur/core/plugin";
import * as events from "./events.js";
import type { Failure } from "./failure.js";
import * as metrics from "./metrics.js";

/** Tells how a database fares: once per change, not per statement. */
export class Reporter {
  #started = false;
  #lostAt: number | undefined;
  #refusedAt = 0;
  readonly #elsewhere = new Set<string>();

  constructor(
    private readonly telemetry: PluginTelemetry,
    private readonly clock: Clock,
    /** Where the database is, for people; without a password. */
    private readonly address: string,
  ) {}

  /** The first look is over. */
  started(failure: Failure | undefined): void {
    const { address } = this;
    this.#started = true;
    if (failure === undefined) this.telemetry.report(events.connectionOpened, { address });
    else this.telemetry.report(events.connectionUnavailable, { address, error: failure.reason });
  }

  changed(failure: Failure | undefined): void {
    const { address } = this;
    if (failure !== undefined) {
      this.#lostAt = this.clock.monotonic();
      if (this.#started) this.telemetry.report(events.connectionLost, { address, error: failure.reason });
    } else if (this.#lostAt !== undefined) {
      const after = Math.round(this.clock.monotonic() - this.#lostAt);
      this.telemetry.report(events.connectionRecovered, { address, after });
    }
  }

  /** Undefined: it takes writes again. */
  refusal(reason: string | undefined): void {
    const { address, clock, telemetry } = this;
    if (reason !== undefined) {
      this.#refusedAt = clock.monotonic();
      telemetry.report(events.writesRefused, { address, error: reason });
    } else {
      const after = Math.round(clock.monotonic() - this.#refusedAt);
      telemetry.report(events.writesAccepted, { address, after });
    }
  }

  failed({ reason }: Failure): void {
    this.telemetry.counter(metrics.failuresTotal).cell(reason).add();
  }

  idleConnectionLost({ reason }: Failure): void {
    this.telemetry.report(events.idleConnectionLost, { address: this.address, error: reason });
  }

  subscriptionLost({ reason }: Failure): void {
    this.telemetry.report(events.subscriptionLost, { address: this.address, error: reason });
  }

  subscriptionRecovered(after: number): void {
    this.telemetry.report(events.subscriptionRecovered, { address: this.address, after: Math.round(after) });
  }

  listenerFailed(listener: string, error: unknown): void {
    this.telemetry.report(events.listenerFailed, { listener, error: wordsOf(error) });
  }

  rollbackFailed({ reason }: Failure): void {
    this.telemetry.report(events.rollbackFailed, { error: reason });
  }

  migrationApplied(id: string): void {
    this.telemetry.report(events.migrationApplied, { id });
  }

  /** Once for each place. */
  transactionElsewhere(transaction: string): void {
    if (this.#elsewhere.has(transaction)) return;
    this.#elsewhere.add(transaction);
    this.telemetry.report(events.transactionElsewhere, { address: this.address, transaction });
  }
}

function wordsOf(error: unknown): string {
  // Ours say nothing that was sent; what Postgres says may quote it.
  if (error instanceof AdapterError) return error.code;
  return error instanceof Error ? error.message : String(error);
}
