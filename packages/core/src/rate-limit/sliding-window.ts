import { RecentMap } from "./recent-map.js";
import { waitFor } from "./wait.js";

const MOST_KEYS = 10_000;

/** When the latest calls of each key began. A refused call uses nothing up. */
export class SlidingWindow {
  readonly #byKey = new RecentMap<number[]>(MOST_KEYS);

  constructor(
    private readonly limit: number,
    private readonly window: number,
  ) {}

  /** 0 if the call may begin, else the whole milliseconds until one may. */
  take(key: string, now: number): number {
    const begun = this.#current(key, now);
    const oldest = begun[0];
    if (oldest !== undefined && begun.length >= this.limit) {
      const free = oldest + this.window;
      return waitFor(free - now, now, (then) => then >= free);
    }
    begun.push(now);
    return 0;
  }

  #current(key: string, now: number): number[] {
    const begun = this.#byKey.get(key, () => []);
    const current = begun.findIndex((at) => at + this.window > now);
    if (current !== 0) begun.splice(0, current === -1 ? begun.length : current);
    return begun;
  }
}
