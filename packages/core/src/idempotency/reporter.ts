import { text } from "../describe.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import * as events from "./events.js";
import * as metrics from "./metrics.js";
import type { ClaimAnswer } from "./store.js";

/** What a key stands for, in reports. */
export interface Keyed {
  readonly key: string;
  /** The business domain of the call, else its name or operation. */
  readonly domain: string;
}

/** How work ended without being done. */
export type Undone = "failed" | "released";

type Result = "new" | "retried" | "duplicate" | "replayed" | "in_progress" | "unavailable";

/** Turns what the gate does into events and metrics. */
export class IdempotencyReporter {
  constructor(private readonly telemetry: TelemetryHub) {}

  continued(
    { key, domain }: Keyed,
    { attempt, takeover }: Extract<ClaimAnswer, { decision: "continue" }>,
  ): void {
    this.#count(takeover === undefined ? "new" : "retried", domain, "continue");
    if (takeover === undefined) return;
    this.telemetry.counter(metrics.takeoversTotal).cell(takeover).add();
    this.telemetry.report(events.claimTakenOver, { key, domain, reason: takeover, attempt });
  }

  replayed({ domain }: Keyed): void {
    this.#count("replayed", domain, "skip");
  }

  duplicate({ key, domain }: Keyed): void {
    this.#count("duplicate", domain, "skip");
    this.telemetry.report(events.duplicateBlocked, { key, domain, decision: "skip" });
  }

  blocked({ key, domain }: Keyed, reason: string): void {
    this.#count("in_progress", domain, "abort");
    this.telemetry.report(events.executionBlocked, { key, domain, decision: "abort", reason });
  }

  unavailable({ key, domain }: Keyed, error: unknown, failOpen: boolean): void {
    this.telemetry.counter(metrics.checksTotal).cell("unavailable", domain).add();
    if (failOpen) this.telemetry.counter(metrics.unguardedTotal).cell("gate", "store_error").add();
    this.telemetry.report(events.guardCheckFailed, { key, domain, error: text(error), fail_open: failOpen });
  }

  lost({ key, domain }: Keyed, status: "completed" | Undone): void {
    this.telemetry.report(events.claimLost, { key, domain, status });
  }

  completionFailed({ key, domain }: Keyed, error: unknown): void {
    this.telemetry.report(events.markCompletedFailed, { key, domain, error: text(error) });
  }

  returnFailed({ key, domain }: Keyed, status: Undone, error: unknown): void {
    this.telemetry.report(events.claimReturnFailed, { key, domain, status, error: text(error) });
  }

  replayFailed({ key, domain }: Keyed, error: unknown): void {
    this.telemetry.report(events.resultReplayFailed, { key, domain, error: text(error) });
  }

  #count(result: Result, domain: string, decision: ClaimAnswer["decision"]): void {
    this.telemetry.counter(metrics.checksTotal).cell(result, domain).add();
    this.telemetry.counter(metrics.decisionsTotal).cell(decision).add();
  }
}
