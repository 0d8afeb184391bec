import type { HotClock, Random } from "../clock.js";
import { withoutStack } from "../errors.js";
import type { CooldownAnswer, SharedCooldown } from "../pipeline/cooldown.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { RateLimitDeferredError } from "./errors.js";
import * as events from "./events.js";
import * as metrics from "./metrics.js";
import { retryAfterOf } from "./retry-after.js";
import type { RateLimitBackoffSettings } from "./settings.js";

interface Cooling {
  /** Monotonic. */
  until: number;
  consecutive: number;
  announcedAt: number;
  canary: Canary | undefined;
}

/** The one call that is let out after a cooldown. It cannot hold the others for ever. */
class Canary {
  readonly answered: Promise<void>;
  #resolve: () => void = () => undefined;

  constructor(readonly deadline: number) {
    this.answered = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  end(): void {
    this.#resolve();
  }
}

const GO: CooldownAnswer = Object.freeze({ go: true, canary: false });
const GO_AS_CANARY: CooldownAnswer = Object.freeze({ go: true, canary: true });
const SHORTEST = 100;
/** Keys from which on those that are over are looked for. */
const SWEEP = 1024;
const CANARY_LEASE = 60_000;

/** The cooldowns of one process: after an answer 429 all calls with the same key wait, and one goes first. */
export class Cooldowns implements SharedCooldown {
  readonly #byKey = new Map<string, Cooling>();
  #sweepAt = SWEEP;

  constructor(
    private readonly parts: {
      readonly clock: HotClock;
      readonly random: Random;
      readonly telemetry: TelemetryHub;
    },
    private readonly settings: RateLimitBackoffSettings,
  ) {}

  /** No key is cooling down: all that a healthy call asks. */
  get idle(): boolean {
    return this.#byKey.size === 0;
  }

  admit(key: string): CooldownAnswer {
    const cooling = this.#byKey.get(key);
    if (cooling === undefined) return GO;
    const now = this.parts.clock.monotonic();
    if (now < cooling.until) return { go: false, delay: cooling.until - now };
    const { canary } = cooling;
    if (canary !== undefined && now < canary.deadline)
      return { go: false, until: canary.answered, lease: canary.deadline - now };
    canary?.end();
    cooling.canary = new Canary(now + CANARY_LEASE);
    return GO_AS_CANARY;
  }

  /** Notes an answer 429. Returns the milliseconds until calls with this key may go. */
  limited(key: string, error: unknown, canary: boolean): number {
    const now = this.parts.clock.monotonic();
    const cooling = this.#byKey.get(key) ?? {
      until: 0,
      consecutive: 0,
      announcedAt: Number.NEGATIVE_INFINITY,
      canary: undefined,
    };
    if (canary) this.#endCanary(cooling);
    // Answers that come while the cooldown is on are of one burst with the one that began it.
    if (now >= cooling.until) cooling.consecutive++;
    const delay = this.#delay(key, error, cooling.consecutive);
    cooling.until = Math.max(cooling.until, now + delay);
    if (this.settings.coordinationEnabled) this.#keep(key, cooling, now);
    this.#announce(key, cooling, now);
    return cooling.until - now;
  }

  /** The dependency answers again. */
  succeeded(key: string, canary: boolean): void {
    const cooling = this.#byKey.get(key);
    if (cooling === undefined || (!canary && this.parts.clock.monotonic() < cooling.until)) return;
    this.#byKey.delete(key);
    this.#endCanary(cooling);
    this.parts.telemetry.report(events.cooldownEnded, { key });
  }

  /** The canary ended without an answer: the next call may try. */
  released(key: string): void {
    const cooling = this.#byKey.get(key);
    if (cooling !== undefined) this.#endCanary(cooling);
  }

  /** The error for a call that would have to wait too long. */
  deferred(key: string, delay: number): RateLimitDeferredError {
    this.parts.telemetry.counter(metrics.deferralsTotal).cell(key).add();
    return withoutStack(createDeferred, { key, at: this.parts.clock.now() + delay });
  }

  /** Keys that nobody calls any more would otherwise stay for ever. */
  #keep(key: string, cooling: Cooling, now: number): void {
    if (this.#byKey.size >= this.#sweepAt) {
      for (const [other, { until, canary }] of this.#byKey) {
        if (canary === undefined && until + this.settings.maxDelay < now) this.#byKey.delete(other);
      }
      this.#sweepAt = Math.max(SWEEP, 2 * this.#byKey.size);
    }
    this.#byKey.set(key, cooling);
  }

  #endCanary(cooling: Cooling): void {
    cooling.canary?.end();
    cooling.canary = undefined;
  }

  /** What the answer asks for is a floor, and so is the ladder of answers in a row; jitter only adds. */
  #delay(key: string, error: unknown, consecutive: number): number {
    const { baseDelay, defaultRetryAfter, multiplier, maxDelay, jitter, retryAfterCeiling } = this.settings;
    const asked = this.#asked(key, error, retryAfterCeiling);
    const seed = asked === undefined ? defaultRetryAfter : baseDelay;
    const ladder = Math.min(maxDelay, seed * multiplier ** (consecutive - 1));
    const floor = Math.max(SHORTEST, asked ?? 0, asked === undefined || consecutive > 1 ? ladder : 0);
    return Math.min(retryAfterCeiling, floor * (1 + (this.parts.random() * jitter) / 100));
  }

  #asked(key: string, error: unknown, ceiling: number): number | undefined {
    const asked = retryAfterOf(error, this.parts.clock.now());
    if (asked === undefined || asked <= ceiling) return asked;
    this.parts.telemetry.report(events.retryAfterClamped, { key, retry_after: asked, ceiling });
    return ceiling;
  }

  /** A burst of answers extends the cooldown every time, and is told once. */
  #announce(key: string, cooling: Cooling, now: number): void {
    const { telemetry } = this.parts;
    const cooldown = cooling.until - now;
    telemetry.counter(metrics.answers429Total).cell(key).add();
    telemetry
      .histogram(metrics.cooldownSeconds)
      .cell(key)
      .observe(cooldown / 1000);
    if (now - cooling.announcedAt < this.settings.debounceWindow) return;
    cooling.announcedAt = now;
    telemetry.report(events.cooldownStarted, { key, cooldown, consecutive: cooling.consecutive });
  }
}

function createDeferred({ key, at }: { key: string; at: number }): RateLimitDeferredError {
  return new RateLimitDeferredError(key, new Date(at));
}
