import { DLQError, type ErrorContext } from "@baldur/core";
import { brand } from "@baldur/core/plugin";

/** There is no entry of this id. @public */
export class DLQEntryNotFoundError extends DLQError {
  override readonly code = "ERR_BALDUR_DLQ_ENTRY_NOT_FOUND";

  static {
    brand(DLQEntryNotFoundError, "DLQEntryNotFoundError");
  }

  constructor(readonly entryId: string) {
    super(`there is no entry ${JSON.stringify(entryId)}`);
  }

  override context(): ErrorContext {
    return { entryId: this.entryId };
  }
}

/** The entry's state does not allow what was asked. @public */
export class DLQStateConflictError extends DLQError {
  override readonly code = "ERR_BALDUR_DLQ_STATE_CONFLICT";

  static {
    brand(DLQStateConflictError, "DLQStateConflictError");
  }

  constructor(
    readonly entryId: string,
    readonly status: string,
    readonly reason: string,
  ) {
    super(`entry ${entryId} is ${status}: ${reason}`);
  }

  override context(): ErrorContext {
    return { entryId: this.entryId, status: this.status, reason: this.reason };
  }
}
