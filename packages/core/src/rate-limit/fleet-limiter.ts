import type { Clock } from "../clock.js";
import { RecentMap } from "./recent-map.js";
import type { RateLimitRule, RateLimitStore, Taken } from "./store.js";
import { waitFor } from "./wait.js";
import { WindowCounter } from "./window-counter.js";

export interface FleetRule extends RateLimitRule {
  /** Names the limit among those of the fleet. */
  readonly bucket: string;
  /** Places that are taken at a time and used up here; 1 asks for every call. */
  readonly batch: number;
  /** Calls that this process lets begin in a window while the store is away. */
  readonly emergency: number;
}

/** What a limiter works with, as it is at the time of a call. */
export interface FleetServices {
  readonly store: RateLimitStore;
  readonly clock: Pick<Clock, "monotonic">;
}

/** Resolved with the milliseconds to wait; 0 where the call may begin. */
type Waiter = (wait: number) => void;

/** What this process knows of the limit of a key. */
class Share {
  /** Places that were granted and are not used yet. They lapse with the window that they were counted in. */
  places = 0;
  placesUntil = 0;
  /** Until then the store would refuse. */
  fullUntil = 0;
  /** Calls that might follow the latest one. */
  left = 0;
  /** Calls that began without asking. */
  owed = 0;
  owedAt = 0;
  waiters: Waiter[] = [];
  isGathering = false;
  isAsking = false;
  /** Everything that began here: an emergency limit takes it into account. */
  readonly begun: WindowCounter;

  constructor(rule: FleetRule) {
    this.begun = new WindowCounter({ limit: rule.emergency, window: rule.window });
  }
}

const MOST_KEYS = 10_000;
/** What waits for it runs when the present code, and what is in the queue before it, has run. */
const END_OF_TURN: Promise<void> = Promise.resolve();

/**
 * One process's part in a limit of the fleet. Calls of one turn of the event loop share a question, and what is known to be
 * full is not asked for again. With a batch of more than 1, a process holds at most that many places that it does not use, and
 * asks for more when half of them are used: so many fewer calls than the limit may begin, and, because places are used later
 * than they are counted, so many more.
 *
 * While the store is away, every process keeps an emergency limit, which includes what it let begin before. The store is
 * told of these calls when it can be asked again.
 */
export class FleetLimiter {
  readonly #shares = new RecentMap<Share>(MOST_KEYS);
  readonly #newShare = (): Share => new Share(this.rule);

  constructor(private readonly rule: FleetRule) {}

  /** 0 if the call may begin, else the milliseconds until one may. Never rejects. */
  take(key: string, services: FleetServices): number | Promise<number> {
    const share = this.#shares.get(key, this.#newShare);
    const now = services.clock.monotonic();
    if (share.places > 0 && now < share.placesUntil) {
      share.places--;
      if (2 * share.places < this.rule.batch) this.#gather(key, share, services);
      return begin(share, now);
    }
    const { fullUntil } = share;
    if (now < fullUntil) return waitFor(fullUntil - now, now, (then) => then >= fullUntil);
    if (!services.store.available) return alone(share, now);
    return new Promise((resolve) => {
      share.waiters.push(resolve);
      this.#gather(key, share, services);
    });
  }

  /** How many calls might follow the latest one of a key; where the store is away, in this process. */
  left(key: string): number {
    return this.#shares.get(key, this.#newShare).left;
  }

  /** Asks once the present turn has said how many want to begin. Who holds places in stock asks one question at a time. */
  #gather(key: string, share: Share, services: FleetServices): void {
    if (share.isGathering || (share.isAsking && this.rule.batch > 1)) return;
    share.isGathering = true;
    void END_OF_TURN.then(() => {
      share.isGathering = false;
      this.#ask(key, share, services);
    });
  }

  #ask(key: string, share: Share, { store, clock }: FleetServices): void {
    const { bucket, batch, limit, window } = this.rule;
    const asking = share.waiters;
    if (clock.monotonic() >= share.placesUntil) share.places = 0;
    const spare = batch > 1 ? batch - share.places : 0;
    const count = asking.length + spare;
    if (count === 0) return;
    const owed = share.owed > 0 && clock.monotonic() - share.owedAt < window ? share.owed : 0;
    share.waiters = [];
    share.owed = 0;
    share.isAsking = true;
    const answered = (): void => {
      share.isAsking = false;
      if (share.waiters.length > 0) this.#gather(key, share, { store, clock });
    };
    const served = (taken: Taken): void => {
      this.#serve(share, asking, taken, clock.monotonic());
      answered();
    };
    const failed = (): void => {
      // The store tells of its failures itself.
      share.owed += owed;
      const now = clock.monotonic();
      for (const waiter of asking) waiter(alone(share, now));
      answered();
    };
    try {
      const taken = store.take({ bucket: `${bucket}:${key}`, limit, window, count, owed });
      if ("then" in taken) taken.then(served, failed);
      else served(taken);
    } catch {
      failed();
    }
  }

  #serve(share: Share, asking: readonly Waiter[], { granted, wait, left }: Taken, now: number): void {
    const { window } = this.rule;
    share.left = left;
    if (wait > 0) share.fullUntil = now + wait;
    for (const [n, waiter] of asking.entries()) waiter(n < granted ? begin(share, now) : wait);
    if (granted <= asking.length) return;
    if (share.places === 0) share.placesUntil = now + window; // else those that were there lapse first
    share.places += granted - asking.length;
    for (; share.places > 0 && share.waiters.length > 0; share.places--)
      share.waiters.shift()?.(begin(share, now));
  }
}

function begin(share: Share, now: number): number {
  share.begun.add(1, now);
  return 0;
}

function alone(share: Share, now: number): number {
  const { granted, wait, left } = share.begun.take(1, now);
  share.left = left;
  if (granted === 0) return wait;
  share.owed++;
  share.owedAt = now;
  return 0;
}
