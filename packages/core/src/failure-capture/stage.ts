import { text, typeName } from "../describe.js";
import { isBaldurError } from "../errors.js";
import { interventionSuppressed } from "../pipeline/events.js";
import type { Execution } from "../pipeline/execution.js";
import type { FailureCaptureOptions, ProtectedOptions } from "../pipeline/options.js";
import type { Outcome } from "../pipeline/outcome.js";
import type { CallServices } from "../pipeline/services.js";
import type { Stage } from "../pipeline/stage.js";
import type { FailedCall, FailureRecorder } from "../slots/failure-recorder.js";
import { captureFailed, requestedWithoutBacking } from "./events.js";
import { discardedTotal } from "./metrics.js";

/** Errors of calls that must not run again by themselves. */
const NEVER_CAPTURED: ReadonlySet<string> = new Set([
  "ERR_BALDUR_IDEMPOTENCY_DUPLICATE",
  "ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE",
]);
const NO_OPTIONS: FailureCaptureOptions = Object.freeze({});
const NO_DOMAIN = "default";

export interface FailureCaptureParts {
  readonly services: CallServices;
  /** What keeps failed calls; undefined while nothing does. */
  recorder(): FailureRecorder | undefined;
  /** Whether the call is part of a failed operation that is being done again. */
  isReplaying(): boolean;
}

/** Hands every error that the caller is about to see to whatever keeps failed calls, exactly once. */
export class FailureCaptureStage implements Stage {
  readonly name = "failure-capture";
  #warned = false;

  constructor(private readonly parts: FailureCaptureParts) {}

  succeed(call: Execution, value: unknown): void {
    const answered = call.outcome === "fallback" ? call.extras.answered : undefined;
    if (answered !== undefined && optionsOf(call).onFallback === "capture")
      this.#capture(call, answered.error, "fallback");
    call.succeed(value);
  }

  fail(call: Execution, error: unknown): void {
    const refused = isBaldurError(error) && NEVER_CAPTURED.has(error.code);
    if (call.outcome !== "aborted" && !refused) this.#capture(call, error, call.outcome);
    call.fail(error);
  }

  #capture(call: Execution, error: unknown, outcome: Outcome): void {
    const { services } = this.parts;
    if (call.disabled || this.parts.isReplaying()) return;
    if (call.dryRun) {
      const detail = "the failed call would have been kept";
      return services.telemetry.report(interventionSuppressed, {
        name: call.name,
        intervention: "failure_capture",
        detail,
      });
    }
    const recorder = this.parts.recorder();
    if (recorder === undefined) return this.#discard(call);
    try {
      const capture = recorder.capture(this.#describe(call, error, outcome as FailedCall["outcome"]));
      if ("id" in capture) call.extras.captured = capture;
    } catch (problem) {
      services.telemetry.report(captureFailed, { name: call.name, error: text(problem) });
    }
  }

  #discard(call: Execution): void {
    const { name } = call;
    const { telemetry } = this.parts.services;
    telemetry.counter(discardedTotal).cell(this.#domain(call)).add();
    if (this.#warned) return;
    this.#warned = true;
    const remedy = "install a dead-letter queue plugin to keep failed calls, or drop the dlq option";
    telemetry.report(requestedWithoutBacking, { name, remedy });
  }

  #describe(call: Execution, error: unknown, outcome: FailedCall["outcome"]): FailedCall {
    const { clock } = this.parts.services;
    const { maxRetries, capture } = optionsOf(call);
    return {
      name: call.name,
      domain: this.#domain(call),
      outcome,
      error,
      failureType: this.#failureType(call, error),
      at: new Date(clock.now()),
      duration: call.elapsed(),
      attempts: call.extras.attempts,
      context: call.context,
      ...(capture !== "none" && call.args !== undefined && { args: this.#encode(call, call.args) }),
      ...(maxRetries !== undefined && { maxRetries }),
    };
  }

  #domain(call: Execution): string {
    return call.domain(optionsOf(call).domain ?? call.options?.domain) ?? NO_DOMAIN;
  }

  #encode(call: Execution, args: readonly unknown[]): readonly unknown[] {
    const { args: codec } = (call.options ?? {}) as ProtectedOptions;
    return codec === undefined ? args : codec.encode(args as unknown[]);
  }

  #failureType(call: Execution, error: unknown): string {
    const own = optionsOf(call).failureType;
    const standard = call.extras.exhausted === undefined ? "" : "MAX_RETRIES_";
    if (own !== undefined) {
      try {
        return String(own(error));
      } catch (problem) {
        this.parts.services.telemetry.report(captureFailed, { name: call.name, error: text(problem) });
      }
    }
    return `${standard}${typeName(error)
      .replace(/([a-z])([A-Z])/g, "$1_$2")
      .toUpperCase()}`;
  }
}

function optionsOf(call: Execution): FailureCaptureOptions {
  const dlq = call.options?.dlq;
  return typeof dlq === "object" ? dlq : NO_OPTIONS;
}
