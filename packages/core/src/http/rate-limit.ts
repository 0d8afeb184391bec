import type { Clock } from "../clock.js";
import { FleetLimiter } from "../rate-limit/fleet-limiter.js";
import type { RateLimitRule, RateLimitStore } from "../rate-limit/store.js";
import { MemoryRateLimitStore } from "../rate-limit/stores/memory.js";
import { WindowCounter } from "../rate-limit/window-counter.js";

/** What became of a request that a limit counts. */
export interface Verdict {
  /** Milliseconds until it may be sent again; 0 where it may pass. */
  readonly wait: number;
  /** Requests that may still follow; of a fleet, as it stands. */
  readonly remaining: number;
  /** Milliseconds until one more may follow, at the latest. */
  readonly reset: number;
  /** The limit is that of this process alone, because the store of the fleet is away. */
  readonly emergency?: boolean;
}

/** Where requests are counted, per client. */
export interface RequestLimiter {
  take(client: string): Verdict | Promise<Verdict>;
}

const MOST_CLIENTS = 10_000;

/** Counts the requests to this process. A refused one uses nothing up. */
export class ProcessLimiter implements RequestLimiter {
  readonly #clients = new Map<string, WindowCounter>();

  constructor(
    private readonly rule: RateLimitRule,
    private readonly clock: Pick<Clock, "monotonic">,
  ) {}

  take(client: string): Verdict {
    const now = this.clock.monotonic();
    const counter = this.#counter(client);
    const { wait, left } = counter.take(1, now);
    return { wait, remaining: left, reset: counter.untilFree(now) };
  }

  /** The map's order is the order of use, so that whoever was not seen for longest is forgotten. */
  #counter(client: string): WindowCounter {
    const counter = this.#clients.get(client) ?? new WindowCounter(this.rule);
    this.#clients.delete(client);
    this.#clients.set(client, counter);
    if (this.#clients.size > MOST_CLIENTS) {
      const [oldest] = this.#clients.keys();
      if (oldest !== undefined) this.#clients.delete(oldest);
    }
    return counter;
  }
}

/** A limit that the processes of a fleet keep together. */
export interface FleetLimit extends RateLimitRule {
  readonly bucket: string;
  /** Requests that this process lets pass in a window while the store is away. */
  readonly emergency: number;
}

/** Counts the requests to all processes that share a store. */
export class SharedLimiter implements RequestLimiter {
  readonly #limiter: FleetLimiter;
  #own: RateLimitStore | undefined;

  constructor(
    private readonly limit: FleetLimit,
    private readonly clock: Clock,
    private readonly shared: () => RateLimitStore | undefined,
  ) {
    this.#limiter = new FleetLimiter({ ...limit, batch: 1 });
  }

  take(client: string): Verdict | Promise<Verdict> {
    const store = this.#store();
    const wait = this.#limiter.take(client, { store, clock: this.clock });
    const decide = (later: number): Verdict => this.#verdict(client, later, store);
    return typeof wait === "number" ? decide(wait) : wait.then(decide);
  }

  /** Without a store the fleet is this process. */
  #store(): RateLimitStore {
    const shared = this.shared();
    if (shared !== undefined) return shared;
    this.#own ??= new MemoryRateLimitStore(this.clock);
    return this.#own;
  }

  /** When the first place comes free the store says of a full window only; of any, all are free after the window. */
  #verdict(client: string, wait: number, { available }: RateLimitStore): Verdict {
    const emergency = available ? {} : { emergency: true };
    if (wait > 0) return { wait, remaining: 0, reset: wait, ...emergency };
    return { wait, remaining: this.#limiter.left(client), reset: this.limit.window, ...emergency };
  }
}
