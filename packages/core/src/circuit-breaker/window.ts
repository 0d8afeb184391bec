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
 * One number per outcome in a ring: the millisecond it was recorded, and its flags in the low three bits.
 * The ring grows on demand, because most breakers never see enough calls to fill it.
 */
export class OutcomeWindow implements WindowTotals {
  calls = 0;
  failures = 0;
  slow = 0;
  rateLimited = 0;
  #ring: Float64Array = new Float64Array(FIRST_CAPACITY);
  #oldest = 0;

  constructor(
    private readonly size: number,
    private readonly maxAge: number,
  ) {}

  /** Adds an outcome at `now` (monotonic milliseconds, never going back). */
  record(flags: number, now: number): void {
    const at = Math.floor(now);
    this.#expire(at);
    if (this.calls === this.size) this.#dropOldest();
    if (this.calls === this.#ring.length) this.#grow();
    let next = this.#oldest + this.calls;
    if (next >= this.#ring.length) next -= this.#ring.length;
    this.#ring[next] = at * FLAGS + flags;
    this.calls++;
    if (flags !== 0) this.#count(flags, 1);
  }

  /** The totals at `now`, after what is too old has left. */
  totals(now: number): WindowTotals {
    this.#expire(Math.floor(now));
    return this;
  }

  #expire(at: number): void {
    const limit = (at - this.maxAge) * FLAGS;
    while (this.calls > 0 && (this.#ring[this.#oldest] as number) < limit) this.#dropOldest();
  }

  #dropOldest(): void {
    const entry = this.#ring[this.#oldest] as number;
    const flags = entry % FLAGS;
    this.#oldest = this.#oldest + 1 === this.#ring.length ? 0 : this.#oldest + 1;
    this.calls--;
    if (flags !== 0) this.#count(flags, -1);
  }

  #count(flags: number, by: number): void {
    if (flags & FAILURE) this.failures += by;
    if (flags & SLOW) this.slow += by;
    if (flags & RATE_LIMITED) this.rateLimited += by;
  }

  #grow(): void {
    const grown = new Float64Array(Math.min(this.size, this.#ring.length * 2));
    for (let i = 0; i < this.calls; i++) {
      grown[i] = this.#ring[(this.#oldest + i) % this.#ring.length] as number;
    }
    this.#ring = grown;
    this.#oldest = 0;
  }
}
