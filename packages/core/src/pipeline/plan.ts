import type { CircuitBreakerOptions, ProtectOptions } from "./options.js";
import type { CallServices } from "./services.js";
import type { Chain } from "./stage.js";

/**
 * What all calls with the same options share: the chain of stages, composed once. Options are compared by value on every
 * call, so the same object may be given again, changed in between, or written out anew at each call. Functions are
 * compared by presence only; a call uses the ones it was given.
 */
export interface Plan {
  readonly services: CallServices;
  readonly chain: Chain;
  /** What holds of it while the kill switch is off. */
  readonly guarantees: Chain;
  /** There is nothing but a circuit breaker, so the call can do without the walk. */
  readonly onlyCircuit: boolean;
  /** A deadline or a signal may settle the call before its function does. */
  readonly detached: boolean;
  /** What follows on a deadline or an abort is more than Baldur's own: it belongs into the caller's async context. */
  readonly entersHost: boolean;
  /** Failed attempts are recorded: someone may ask for them. */
  readonly keepsHistory: boolean;
  /** Deadline of a call that names none. */
  readonly defaultTimeout: number;
  /** The resolved policy of the retry stage, where there is one. */
  readonly retry: object | null;
  /** Options given for the circuit, where there is one. */
  readonly usesCircuit: boolean;
  readonly circuitBreaker: CircuitBreakerOptions | undefined;
  /** Whether these options lead to this plan. */
  matches(options: ProtectOptions | undefined): boolean;
}
