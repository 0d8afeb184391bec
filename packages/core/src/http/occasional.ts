import type { Clock } from "../clock.js";

/** What happens to every request of a storm is told once in a while, or the telling becomes the next storm. */
export class Occasional {
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Pick<Clock, "monotonic">,
    private readonly interval: number = 1000,
  ) {}

  /** Whether this one is to be told. */
  get due(): boolean {
    const now = this.clock.monotonic();
    if (now < this.#notBefore) return false;
    this.#notBefore = now + this.interval;
    return true;
  }
}
