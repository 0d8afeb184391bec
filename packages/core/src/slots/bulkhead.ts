import { defineSlot, type Provided, type Slot } from "./slot.js";

/** A compartment of a call's own; absent options come from the settings of the bulkhead. @public */
export interface BulkheadOptions {
  /** Calls that may run at a time. */
  maxConcurrent?: number;
  /** Milliseconds that a call may wait to be let in. Default 0: it is let in or refused at once. */
  waitTimeout?: number;
  /** Calls that may wait at a time. */
  queueSize?: number;
}

/** @public */
export interface BulkheadRequest {
  /** The protected name. */
  readonly name: string;
  /** A compartment by name, or the options of one that is the call's own. */
  readonly compartment: string | BulkheadOptions;
  /** The caller's abort: whoever waits leaves the queue. */
  readonly signal?: AbortSignal;
}

/** Leave to run one call. @public */
export interface BulkheadPermit {
  /** Gives the place back. Called exactly once. */
  release(): void;
}

/** Bounds how many calls run at a time, by compartment. @public */
export interface Bulkhead extends Provided {
  /**
   * Answers at once when the verdict is known, else with a promise. Throws, or rejects with, `BulkheadFullError`,
   * `BulkheadTimeoutError`, `ConfigurationError` for a compartment that does not exist, and the signal's reason.
   */
  acquire(request: BulkheadRequest): BulkheadPermit | Promise<BulkheadPermit>;
}

const unbounded: BulkheadPermit = Object.freeze({ release: () => undefined });

/** Lets everyone in. @public */
export const noopBulkhead: Bulkhead = Object.freeze({ kind: "no-op", acquire: () => unbounded });

/** @public */
export const bulkheadSlot: Slot<Bulkhead> = defineSlot<Bulkhead>("bulkhead", { fallback: noopBulkhead });
