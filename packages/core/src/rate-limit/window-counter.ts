import type { RateLimitRule, Taken } from "./store.js";
import { waitFor } from "./wait.js";

/** Parts that a window is counted in. */
const CELLS = 20;
/** The window may begin anywhere in the first of them, so one more counts. */
const COUNTED = CELLS + 1;

/**
 * How many calls began in the latest window, in the memory of a few numbers. A cell is counted as long as any part of it
 * may lie in the window: never too few are counted.
 */
export class WindowCounter {
  readonly #cells = new Float64Array(COUNTED);
  readonly #width: number;
  #latest = Number.NEGATIVE_INFINITY;
  #total = 0;

  constructor(private readonly rule: RateLimitRule) {
    this.#width = rule.window / CELLS;
  }

  /** Counts them, up to the limit. */
  take(count: number, now: number): Taken {
    const free = Math.max(0, this.free(now));
    const granted = Math.min(count, free);
    this.add(granted, now);
    return { granted, wait: granted < count ? this.untilFree(now) : 0, left: free - granted };
  }

  /** Counts them, whatever the limit is. */
  add(count: number, now: number): void {
    this.#moveTo(now);
    this.#cells[this.#slot(this.#latest)] = (this.#cells[this.#slot(this.#latest)] as number) + count;
    this.#total += count;
  }

  /** How many more may begin; less than none where more did. */
  free(now: number): number {
    this.#moveTo(now);
    return this.rule.limit - this.#total;
  }

  /** Forgets the cells that the window has left. */
  #moveTo(now: number): void {
    const cell = Math.floor(now / this.#width);
    if (cell <= this.#latest) return;
    for (let old = Math.max(this.#latest + 1, cell - CELLS); old <= cell; old++) {
      const slot = this.#slot(old);
      this.#total -= this.#cells[slot] as number;
      this.#cells[slot] = 0;
    }
    this.#latest = cell;
  }

  /** Whole milliseconds until one more of them may begin than may now, or one at all where more did than may. */
  untilFree(now: number): number {
    let cell = this.#latest - CELLS;
    let excess = Math.max(0, this.#total - this.rule.limit);
    for (; cell < this.#latest; cell++) {
      excess -= this.#cells[this.#slot(cell)] as number;
      if (excess < 0) break;
    }
    const free = cell + COUNTED;
    return waitFor(free * this.#width - now, now, (then) => Math.floor(then / this.#width) >= free);
  }

  #slot(cell: number): number {
    return ((cell % COUNTED) + COUNTED) % COUNTED;
  }
}
