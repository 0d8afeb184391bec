import { scheduler } from "node:timers/promises";
import type { Clock } from "@baldur/core/plugin";

/** Milliseconds of work after which others have their turn. */
const SLICE = 2;
/** Steps between two looks at the clock. */
const STEPS = 16;

/** Interrupts long work, so that what else the process does waits a few milliseconds at most. */
export class Pace {
  #steps = 0;
  #began: number;

  constructor(private readonly clock: Pick<Clock, "monotonic">) {
    this.#began = clock.monotonic();
  }

  /** To be asked at every step; `rest()` when it is true. */
  get isDue(): boolean {
    if (this.#steps++ % STEPS !== 0) return false;
    return this.clock.monotonic() - this.#began >= SLICE;
  }

  async rest(): Promise<void> {
    await scheduler.yield();
    this.#began = this.clock.monotonic();
  }
}
