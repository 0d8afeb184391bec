import { type HotClock, type Random, unref } from "../clock.js";
import { text } from "../describe.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { entryInvalidated, refreshFailed, staleServed, staticFallbackServed } from "./events.js";
import { hitRate, refreshTotal } from "./metrics.js";
import type { PrecomputedCacheSettings } from "./settings.js";

/**
 * Where an answer came from. "L1": the memory of this process. "MISS": it was made for this question; "DEDUP": together
 * with another one; "BYPASSED": because a fresh one was wanted. "STALE": an older one, for no newer one can be made.
 * "CB_OPEN" and "ERROR": there is none, for making it failed, lately or now.
 * @public
 */
export type CacheHit = "L1" | "MISS" | "DEDUP" | "BYPASSED" | "STALE" | "CB_OPEN" | "ERROR";

/** @public */
export interface Cached {
  readonly cache: {
    readonly hit: CacheHit;
    /** Milliseconds that the answer took. */
    readonly latency: number;
    /** When it was made; absent where there is none. */
    readonly at?: Date;
  };
}

export interface PrecomputedCacheParts<T> {
  readonly key: string;
  readonly clock: HotClock;
  readonly random: Random;
  readonly telemetry: Pick<TelemetryHub, "report" | "counter" | "observeGauge">;
  readonly settings: Readonly<PrecomputedCacheSettings>;
  /** Makes an answer. Should it hang, so does whoever asks: it bounds its own time. */
  readonly compute: () => Promise<T>;
  /** The answer where there is none. */
  readonly fallback: (reason: string) => T;
}

interface Copy<T> {
  readonly value: T;
  /** By the monotonic clock. */
  readonly madeAt: number;
  readonly at: Date;
  /** How many changes there had been when it was begun. */
  readonly changes: number;
}

const LAYER = "l1";
/** Share of an interval by which it is shorter or longer, so that processes do not ask in step. */
const JITTER = 0.1;

/**
 * One answer, kept ready. However many ask, it is made once at a time; where it cannot be made, an older one is given, and
 * after some failures in a row nothing is tried for a while.
 */
export class PrecomputedCache<T extends object> implements Disposable {
  #copy: Copy<T> | undefined;
  #running: Promise<Copy<T>> | undefined;
  #changes = 0;
  #failures = 0;
  #closedUntil = Number.NEGATIVE_INFINITY;
  #isInTrouble = false;
  #asked = 0;
  #hits = 0;
  #timer: unknown;
  #isClosed = false;
  #gauge: Disposable | undefined;

  constructor(private readonly parts: PrecomputedCacheParts<T>) {}

  /** Makes answers in the background from now on. */
  start(): void {
    const { key, telemetry, settings } = this.parts;
    this.#gauge ??= telemetry.observeGauge(hitRate, () => [
      [[key, LAYER], this.#asked === 0 ? undefined : this.#hits / this.#asked],
    ]);
    if (settings.enabled) this.#schedule();
  }

  /** Never rejects. */
  async read({ fresh = false }: { readonly fresh?: boolean } = {}): Promise<T & Cached> {
    const began = this.parts.clock.monotonic();
    this.#asked++;
    const kept = fresh ? undefined : this.#kept();
    if (kept !== undefined) {
      this.#hits++;
      return this.#answer(kept, "L1", began);
    }
    if (fresh)
      await this.#running?.catch(() => undefined); // what has begun may have seen what was before
    else if (began < this.#closedUntil) return this.#inTrouble("CB_OPEN", "it failed repeatedly", began);
    const hit = fresh ? "BYPASSED" : this.#running === undefined ? "MISS" : "DEDUP";
    try {
      return this.#answer(await this.#compute(), hit, began);
    } catch (error) {
      return this.#inTrouble("ERROR", text(error), began);
    }
  }

  /** What is kept is wrong by now. */
  invalidate(reason: string): void {
    const wasCurrent = this.#copy?.changes === this.#changes;
    this.#changes++;
    if (wasCurrent) this.parts.telemetry.report(entryInvalidated, { cache_key: this.parts.key, reason });
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.parts.clock.clearTimeout(this.#timer);
    this.#gauge?.[Symbol.dispose]();
  }

  #kept(): Copy<T> | undefined {
    const { settings, clock } = this.parts;
    const copy = this.#copy;
    if (!settings.enabled || copy?.changes !== this.#changes) return undefined;
    return clock.monotonic() - copy.madeAt < settings.ttl ? copy : undefined;
  }

  #compute(): Promise<Copy<T>> {
    this.#running ??= this.#make().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #make(): Promise<Copy<T>> {
    const { key, clock, telemetry, compute } = this.parts;
    const changes = this.#changes; // what changes meanwhile may be missing in the answer
    try {
      const value = await compute();
      this.#copy = { value, madeAt: clock.monotonic(), at: new Date(clock.now()), changes };
      this.#succeeded();
      telemetry.counter(refreshTotal).cell(key, "success").add();
      return this.#copy;
    } catch (error) {
      this.#failed(text(error));
      throw error;
    }
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#closedUntil = Number.NEGATIVE_INFINITY;
    this.#isInTrouble = false;
  }

  #failed(error: string): void {
    const { key, clock, telemetry, settings } = this.parts;
    this.#failures++;
    if (this.#failures >= settings.failureThreshold)
      this.#closedUntil = clock.monotonic() + settings.recoveryTimeout;
    telemetry.counter(refreshTotal).cell(key, "failure").add();
    telemetry.report(refreshFailed, { cache_key: key, error, failures: this.#failures });
  }

  #inTrouble(hit: "CB_OPEN" | "ERROR", reason: string, began: number): T & Cached {
    const { key, clock, telemetry, fallback } = this.parts;
    const copy = this.#copy;
    if (!this.#isInTrouble) {
      if (copy === undefined) telemetry.report(staticFallbackServed, { cache_key: key, reason });
      else telemetry.report(staleServed, { cache_key: key, reason, age: clock.monotonic() - copy.madeAt });
    }
    this.#isInTrouble = true;
    if (copy !== undefined) return this.#answer(copy, "STALE", began);
    return { ...fallback(reason), cache: { hit, latency: clock.monotonic() - began } };
  }

  #answer({ value, at }: Copy<T>, hit: CacheHit, began: number): T & Cached {
    return { ...value, cache: { hit, latency: this.parts.clock.monotonic() - began, at } };
  }

  #schedule(): void {
    const { clock, random, settings } = this.parts;
    if (this.#isClosed) return;
    const { refreshInterval, maxBackoff } = settings;
    const backoff = Math.min(refreshInterval * 2 ** this.#failures, Math.max(maxBackoff, refreshInterval));
    this.#timer = clock.setTimeout(() => void this.#refresh(), backoff * (1 + JITTER * (2 * random() - 1)));
    unref(this.#timer);
  }

  /** Whatever happens, there is a next time. */
  async #refresh(): Promise<void> {
    await this.#compute().catch(() => undefined); // told where it happened
    this.#schedule();
  }
}
