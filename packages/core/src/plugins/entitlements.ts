import { type Clock, unref } from "../clock.js";
import { text } from "../describe.js";
import { show } from "../errors.js";
import { within } from "../within.js";
import type { Entitlement, EntitlementRequest } from "./entitlement.js";
import { expiresSoon, statusChanged, tokenInvalid, tokenMissing, tokenValidated } from "./events.js";
import { entitlementExpiryDays, entitlementStatus } from "./metrics.js";
import type { Plugin, PluginTelemetry } from "./plugin.js";

type Ask = NonNullable<Plugin["entitlement"]>;
type Known = Entitlement["status"];

export interface EntitlementsOptions {
  readonly clock: Clock;
  readonly telemetry: PluginTelemetry;
  readonly env: EntitlementRequest["env"];
  /** Milliseconds that one answer may take. */
  readonly timeout: number;
}

/** An entitlement, as it was at boot and as it is now. */
interface Asked {
  readonly ask: (request: EntitlementRequest) => Promise<Entitlement>;
  readonly atBoot: Promise<Entitlement>;
  latest?: Entitlement;
}

/** From worst to best. */
const STATUSES: readonly unknown[] = ["missing", "invalid", "expired", "active"];
const GAUGE: Readonly<Record<Known, number>> = { missing: 0, invalid: 1, expired: 1, active: 2 };
const NOT_NEEDED: Entitlement = Object.freeze({ status: "active" });
const NONE: Entitlement = Object.freeze({ status: "missing" });
const DAY = 86_400_000;
const WARNING_DAYS = 14;

/**
 * Asks plugins for their entitlements: each function once at boot, however many plugins carry it, and once a day
 * afterwards. Only the answer at boot decides what runs.
 */
export class Entitlements {
  readonly #asked = new Map<Ask, Asked>();
  readonly #gauges: Disposable[] = [];
  #timer: unknown;
  #closed = false;

  constructor(private readonly options: EntitlementsOptions) {}

  /** The best verdict of all, as it is now; missing while no plugin carries any. */
  get best(): Entitlement {
    return this.#best() ?? NONE;
  }

  /** The verdict on a plugin at boot. Never rejects: whatever goes wrong is an invalid entitlement. */
  of(plugin: Plugin): Promise<Entitlement> {
    const { entitlement } = plugin;
    if (entitlement === undefined) return Promise.resolve(NOT_NEEDED);
    const asked = this.#asked.get(entitlement) ?? this.#begin(entitlement, plugin);
    return asked.atBoot;
  }

  /** Asks again every day, if there is anyone to ask, until `close`. */
  watch(): void {
    if (this.#asked.size === 0 || this.#timer !== undefined || this.#closed) return;
    this.#timer = this.options.clock.setTimeout(() => void this.#askAgain(), DAY);
    unref(this.#timer);
  }

  close(): void {
    this.#closed = true;
    this.options.clock.clearTimeout(this.#timer);
    for (const gauge of this.#gauges.splice(0)) gauge[Symbol.dispose]();
  }

  #begin(entitlement: Ask, plugin: Plugin): Asked {
    if (this.#asked.size === 0) this.#observe();
    const ask = (request: EntitlementRequest) => entitlement.call(plugin, request);
    const asked: Asked = {
      ask,
      atBoot: this.#answerOf(ask, false).then((verdict) => {
        asked.latest = verdict;
        this.#tell(verdict);
        this.#warn(verdict);
        return verdict;
      }),
    };
    this.#asked.set(entitlement, asked);
    return asked;
  }

  async #askAgain(): Promise<void> {
    await Promise.all([...this.#asked.values()].map((asked) => this.#update(asked)));
    this.#timer = undefined;
    this.watch();
  }

  async #update(asked: Asked): Promise<void> {
    const before = await asked.atBoot.then(() => asked.latest as Entitlement);
    const verdict = await this.#answerOf(asked.ask, true);
    if (this.#closed) return;
    asked.latest = verdict;
    if (verdict.status !== before.status) {
      this.options.telemetry.report(statusChanged, { from: before.status, to: verdict.status });
      this.#tell(verdict);
    }
    this.#warn(verdict);
  }

  #answerOf(ask: Asked["ask"], force: boolean): Promise<Entitlement> {
    const { clock, env, timeout } = this.options;
    return within(clock, timeout, () => ask({ env, clock, force }))
      .then(checked)
      .catch((error: unknown) => invalidBecause(text(error)));
  }

  #tell(verdict: Entitlement): void {
    const { telemetry } = this.options;
    const { status, reason = `it is ${status}` } = verdict;
    if (status === "active") telemetry.report(tokenValidated, termOf(verdict));
    else if (status === "missing") telemetry.report(tokenMissing, { reason });
    else telemetry.report(tokenInvalid, { reason });
  }

  #warn(verdict: Entitlement): void {
    const days = this.#daysLeft(verdict);
    if (verdict.status !== "active" || days === undefined || days < 0 || days > WARNING_DAYS) return;
    this.options.telemetry.report(expiresSoon, { ...termOf(verdict), days });
  }

  #best(): Entitlement | undefined {
    let best: Entitlement | undefined;
    for (const { latest } of this.#asked.values()) {
      if (STATUSES.indexOf(latest?.status) > STATUSES.indexOf(best?.status)) best = latest;
    }
    return best;
  }

  #observe(): void {
    const observe = (metric: typeof entitlementStatus, value: (best: Entitlement) => number | undefined) => {
      const read = (best: Entitlement | undefined) => (best === undefined ? undefined : value(best));
      this.#gauges.push(this.options.telemetry.observeGauge(metric, () => [[[], read(this.#best())]]));
    };
    observe(entitlementStatus, ({ status }) => GAUGE[status]);
    observe(entitlementExpiryDays, (best) => this.#daysLeft(best));
  }

  /** From today to its last day, in UTC; undefined when it names none. */
  #daysLeft({ expires }: Entitlement): number | undefined {
    const lastDay = Date.parse(`${expires}T00:00:00Z`);
    const today = Math.floor(this.options.clock.now() / DAY) * DAY;
    return Number.isNaN(lastDay) ? undefined : Math.round((lastDay - today) / DAY);
  }
}

function termOf({ organisation, plan, expires }: Entitlement) {
  return { org: organisation, plan, expires };
}

function checked(verdict: Entitlement | null | undefined): Entitlement {
  if (verdict != null && STATUSES.includes(verdict.status)) return verdict;
  return invalidBecause(`the entitlement answered ${show(verdict)}`);
}

function invalidBecause(reason: string): Entitlement {
  return { status: "invalid", reason };
}
