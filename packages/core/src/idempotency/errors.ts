import { BaldurError, brand, type ErrorContext, show } from "../errors.js";

/** Which work a duplicate is of. @public */
export interface Duplicate {
  readonly key: string;
  /** The business domain of the call, else its name or operation. */
  readonly domain: string;
  /** `skip`: the work was done. `abort`: it is running, or may have been done and nobody can tell. */
  readonly decision: "skip" | "abort";
}

/**
 * The key was claimed before and the function was not run: treat `skip` as already done. Carries no stack frames.
 * @public
 */
export class IdempotencyDuplicateError extends BaldurError {
  override readonly code = "ERR_BALDUR_IDEMPOTENCY_DUPLICATE";
  readonly key: string;
  readonly domain: string;
  readonly decision: Duplicate["decision"];

  static {
    brand(IdempotencyDuplicateError, "IdempotencyDuplicateError");
  }

  constructor({ key, domain, decision }: Duplicate) {
    super(`${decision === "skip" ? "already done" : "already running"}: ${show(key)}`);
    this.key = key;
    this.domain = domain;
    this.decision = decision;
  }

  override context(): ErrorContext {
    return { key: this.key, domain: this.domain, decision: this.decision };
  }
}

/** The store could not say whether the key is new, so the function was not run. @public */
export class IdempotencyUnavailableError extends BaldurError {
  override readonly code = "ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE";
  override readonly retryable = true;

  static {
    brand(IdempotencyUnavailableError, "IdempotencyUnavailableError");
  }

  constructor(
    readonly key: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`cannot tell whether ${show(key)} is a duplicate: ${reason}`, options);
  }

  override context(): ErrorContext {
    return { key: this.key };
  }
}
