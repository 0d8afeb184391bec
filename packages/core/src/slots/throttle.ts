import { defineSlot, type Provided, type Slot } from "./slot.js";

/** @public */
export interface ThrottleRequest {
  /** Whose requests are counted together. */
  readonly key: string;
  readonly tierId?: string | number;
}

/** @public */
export interface ThrottleVerdict {
  readonly allowed: boolean;
  /** Requests that the window admits; absent: no limit. */
  readonly limit?: number;
  readonly remaining?: number;
  readonly resetAt?: Date;
  readonly reason?: string;
}

/** The limit as it stands. What there is none of is absent. @public */
export interface ThrottleState {
  readonly limit?: number;
  readonly minLimit?: number;
  readonly maxLimit?: number;
  readonly allowed?: number;
  readonly rejected?: number;
  /** The limit is held where it is, whatever is measured. */
  readonly frozen: boolean;
}

/** Limits incoming requests by what the process can bear. @public */
export interface Throttle extends Provided {
  /** Counts the request and decides. No I/O. */
  check(request: ThrottleRequest): ThrottleVerdict;
  /** Tells how long an admitted request took, in milliseconds. */
  record(duration: number): void;
  state(): ThrottleState;
}

const admitted: ThrottleVerdict = Object.freeze({ allowed: true });
const unlimited: ThrottleState = Object.freeze({ frozen: false });

/** Knows no limit. @public */
export const noopThrottle: Throttle = Object.freeze({
  kind: "no-op",
  check: () => admitted,
  record: () => undefined,
  state: () => unlimited,
});

/** @public */
export const throttleSlot: Slot<Throttle> = defineSlot<Throttle>("throttle", { fallback: noopThrottle });
