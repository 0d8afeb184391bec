import { type HotClock, type Random, unref } from "../clock.js";
import { withoutStack } from "../errors.js";
import type { CooldownAnswer, SharedCooldown } from "../pipeline/cooldown.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { RateLimitDeferredError } from "./errors.js";
import * as events from "./events.js";
import * as metrics from "./metrics.js";
import type { CooldownPeers, CooldownTable, PeerCooldown } from "./peers.js";
import { retryAfterOf } from "./retry-after.js";
import type { RateLimitBackoffSettings } from "./settings.js";

interface Cooling {
  /** Monotonic. */
  until: number;
  consecutive: number;
  announcedAt: number;
  canary: Canary | undefined;
  /** The peers gave leave to send the canary of all. */
  leave: boolean;
}

/** The one call that is let out after a cooldown, or the wait for leave to send it. It cannot hold the others for ever. */
class Canary {
  readonly answered: Promise<void>;
  #resolve: () => void = () => undefined;

  constructor(
    readonly deadline: number,
    /** Another process has it. */
    readonly isTheirs: boolean = false,
  ) {
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

/**
 * The cooldowns of one process: after an answer 429 all calls with the same key wait, and one goes first. With peers that
 * can be reached, all calls are those of all processes. Only what follows an answer 429 asks or tells them.
 */
export class Cooldowns implements SharedCooldown, CooldownTable {
  readonly #byKey = new Map<string, Cooling>();
  #sweepAt = SWEEP;
  #peers: CooldownPeers | undefined;

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

  get memory(): number {
    return this.settings.maxDelay;
  }

  join(peers: CooldownPeers): void {
    this.#peers = peers;
  }

  admit(key: string): CooldownAnswer {
    const cooling = this.#byKey.get(key);
    if (cooling === undefined) return GO;
    const now = this.parts.clock.monotonic();
    if (now < cooling.until) return { go: false, delay: cooling.until - now };
    const { canary } = cooling;
    if (canary !== undefined && now < canary.deadline) return behind(canary, now);
    canary?.end();
    cooling.canary = new Canary(now + CANARY_LEASE);
    if (this.#peers?.available && !cooling.leave) {
      void this.#askLeave(this.#peers, key, cooling, cooling.canary);
      return behind(cooling.canary, now);
    }
    cooling.leave = false;
    return GO_AS_CANARY;
  }

  /** Notes an answer 429. Returns the milliseconds until calls with this key may go. */
  limited(key: string, error: unknown, canary: boolean): number {
    const now = this.parts.clock.monotonic();
    const cooling = this.#byKey.get(key) ?? untold();
    if (canary) this.#endCanary(cooling);
    // Answers that come while the cooldown is on are of one burst with the one that began it.
    if (now >= cooling.until) cooling.consecutive++;
    const delay = this.#delay(key, error, cooling.consecutive);
    cooling.until = Math.max(cooling.until, now + delay);
    if (this.settings.coordinationEnabled) {
      this.#keep(key, cooling, now);
      this.#peers?.limited(asTold(key, cooling, now), canary);
    }
    this.#announce(key, cooling, now);
    return cooling.until - now;
  }

  /** The dependency answers again. */
  succeeded(key: string, canary: boolean): void {
    const cooling = this.#byKey.get(key);
    if (cooling === undefined || (!canary && this.parts.clock.monotonic() < cooling.until)) return;
    this.#byKey.delete(key);
    this.#endCanary(cooling);
    this.#peers?.succeeded(key, cooling.consecutive);
    this.parts.telemetry.report(events.cooldownEnded, { key });
  }

  /** The canary ended without an answer: the next call may try. */
  released(key: string): void {
    const cooling = this.#byKey.get(key);
    if (cooling === undefined) return;
    this.#endCanary(cooling);
    this.#peers?.released(key);
  }

  known(): readonly PeerCooldown[] {
    const now = this.parts.clock.monotonic();
    const recent = [...this.#byKey].filter(([, { until }]) => now < until + this.memory);
    return recent.map(([key, cooling]) => asTold(key, cooling, now));
  }

  heardLimited({ key, delay, consecutive }: PeerCooldown): void {
    if (!this.settings.coordinationEnabled) return;
    const now = this.parts.clock.monotonic();
    const cooling = this.#byKey.get(key) ?? untold();
    cooling.until = Math.max(cooling.until, now + delay);
    cooling.consecutive = Math.max(cooling.consecutive, consecutive);
    this.#keep(key, cooling, now);
    this.heardReleased(key);
  }

  heardReleased(key: string): void {
    const cooling = this.#byKey.get(key);
    if (cooling?.canary?.isTheirs) this.#endCanary(cooling);
  }

  heardSucceeded(key: string): void {
    const cooling = this.#byKey.get(key);
    if (cooling === undefined) return;
    this.#byKey.delete(key);
    if (cooling.canary?.isTheirs === false) this.#peers?.released(key);
    this.#endCanary(cooling);
  }

  /** The error for a call that would have to wait too long. */
  deferred(key: string, delay: number): RateLimitDeferredError {
    this.parts.telemetry.counter(metrics.deferralsTotal).cell(key).add();
    return withoutStack(createDeferred, { key, at: this.parts.clock.now() + delay });
  }

  /** Holds the calls of this process until the peers have answered. Given leave, one of them is the canary of all. */
  async #askLeave(peers: CooldownPeers, key: string, cooling: Cooling, asking: Canary): Promise<void> {
    const busy = await peers.lease(key, CANARY_LEASE);
    const isWanted = cooling.canary === asking;
    if (isWanted) this.#endCanary(cooling);
    if (busy > 0) {
      if (isWanted) cooling.canary = new Canary(this.parts.clock.monotonic() + busy, true);
      return;
    }
    cooling.leave = isWanted;
    // Whoever waits takes the leave in this very turn; where nobody does, other processes must not wait for it.
    const giveBack = (): void => {
      if (isWanted && !cooling.leave) return;
      cooling.leave = false;
      peers.released(key);
    };
    unref(this.parts.clock.setTimeout(giveBack, 0));
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

function untold(): Cooling {
  return {
    until: 0,
    consecutive: 0,
    announcedAt: Number.NEGATIVE_INFINITY,
    canary: undefined,
    leave: false,
  };
}

function asTold(key: string, { until, consecutive }: Cooling, now: number): PeerCooldown {
  return { key, delay: Math.max(0, until - now), consecutive };
}

function behind({ answered, deadline }: Canary, now: number): CooldownAnswer {
  return { go: false, until: answered, lease: deadline - now };
}

function createDeferred({ key, at }: { key: string; at: number }): RateLimitDeferredError {
  return new RateLimitDeferredError(key, new Date(at));
}
