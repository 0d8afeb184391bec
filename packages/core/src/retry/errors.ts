import { brand, type ErrorContext, ResilienceError } from "../errors.js";

/**
 * All attempts that the policy allowed have failed. Found in the result of `protectWithMeta`, with the last error as its
 * `cause`; `protect` rejects with that error itself.
 * @public
 */
export class RetryExhaustedError extends ResilienceError {
  override readonly code = "ERR_BALDUR_RETRY_EXHAUSTED";

  static {
    brand(RetryExhaustedError, "RetryExhaustedError");
  }

  constructor(
    readonly operation: string,
    readonly attempts: number,
    readonly reason: string,
    cause: unknown,
  ) {
    super(`${operation}: gave up after ${attempts} attempts (${reason})`, { cause });
  }

  override context(): ErrorContext {
    return { operation: this.operation, attempts: this.attempts, reason: this.reason };
  }
}
