import { type Clock, systemClock } from "@baldur/core/plugin";

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** Promises that a call waits for, one after the other, when nothing makes it wait. */
const STEPS = 100;

/** A clock that jumps from timer to timer: a minute of waiting takes no time. */
export class VirtualClock implements Clock {
  #elapsed = 0;
  readonly #timers = new Set<Timer>();
  readonly #system = systemClock();

  now(): number {
    return this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimeout(callback: () => void, delay: number): unknown {
    const timer = { due: this.#elapsed + Math.max(0, delay), callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as Timer);
  }

  /** Lets time pass until what is waited for has come, nothing is left to wait for, or so much time has passed. */
  async pass(isOver: () => boolean, most: number): Promise<void> {
    const end = this.#elapsed + most;
    for (;;) {
      if (await this.#settles(isOver)) return;
      const next = this.#next();
      if (next === undefined || next.due > end) return;
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.due);
      next.callback();
    }
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.due < next.due) next = timer;
    return next;
  }

  /** Whether it comes without that time passes. One turn of the event loop settles all promises, and is slow: most need none. */
  async #settles(isOver: () => boolean): Promise<boolean> {
    for (let n = 0; n < STEPS; n++) {
      if (isOver()) return true;
      await Promise.resolve();
    }
    await new Promise<void>((resolve) => void this.#system.setTimeout(resolve, 0));
    return isOver();
  }
}
