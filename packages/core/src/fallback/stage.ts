import { text, typeName } from "../describe.js";
import { isBaldurError } from "../errors.js";
import { interventionSuppressed } from "../pipeline/events.js";
import type { Execution } from "../pipeline/execution.js";
import type { CallServices } from "../pipeline/services.js";
import type { Stage } from "../pipeline/stage.js";
import { fallbackApplied, fallbackFailed } from "./events.js";

/** Answers that the caller must see as they are: the work is done or may be running, and nothing may pretend otherwise. */
const NEVER_ABSORBED: ReadonlySet<string> = new Set([
  "ERR_BALDUR_IDEMPOTENCY_DUPLICATE",
  "ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE",
]);

/** Answers in place of a failed call. */
export class FallbackStage implements Stage {
  readonly name = "fallback";

  constructor(private readonly services: CallServices) {}

  fail(call: Execution, error: unknown): void {
    if (call.outcome === "aborted" || (isBaldurError(error) && NEVER_ABSORBED.has(error.code))) {
      return call.fail(error);
    }
    if (call.disabled) return call.fail(error);
    if (call.dryRun) {
      this.#suppress(call);
      return call.fail(error);
    }
    this.#answer(call, error);
  }

  #answer(call: Execution, error: unknown): void {
    let answer: Promise<unknown>;
    try {
      const fallback = call.options?.fallback;
      if (typeof fallback !== "function") return call.fail(error); // taken out of the options meanwhile
      answer = Promise.resolve(fallback(error, call.asCall()));
    } catch (problem) {
      return this.#decline(call, error, problem);
    }
    call.wait(
      answer,
      (resumed, value) => this.#apply(resumed, error, value),
      (resumed, problem) => this.#decline(resumed, error, problem),
    );
  }

  #apply(call: Execution, error: unknown, value: unknown): void {
    call.extras.answered = { error, outcome: call.outcome };
    call.outcome = "fallback";
    const { telemetry } = this.services;
    telemetry.report(fallbackApplied, { name: call.name, error_type: typeName(error), error: text(error) });
    call.succeed(value);
  }

  #decline(call: Execution, error: unknown, problem: unknown): void {
    if (problem !== error) {
      this.services.telemetry.report(fallbackFailed, { name: call.name, error: text(problem) });
    }
    call.fail(error);
  }

  #suppress(call: Execution): void {
    const detail = "the fallback would have answered";
    this.services.telemetry.report(interventionSuppressed, {
      name: call.name,
      intervention: "fallback",
      detail,
    });
  }
}
