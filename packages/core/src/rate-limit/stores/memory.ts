import type { Clock } from "../../clock.js";
import { RecentMap } from "../recent-map.js";
import type { RateLimitStore, Taken, TakeRequest } from "../store.js";
import { WindowCounter } from "../window-counter.js";

const MOST_BUCKETS = 10_000;

/** Calls of one process. Of very many buckets those that were longest not asked for are forgotten. */
export class MemoryRateLimitStore implements RateLimitStore {
  readonly available = true;
  readonly #counters: RecentMap<WindowCounter>;

  constructor(
    private readonly clock: Pick<Clock, "monotonic">,
    mostBuckets: number = MOST_BUCKETS,
  ) {
    this.#counters = new RecentMap(mostBuckets);
  }

  take({ bucket, limit, window, count, owed }: TakeRequest): Taken {
    const now = this.clock.monotonic();
    const counter = this.#counters.get(`${window}:${bucket}`, () => new WindowCounter({ limit, window }));
    if (owed > 0) counter.add(owed, now);
    return counter.take(count, now);
  }
}
