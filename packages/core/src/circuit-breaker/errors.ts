import { BaldurError, brand, type ErrorContext } from "../errors.js";

/** Base of what circuit breakers raise. @public */
export class CircuitBreakerError extends BaldurError {
  override readonly code: string = "ERR_BALDUR_CIRCUIT_BREAKER";
  override readonly retryable: boolean = true;

  static {
    brand(CircuitBreakerError, "CircuitBreakerError");
  }
}

/** Why a circuit refused a call, and for how long. @public */
export interface CircuitRefusal {
  readonly name: string;
  readonly state: "open" | "half_open" | "forced_open";
  /** Milliseconds until the circuit may probe; absent while an operator holds it open without an end. */
  readonly retryAfter?: number;
}

/**
 * The circuit is open and the call was not made. Carries no stack frames: it is made on the fast path of an outage, and
 * its fields say all there is to say.
 * @public
 */
export class CircuitOpenError extends CircuitBreakerError {
  override readonly code = "ERR_BALDUR_CIRCUIT_OPEN";
  readonly circuit: string;
  readonly state: CircuitRefusal["state"];
  readonly retryAfter: number | undefined;

  static {
    brand(CircuitOpenError, "CircuitOpenError");
  }

  constructor(refusal: CircuitRefusal) {
    super(`circuit ${refusal.name} is ${refusal.state}`);
    this.circuit = refusal.name;
    this.state = refusal.state;
    this.retryAfter = refusal.retryAfter;
  }

  override context(): ErrorContext {
    return { circuit: this.circuit, state: this.state, retryAfter: this.retryAfter };
  }
}
