import type { Clock } from "../../clock.js";
import type { RateLimitStore, Taken, TakeRequest } from "../store.js";
import { WindowCounter } from "../window-counter.js";

const MOST_BUCKETS = 10_000;

/** Calls of one process. Beyond a number of buckets the one that was longest not asked for is forgotten. */
export class MemoryRateLimitStore implements RateLimitStore {
  readonly available = true;
  readonly #counters = new Map<string, WindowCounter>();

  constructor(
    private readonly clock: Pick<Clock, "monotonic">,
    private readonly mostBuckets: number = MOST_BUCKETS,
  ) {}

  take({ bucket, limit, window, count, owed }: TakeRequest): Taken {
    const now = this.clock.monotonic();
    const name = `${window}:${bucket}`;
    const counter = this.#counters.get(name) ?? new WindowCounter({ limit, window });
    this.#counters.delete(name); // the map's order is the order of use
    this.#counters.set(name, counter);
    if (this.#counters.size > this.mostBuckets) this.#forgetOldest();
    if (owed > 0) counter.add(owed, now);
    return counter.take(count, now);
  }

  #forgetOldest(): void {
    const [oldest] = this.#counters.keys();
    if (oldest !== undefined) this.#counters.delete(oldest);
  }
}
