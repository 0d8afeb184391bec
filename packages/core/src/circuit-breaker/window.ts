/** Flags of one recorded outcome. A plain success has none. */
export const FAILURE = 1;
export const SLOW = 2;
export const RATE_LIMITED = 4;

const FLAGS = 8;

/** What the window holds at this moment. */
export interface WindowTotals {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
  readonly rateLimited: number;
}

/**
 * The last `size` outcomes that are not older than `maxAge` milliseconds, with running totals: recording and
 * deciding are O(1). Expiry happens when the window is used, so an idle one needs no timer and still forgets.
 *
 * One number per outcome in a ring: the millisecond it was recorded if it is a plain success, and otherwise the negative
 * of that millisecond with the flags in the low three bits. The ring grows on demand, because most breakers never see
 * enough calls to fill it.
 */
export class OutcomeWindow implements WindowTotals {
  calls = 0;
  failures = 0;
  slow = 0;
  rateLimited = 0;
  /** A plain array: a typed one of more than eight numbers lives outside the heap, and is dear to make. */
  #ring: number[] = [];
  #oldest = 0;
  /** Where the next entry goes. */
  #next = 0;

  constructor(
    private readonly size: number,
    private readonly maxAge: number,
  ) {}

  /** Adds an outcome at `now` (monotonic milliseconds, never going back). */
  record(flags: number, now: number): void {
    const at = Math.floor(now);
    if (this.calls > 0) this.#expire(at);
    const entry = flags === 0 ? at : -(at * FLAGS + flags);
    if (this.calls === this.size) this.#dropOldest();
    if (this.calls === this.#ring.length) this.#extend(entry);
    else this.#write(entry);
    this.calls++;
    if (flags !== 0) this.#count(flags, 1);
  }

  /** Adds so many plain successes. */
  recordSuccesses(count: number, now: number): void {
    for (let left = Math.min(count, this.size); left > 0; left--) this.record(0, now);
  }

  /** The totals at `now`, after what is too old has left. */
  totals(now: number): WindowTotals {
    if (this.calls > 0) this.#expire(Math.floor(now));
    return this;
  }

  #expire(at: number): void {
    const limit = at - this.maxAge;
    while (this.calls > 0 && timeOf(this.#ring[this.#oldest] as number) < limit) this.#dropOldest();
  }

  #dropOldest(): void {
    const oldest = this.#oldest;
    const entry = this.#ring[oldest] as number;
    this.#oldest = oldest + 1 === this.#ring.length ? 0 : oldest + 1;
    this.calls--;
    if (entry < 0) this.#count(-entry % FLAGS, -1);
  }

  #count(flags: number, by: number): void {
    if (flags & FAILURE) this.failures += by;
    if (flags & SLOW) this.slow += by;
    if (flags & RATE_LIMITED) this.rateLimited += by;
  }

  #write(entry: number): void {
    const next = this.#next;
    this.#ring[next] = entry;
    this.#next = next + 1 === this.#ring.length ? 0 : next + 1;
  }

  /** The ring is full and may grow: put in order, with the new entry at its end, it begins anew. */
  #extend(entry: number): void {
    if (this.#oldest !== 0) this.#ring.push(...this.#ring.splice(0, this.#oldest));
    this.#oldest = 0;
    this.#ring.push(entry);
    this.#next = 0;
  }
}

function timeOf(entry: number): number {
  return entry >= 0 ? entry : Math.floor(-entry / FLAGS);
}
