import { text, typeName } from "../describe.js";
import { isBaldurError } from "../errors.js";
import { watched } from "../isolate.js";
import type { SharedCooldown } from "../pipeline/cooldown.js";
import { timeoutError } from "../pipeline/errors.js";
import { interventionSuppressed } from "../pipeline/events.js";
import type { Execution } from "../pipeline/execution.js";
import type { RetryNotice, RetryOptions } from "../pipeline/options.js";
import type { CallServices } from "../pipeline/services.js";
import type { Stage } from "../pipeline/stage.js";
import { delayAfter, withFloor } from "./backoff.js";
import type { RetryBudgets } from "./budget.js";
import * as events from "./events.js";
import * as metrics from "./metrics.js";
import type { RetryPolicy } from "./policy.js";

/** Why a call is not tried again. */
export type StopReason =
  | "non_retryable"
  | "max_attempts"
  | "max_elapsed"
  | "retry_budget"
  | "rate_limit_deferred";

/** What the stage remembers of a call once something went wrong. */
class RetryState {
  /** The latest wait: a decorrelated backoff grows from it, and calls never share it. */
  delay = 0;
  /** This call tests the water after a cooldown, and the others wait for it. */
  canary = false;
}

const NO_OPTIONS: RetryOptions = Object.freeze({});

export interface RetryParts {
  readonly services: CallServices;
  readonly budgets: RetryBudgets;
  readonly cooldown: SharedCooldown;
}

/** Runs the function again after a failure that may pass, as long as the policy and the retry budget allow it. */
export class RetryStage implements Stage {
  readonly name = "retry";

  constructor(private readonly parts: RetryParts) {}

  enter(call: Execution): void {
    const { budgets, cooldown, services } = this.parts;
    budgets.call(call.name, services.clock.coarse());
    if (cooldown.idle) this.#attempt(call);
    else this.#afterCooldown(call);
  }

  succeed(call: Execution, value: unknown): void {
    this.#disarm(call);
    if (this.#rejectsResult(call, value)) return this.#failed(call, undefined, () => call.succeed(value));
    if (!this.parts.cooldown.idle) this.parts.cooldown.succeeded(keyOf(call), isCanary(call));
    call.succeed(value);
  }

  fail(call: Execution, error: unknown): void {
    this.#disarm(call);
    this.#failed(call, error, () => call.fail(error));
  }

  /** An attempt failed, by its error or because its value was not accepted: again, or give up. */
  #failed(call: Execution, error: unknown, giveUp: () => void): void {
    const wait = this.#noteRateLimit(call, error);
    const reason = this.#stop(call, error, wait);
    if (reason !== undefined) {
      this.#report(call, error, reason);
      return giveUp();
    }
    const state = stateOf(call);
    state.delay = this.#delay(call, error, wait);
    if (!this.#affordable(call, error, state.delay)) return giveUp();
    this.#again(call, error, state.delay, giveUp);
  }

  #again(call: Execution, error: unknown, delay: number, giveUp: () => void): void {
    const attempt = call.attempts;
    const last = call.extras.attempts.at(-1);
    if (last !== undefined)
      call.extras.attempts[call.extras.attempts.length - 1] = { ...last, delayBeforeNext: delay };
    const { telemetry } = this.parts.services;
    telemetry.counter(metrics.retriesTotal).cell(call.name).add();
    telemetry.report(events.retryAttempt, { name: call.name, attempt, delay, error_type: typeName(error) });
    this.#notify(call, { name: call.name, attempt, error, delay });
    call.sleep(delay, (resumed) => (this.#isDisabled ? giveUp() : this.#afterCooldown(resumed)));
  }

  get #isDisabled(): boolean {
    return this.parts.services.control.mode === 2;
  }

  /** Goes on when the cooldown of the call's key lets it, at most after the longest wait of its policy. */
  #afterCooldown(call: Execution): void {
    const answer = this.parts.cooldown.admit(keyOf(call));
    if (answer.go) {
      if (answer.canary) this.#becomeCanary(call);
      return this.#attempt(call);
    }
    const again = (resumed: Execution): void => this.#afterCooldown(resumed);
    if ("until" in answer)
      return call.sleep(Math.min(answer.lease, policyOf(call).maxDelay), again, answer.until);
    if (answer.delay > policyOf(call).maxDelay) {
      return call.refuse(this.parts.cooldown.deferred(keyOf(call), answer.delay), "rejected");
    }
    call.sleep(answer.delay, again);
  }

  #becomeCanary(call: Execution): void {
    stateOf(call).canary = true;
    call.extras.onInterrupted = () => {
      if (isCanary(call)) this.parts.cooldown.released(keyOf(call));
    };
  }

  #attempt(call: Execution): void {
    const { attemptTimeout } = policyOf(call);
    if (attemptTimeout !== undefined) {
      call.extras.attemptDeadline = this.parts.services.deadlines.add(attemptTimeout, call, expireAttempt);
    }
    call.proceed();
  }

  #disarm(call: Execution): void {
    const extras = call.extrasIfAny;
    if (extras === null || extras.attemptDeadline === null) return;
    this.parts.services.deadlines.remove(extras.attemptDeadline);
    extras.attemptDeadline = null;
  }

  /** Milliseconds that the dependency asked everyone to wait; undefined where it did not. */
  #noteRateLimit(call: Execution, error: unknown): number | undefined {
    const { cooldown } = this.parts;
    const canary = isCanary(call);
    if (canary) stateOf(call).canary = false;
    if (call.outcome === "failure" && error !== undefined && call.classify(error) === "rate_limited") {
      return cooldown.limited(keyOf(call), error, canary);
    }
    if (canary) cooldown.released(keyOf(call));
    return undefined;
  }

  #stop(call: Execution, error: unknown, wait: number | undefined): StopReason | undefined {
    const policy = policyOf(call);
    if (!this.#retryable(call, error)) return "non_retryable";
    if (call.attempts >= policy.maxAttempts) return "max_attempts";
    return wait !== undefined && wait > policy.maxDelay ? "rate_limit_deferred" : undefined;
  }

  #retryable(call: Execution, error: unknown): boolean {
    if (call.outcome === "aborted") return false;
    if (call.outcome === "success") return true; // a value that was not accepted
    const { retryOn } = optionsOf(call);
    if (retryOn !== undefined) {
      try {
        return this.#answer(call, "retryOn", retryOn(error)) === true;
      } catch (problem) {
        this.#predicateFailed(call, "retryOn", problem);
      }
    }
    if (isBaldurError(error, "ERR_BALDUR_CIRCUIT_OPEN")) return false; // it says when it is worth trying again
    const classification = call.classify(error);
    return classification === "failure" || classification === "rate_limited";
  }

  #rejectsResult(call: Execution, value: unknown): boolean {
    const { retryOnResult } = optionsOf(call);
    if (retryOnResult === undefined) return false;
    try {
      return this.#answer(call, "retryOnResult", retryOnResult(value)) === true;
    } catch (problem) {
      this.#predicateFailed(call, "retryOnResult", problem);
      return false;
    }
  }

  /** The wait before the next attempt. What the dependency asked for is a floor. */
  #delay(call: Execution, error: unknown, wait: number | undefined): number {
    const policy = policyOf(call);
    const { random } = this.parts.services;
    const { backoff } = optionsOf(call);
    const own =
      typeof backoff === "function"
        ? this.#ownDelay(call, error, backoff)
        : delayAfter(policy, call.attempts, stateOf(call).delay, random);
    return wait === undefined ? own : withFloor(own, wait);
  }

  #ownDelay(call: Execution, error: unknown, backoff: (attempt: number, error: unknown) => number): number {
    const policy = policyOf(call);
    try {
      const delay = this.#answer(call, "backoff", backoff(call.attempts, error));
      if (delay >= 0) return Math.min(delay, policy.maxDelay);
      throw new RangeError(`backoff answered ${String(delay)}`);
    } catch (problem) {
      this.#predicateFailed(call, "backoff", problem);
      return policy.baseDelay;
    }
  }

  /** Whether time, the budget and the mode allow one more attempt. Reports why not. */
  #affordable(call: Execution, error: unknown, delay: number): boolean {
    const { services, budgets } = this.parts;
    if (this.#isDisabled) return false;
    if (call.dryRun) {
      const detail = `attempt ${call.attempts + 1} would have followed`;
      services.telemetry.report(interventionSuppressed, { name: call.name, intervention: "retry", detail });
      return false;
    }
    const { maxElapsed } = policyOf(call);
    if (maxElapsed !== undefined && call.elapsed() + delay > maxElapsed) {
      this.#report(call, error, "max_elapsed");
      return false;
    }
    if (budgets.take(call.name, services.clock.monotonic())) return true;
    this.#report(call, error, "retry_budget");
    return false;
  }

  #report(call: Execution, error: unknown, reason: StopReason): void {
    if (reason === "non_retryable") return;
    call.extras.exhausted = reason;
    this.parts.services.telemetry.counter(metrics.outcomesTotal).cell(call.name, reason).add();
    const event = reason === "retry_budget" ? events.retryBudgetExhausted : events.retryExhausted;
    const payload = {
      name: call.name,
      reason,
      attempts: call.attempts,
      elapsed: call.elapsed(),
      error_type: typeName(error),
    };
    this.parts.services.telemetry.report(event, payload);
  }

  #notify(call: Execution, notice: RetryNotice): void {
    const { onRetry } = optionsOf(call);
    if (onRetry === undefined) return;
    try {
      watched(onRetry(notice), (problem) => this.#predicateFailed(call, "onRetry", problem));
    } catch (problem) {
      this.#predicateFailed(call, "onRetry", problem);
    }
  }

  /** An answer that must not be a promise: one is no answer, and its rejection is as isolated as a throw. */
  #answer<T>(call: Execution, callback: string, answer: T): T {
    if (typeof answer === "object" && answer !== null) {
      this.#predicateFailed(call, callback, new TypeError(`${callback} must answer at once`));
    }
    return watched(answer, () => undefined);
  }

  #predicateFailed(call: Execution, callback: string, problem: unknown): void {
    const { telemetry } = this.parts.services;
    telemetry.report(events.retryCallbackFailed, { name: call.name, callback, error: text(problem) });
  }
}

function expireAttempt(call: Execution): void {
  call.extras.attemptDeadline = null;
  const { attemptTimeout } = policyOf(call);
  call.interruptAttempt(timeoutError(call.name, attemptTimeout as number, "attempt"), "timeout");
}

function policyOf(call: Execution): RetryPolicy {
  return call.plan.retry as RetryPolicy;
}

function optionsOf(call: Execution): RetryOptions {
  const retry = call.options?.retry;
  return typeof retry === "object" ? retry : NO_OPTIONS;
}

function keyOf(call: Execution): string {
  return optionsOf(call).rateLimitKey ?? call.name;
}

function stateOf(call: Execution): RetryState {
  call.extras.retry ??= new RetryState();
  return call.extras.retry as RetryState;
}

function isCanary(call: Execution): boolean {
  const retry = call.extrasIfAny?.retry ?? null;
  return retry !== null && (retry as RetryState).canary;
}
