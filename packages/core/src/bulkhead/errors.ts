import { brand, type ErrorContext, ResilienceError } from "../errors.js";

/** How full a compartment is. More may be active than the limit allows after the limit was lowered. @public */
export interface Occupancy {
  readonly compartment: string;
  readonly active: number;
  readonly limit: number;
}

/** Base of what bulkheads raise. @public */
export class BulkheadError extends ResilienceError {
  override readonly code: string = "ERR_BALDUR_BULKHEAD";

  static {
    brand(BulkheadError, "BulkheadError");
  }
}

/** The compartment is full and the call was not made. @public */
export class BulkheadFullError extends BulkheadError {
  override readonly code = "ERR_BALDUR_BULKHEAD_FULL";
  readonly compartment: string;
  readonly active: number;
  readonly limit: number;

  static {
    brand(BulkheadFullError, "BulkheadFullError");
  }

  constructor({ compartment, active, limit }: Occupancy) {
    super(`bulkhead ${compartment} is full: ${active}/${limit} active`);
    this.compartment = compartment;
    this.active = active;
    this.limit = limit;
  }

  override context(): ErrorContext {
    return { compartment: this.compartment, active: this.active, limit: this.limit };
  }
}

/** The call waited for a place in the compartment, got none in time, and was not made. @public */
export class BulkheadTimeoutError extends BulkheadError {
  override readonly code = "ERR_BALDUR_BULKHEAD_TIMEOUT";
  readonly compartment: string;
  readonly active: number;
  readonly limit: number;
  /** Milliseconds that it was allowed to wait. */
  readonly waitTimeout: number;

  static {
    brand(BulkheadTimeoutError, "BulkheadTimeoutError");
  }

  constructor({ compartment, active, limit, waitTimeout }: Occupancy & { readonly waitTimeout: number }) {
    super(`bulkhead ${compartment} gave no place within ${waitTimeout} ms: ${active}/${limit} active`);
    this.compartment = compartment;
    this.active = active;
    this.limit = limit;
    this.waitTimeout = waitTimeout;
  }

  override context(): ErrorContext {
    const { compartment, active, limit, waitTimeout } = this;
    return { compartment, active, limit, waitTimeout };
  }
}
