/** Flags of one recorded outcome. A plain success has none. */
export const FAILURE = 1;
export const SLOW = 2;
export const RATE_LIMITED = 4;

const FLAGS = 8;
const FIRST_CAPACITY = 8;

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
  #ring: Float64Array = new Float64Array(FIRST_CAPACITY);
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
    if (this.calls === this.size) this.#dropOldest();
    else if (this.calls === this.#ring.length) this.#grow();
    const ring = this.#ring;
    const next = this.#next;
    ring[next] = flags === 0 ? at : -(at * FLAGS + flags);
    this.#next = next + 1 === ring.length ? 0 : next + 1;
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

  /** The ring is full, so the oldest entry is the one that the next would overwrite. */
  #grow(): void {
    const full = this.#ring;
    const grown = new Float64Array(Math.min(this.size, full.length * 2));
    grown.set(full.subarray(this.#oldest));
    grown.set(full.subarray(0, this.#oldest), full.length - this.#oldest);
    this.#ring = grown;
    this.#oldest = 0;
    this.#next = full.length;
  }
}

function timeOf(entry: number): number {
  return entry >= 0 ? entry : Math.floor(-entry / FLAGS);
}
