import type { Clock } from "@baldur/core";

/** A clock that moves when it is told to. @public */
export interface FakeClock extends Clock {
  /** Moves on by so many milliseconds: fires the timers that fall due, in order, and lets promises settle after each. */
  advance(milliseconds: number): Promise<void>;
  /** Sets the wall clock alone, as an operator or a time server does; timers and the monotonic clock do not notice. */
  set(time: number | Date): void;
  /** Timers that wait. */
  readonly pending: number;
}

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

class ManualClock implements FakeClock {
  #elapsed = 0;
  #timers = 0;
  #offset: number;
  readonly #waiting = new Set<Timer>();

  constructor(start: number) {
    this.#offset = start;
  }

  get pending(): number {
    return this.#waiting.size;
  }

  now(): number {
    return this.#offset + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimeout(callback: () => void, delay: number): unknown {
    const timer = { due: this.#elapsed + Math.max(0, delay), order: ++this.#timers, callback };
    this.#waiting.add(timer);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    this.#waiting.delete(handle as Timer);
  }

  set(time: number | Date): void {
    this.#offset = Number(time) - this.#elapsed;
  }

  async advance(milliseconds: number): Promise<void> {
    const end = this.#elapsed + milliseconds;
    await settle();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#waiting.delete(timer);
      this.#elapsed = Math.max(this.#elapsed, timer.due);
      timer.callback();
      await settle();
    }
    this.#elapsed = end;
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#waiting) {
      const earlier =
        next === undefined || timer.due < next.due || (timer.due === next.due && timer.order < next.order);
      if (timer.due <= end && earlier) next = timer;
    }
    return next;
  }
}

/** One turn of the event loop runs every microtask, however long their chain is. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const START = Date.UTC(2026, 0, 1);

/** A clock for tests. It starts at 2026-01-01T00:00:00Z unless told otherwise. @public */
export function createFakeClock(start: number | Date = START): FakeClock {
  return new ManualClock(Number(start));
}
