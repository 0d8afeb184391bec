import type { Clock, PluginTelemetry } from "@baldur/core/plugin";
import type { Chain } from "./capture/chain.js";
import type { Entry } from "./entry/entry.js";
import type { Input } from "./entry/transition.js";
import {
  cardinalityBreached,
  entriesArchived,
  entriesExpired,
  entriesPurged,
  maintenanceFailed,
  staleReleased,
} from "./events.js";
import { isGone, type Owner } from "./owner.js";
import type { Arrears } from "./replay/arrears.js";
import type { Patience } from "./replay/patience.js";
import type { DlqSettings } from "./settings.js";
import type { DlqStore, Sweep } from "./store/store.js";
import { every } from "./ticker.js";

export interface MaintenanceParts {
  readonly store: DlqStore;
  readonly chain: Chain;
  readonly clock: Clock;
  readonly telemetry: PluginTelemetry;
  readonly settings: DlqSettings;
  readonly owner: Pick<Owner, "mayHold">;
  readonly patience: Pick<Patience, "giveUp">;
  readonly arrears: Pick<Arrears, "pay">;
  readonly lease: number;
}

const PAGE = 500;
const SPILL_INTERVAL = 5000;
const EXPIRY_INTERVAL = 15 * 60_000;
const ARCHIVE_INTERVAL = 6 * 60 * 60_000;

/** Keeps the queue in order: takes up what it could not be told, takes back what its owner left, ages what is old. */
export class Maintenance {
  #isWide = false;

  constructor(private readonly parts: MaintenanceParts) {}

  /** Every job now and then at its interval, until the signal aborts. One that fails is tried again. */
  async run(signal: AbortSignal): Promise<void> {
    const { arrears, clock, chain, lease, settings } = this.parts;
    const job = (name: string, interval: number, work: () => Promise<unknown>): Promise<void> =>
      every(clock, interval, signal, () => this.#attempt(name, work));
    await Promise.all([
      job("absorb", SPILL_INTERVAL, () => chain.absorb()),
      job("settle", SPILL_INTERVAL, () => arrears.pay()),
      job("release", lease, () => this.#takeBack()),
      job("expire", EXPIRY_INTERVAL, () => this.expire()),
      job("archive", ARCHIVE_INTERVAL, () => this.archive(settings.retention)),
      job("compressed", ARCHIVE_INTERVAL, () => this.#ageSummaries()),
      job("cardinality", EXPIRY_INTERVAL, () => this.#checkCardinality()),
    ]);
  }

  /** Whoever waits for the handler of an entry is told only then: its outcome settles nothing any more, unless a clock was set. */
  async #takeBack(): Promise<void> {
    const { patience, settings } = this.parts;
    try {
      await this.release();
    } finally {
      patience.giveUp(settings.staleReplayingTimeout);
    }
  }

  /** Takes entries back from owners that are gone, and from those that take too long. */
  async release(): Promise<number> {
    const { store, telemetry, owner: self } = this.parts;
    let entries = 0;
    await this.#pages({ status: "replaying", before: Number.POSITIVE_INFINITY }, async (page) => {
      const isStale = await this.#stale(); // asked now: whoever claimed one of these had made itself known before
      entries += await this.#apply(page.filter(isStale), ({ state }) => ({
        type: "release",
        token: state.claim?.token,
      }));
    });
    const now = this.parts.clock.now();
    for (const [owner, record] of await store.owners())
      if (isGone(record, now) && !self.mayHold(owner)) await store.removeOwner(owner, record);
    if (entries > 0) telemetry.report(staleReleased, { entries });
    return entries;
  }

  async #stale(): Promise<(entry: Entry) => boolean> {
    const { store, settings, clock, owner } = this.parts;
    const owners = await store.owners();
    const now = clock.now();
    const latest = now - settings.staleReplayingTimeout;
    return ({ state: { claim } }) => {
      if (claim === undefined || claim.at < latest) return true;
      return !owner.mayHold(claim.owner) && isGone(owners.get(claim.owner), now);
    };
  }

  async expire(): Promise<number> {
    const { clock, telemetry } = this.parts;
    const now = clock.now();
    const entries = await this.#walk(
      { status: "pending", before: now },
      ({ body }) => body.expiresAt <= now,
      () => ({ type: "expire" }),
    );
    if (entries > 0) telemetry.report(entriesExpired, { entries });
    return entries;
  }

  /** Archives what was resolved so many milliseconds ago. */
  async archive(olderThan: number): Promise<number> {
    const { clock, telemetry } = this.parts;
    const latest = clock.now() - olderThan;
    const isOld = ({ state }: Entry): boolean => (state.resolvedAt ?? state.updatedAt) <= latest;
    const entries = await this.#walk({ status: "resolved", before: latest + 1 }, isOld, () => ({
      type: "archive",
    }));
    if (entries > 0) telemetry.report(entriesArchived, { entries });
    return entries;
  }

  /** Removes archived entries for good: those named, or those archived so many milliseconds ago. */
  async purge(which: { readonly ids: readonly string[] } | { readonly olderThan: number }): Promise<number> {
    const entries = "ids" in which ? await this.#remove(which.ids) : await this.#purgeOlder(which.olderThan);
    if (entries > 0) this.parts.telemetry.report(entriesPurged, { entries });
    return entries;
  }

  async #purgeOlder(olderThan: number): Promise<number> {
    const latest = this.parts.clock.now() - olderThan;
    let removed = 0;
    await this.#pages({ status: "archived", before: latest + 1 }, async (page) => {
      const old = page.filter(({ state }) => state.updatedAt <= latest);
      removed += await this.#remove(old.map(({ body }) => body.id));
    });
    return removed;
  }

  #remove(ids: readonly string[]): Promise<number> {
    return this.parts.store.remove(ids, "archived");
  }

  /** Applies an input to every entry that qualifies; answers how many it changed. */
  async #walk(
    which: Pick<Sweep, "status" | "before">,
    qualifies: (entry: Entry) => boolean,
    input: (entry: Entry) => Input,
  ): Promise<number> {
    let changed = 0;
    await this.#pages(which, async (page) => {
      changed += await this.#apply(page.filter(qualifies), input);
    });
    return changed;
  }

  async #apply(entries: readonly Entry[], input: (entry: Entry) => Input): Promise<number> {
    if (entries.length === 0) return 0;
    const { store, clock } = this.parts;
    const inputs = entries.map((entry) => ({ id: entry.body.id, input: input(entry) }));
    const results = await store.change(inputs, clock.now());
    return results.filter((result) => !("refused" in result)).length;
  }

  async #pages(
    which: Pick<Sweep, "status" | "before">,
    work: (page: readonly Entry[]) => Promise<void>,
  ): Promise<void> {
    let after: string | undefined;
    while (true) {
      const page = await this.parts.store.due({ ...which, after, limit: PAGE });
      if (page.length > 0) await work(page);
      if (page.length < PAGE) return;
      after = page.at(-1)?.body.id;
    }
  }

  async #ageSummaries(): Promise<void> {
    const { store, settings, clock } = this.parts;
    const now = clock.now();
    await store.ageSummaries(now - settings.compressStaleAfter, now - settings.compressArchiveAfter, now);
  }

  async #checkCardinality(): Promise<void> {
    const { store, settings, telemetry } = this.parts;
    const groups = (await store.counts()).length;
    const threshold = settings.domainCardinalityAlertThreshold;
    if (groups > threshold && !this.#isWide) telemetry.report(cardinalityBreached, { groups, threshold });
    this.#isWide = groups > threshold;
  }

  async #attempt(job: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.parts.telemetry.report(maintenanceFailed, { job, error: (error as Error).message });
    }
  }
}
