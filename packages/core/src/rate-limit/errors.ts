import { brand, type ErrorContext, ResilienceError } from "../errors.js";

/** More calls than the limit allows in its window. @public */
export class RateLimitExceededError extends ResilienceError {
  override readonly code = "ERR_BALDUR_RATE_LIMIT_EXCEEDED";

  static {
    brand(RateLimitExceededError, "RateLimitExceededError");
  }

  constructor(
    readonly key: string,
    readonly limit: number,
    /** Milliseconds. */
    readonly window: number,
    /**
     * When the next call may pass, unless another one is first. For a fleet, or one process while its store is away, at most a
     * twentieth of the window later than it could.
     */
    readonly resetAt: Date,
  ) {
    super(`rate limit of ${limit} per ${window} ms exceeded for ${key}`);
  }

  override context(): ErrorContext {
    return { key: this.key, limit: this.limit, window: this.window, resetAt: this.resetAt };
  }
}

/** The dependency asked everyone to wait longer than this call may. @public */
export class RateLimitDeferredError extends ResilienceError {
  override readonly code = "ERR_BALDUR_RATE_LIMIT_DEFERRED";

  static {
    brand(RateLimitDeferredError, "RateLimitDeferredError");
  }

  constructor(
    readonly key: string,
    readonly notBefore: Date,
  ) {
    super(`${key} asked not to be called before ${notBefore.toISOString()}`);
  }

  override context(): ErrorContext {
    return { key: this.key, notBefore: this.notBefore };
  }
}
