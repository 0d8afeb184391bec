import { brand, type ErrorContext, ResilienceError, withoutStack } from "../errors.js";

/**
 * Baldur's own deadline passed. The function may still be running and may still have its effect: timed out is not the
 * same as did not happen.
 * @public
 */
export class TimeoutPolicyError extends ResilienceError {
  override readonly code = "ERR_BALDUR_TIMEOUT_POLICY";

  static {
    brand(TimeoutPolicyError, "TimeoutPolicyError");
  }

  constructor(
    readonly operation: string,
    /** Milliseconds that were allowed. */
    readonly timeout: number,
    /** Whether the whole call or one attempt ran out of time. */
    readonly scope: "call" | "attempt",
  ) {
    super(`${operation}: ${scope} did not end within ${timeout} ms`);
  }

  override context(): ErrorContext {
    return { operation: this.operation, timeout: this.timeout, scope: this.scope };
  }
}

/** Made without a stack: nothing of the host's is on it when a timer fires. */
export function timeoutError(
  operation: string,
  timeout: number,
  scope: "call" | "attempt",
): TimeoutPolicyError {
  return withoutStack(createTimeoutError, { operation, timeout, scope });
}

function createTimeoutError(facts: {
  operation: string;
  timeout: number;
  scope: "call" | "attempt";
}): TimeoutPolicyError {
  return new TimeoutPolicyError(facts.operation, facts.timeout, facts.scope);
}
