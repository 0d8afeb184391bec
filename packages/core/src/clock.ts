/**
 * Where time comes from. Replaceable for tests: `createFakeClock()` of `@baldur/testkit`.
 * @public
 */
export interface Clock {
  /** Wall time in milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonic(): number;
  setTimeout(callback: () => void, delay: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** A clock with a cheap reading for the hot path. */
export interface HotClock extends Clock {
  /**
   * Whole monotonic milliseconds as read once per turn of the event loop: a few nanoseconds instead of forty. Behind the
   * exact reading by at most `coarseLag`, or by what `onLag` is told afterwards.
   */
  coarse(): number;
  readonly coarseLag: number;
  /** Counts exact readings: where a call of `coarse()` changes it, its answer is exact but for the fraction. */
  readonly renewals: number;
  /** Told when `coarse()` turned out to have answered `reading` while the exact time ran on by `lag` more than `coarseLag`. */
  onLag(listener: (reading: number, lag: number) => void): void;
  /** Ends the present coarse reading, so that its lag is known. */
  settle(): void;
  /** Calls back once at the end of the current turn of the event loop. */
  onTurnEnd(callback: () => void): void;
}

/** A turn that only runs microtasks would freeze the coarse reading, so it is also renewed after this many uses. */
const COARSE_USES = 256;
/** Node fires timers above this at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

class SystemClock implements HotClock {
  /** One for the fraction, one before a lag is told. */
  readonly coarseLag = 2;
  renewals = 0;
  #uses = 0;
  #reading = 0;
  #turnPending = false;
  #turnEnd: (() => void)[] = [];
  #lagListeners: ((reading: number, lag: number) => void)[] = [];

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  coarse(): number {
    return this.#uses-- > 0 ? this.#reading : this.#renew();
  }

  onLag(listener: (reading: number, lag: number) => void): void {
    this.#lagListeners.push(listener);
  }

  onTurnEnd(callback: () => void): void {
    this.#turnEnd.push(callback);
    this.#watchTurn();
  }

  setTimeout(callback: () => void, delay: number): unknown {
    return setTimeout(callback, Math.min(Math.max(delay, 0), LONGEST_TIMEOUT));
  }

  clearTimeout(handle: unknown): void {
    clearTimeout(handle as NodeJS.Timeout);
  }

  settle(): void {
    if (this.#turnPending) this.#measureLag(performance.now());
    this.#uses = 0;
  }

  #renew(): number {
    const now = performance.now();
    if (this.#turnPending) this.#measureLag(now);
    else this.#watchTurn();
    this.#uses = COARSE_USES;
    this.renewals++;
    this.#reading = Math.floor(now); // small integers need no box
    return this.#reading;
  }

  #measureLag(now: number): void {
    const lag = now - this.#reading;
    if (lag <= this.coarseLag) return;
    for (const listener of this.#lagListeners) listener(this.#reading, lag);
  }

  #watchTurn(): void {
    if (this.#turnPending) return;
    this.#turnPending = true;
    // Ref'ed on purpose: it fires in this very turn, and an unref'ed one could sleep through the next poll.
    setImmediate(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.settle();
    this.#turnPending = false;
    const callbacks = this.#turnEnd;
    if (callbacks.length === 0) return;
    this.#turnEnd = [];
    for (const callback of callbacks) callback();
  };
}

class InjectedClock implements HotClock {
  readonly coarseLag = 0;
  readonly renewals = 0;
  constructor(readonly source: Clock) {}
  now(): number {
    return this.source.now();
  }
  monotonic(): number {
    return this.source.monotonic();
  }
  coarse(): number {
    return this.source.monotonic();
  }
  onTurnEnd(callback: () => void): void {
    callback();
  }
  onLag(): void {
    // An injected clock is read exactly.
  }
  settle(): void {
    // As above.
  }
  setTimeout(callback: () => void, delay: number): unknown {
    return this.source.setTimeout(callback, delay);
  }
  clearTimeout(handle: unknown): void {
    this.source.clearTimeout(handle);
  }
}

/** The clock of the process, or the given one with the hot path's readings added. */
export function hotClock(clock?: Clock): HotClock {
  return clock === undefined ? new SystemClock() : new InjectedClock(clock);
}

interface Refable {
  ref(): unknown;
  unref(): unknown;
}

function isRefable(handle: unknown): handle is Refable {
  return typeof handle === "object" && handle !== null && "unref" in handle && "ref" in handle;
}

/** Lets the process exit while this timer waits. Does nothing to the handle of a fake clock. */
export function unref(handle: unknown): void {
  if (isRefable(handle)) handle.unref();
}

/** Keeps the process alive while this timer waits. */
export function ref(handle: unknown): void {
  if (isRefable(handle)) handle.ref();
}

/** A number in [0, 1), for jitter and identifiers that need no secrecy. */
export type Random = () => number;
export const systemRandom: Random = Math.random;
