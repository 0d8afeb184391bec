import { BaldurError, brand, type ErrorContext } from "../errors.js";

/** Base of what the keeping of failed operations raises. @public */
export class DLQError extends BaldurError {
  override readonly code: string = "ERR_BALDUR_DLQ";

  static {
    brand(DLQError, "DLQError");
  }
}

/** A failed operation could not be done again. Thrown by a replay handler, it says why. @public */
export class DLQReplayError extends DLQError {
  override readonly code = "ERR_BALDUR_DLQ_REPLAY";

  static {
    brand(DLQReplayError, "DLQReplayError");
  }

  constructor(
    /** The id of the failed operation. */
    readonly operationId: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`replay of ${operationId} failed: ${reason}`, options);
  }

  override context(): ErrorContext {
    return { operationId: this.operationId, reason: this.reason };
  }
}
