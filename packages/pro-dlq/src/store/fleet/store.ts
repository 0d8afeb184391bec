import type { EntryStatus } from "@baldur/core/plugin";
import type { Entry } from "../../entry/entry.js";
import { isEntryId } from "../../entry/id.js";
import { age, type CompressedSummary } from "../compressed.js";
import { Gatherer } from "../gatherer.js";
import { parsed } from "../parsed.js";
import type {
  AddResult,
  Capacity,
  Change,
  Changed,
  DlqStore,
  Filter,
  GroupCount,
  NewEntry,
  OwnerRecord,
  Page,
  Sweep,
} from "../store.js";
import { Adding } from "./adding.js";
import { changeAll, type TimedChange } from "./changes.js";
import type { Engine } from "./engine.js";
import { Groups } from "./groups.js";
import { Reader } from "./reader.js";
import { leaseKey } from "./records.js";
import { Room } from "./room.js";
import { Seen } from "./seen.js";

export interface FleetDlqStoreOptions {
  /** Told about a record that cannot be read; it was put aside. */
  readonly onCorrupt: (id: string, problem: string) => void;
}

/** Read at a time where some of a page turned out to be of no use: there may be many of these. */
const LEAST = 100;

/** What a lease is, as JSON. */
interface Lease {
  readonly holder: string;
  readonly until: number;
}

/** Entries on a server that a fleet shares: decided on here, and compared and set there. */
export class FleetDlqStore implements DlqStore {
  readonly flights: number;
  readonly #reader: Reader;
  readonly #adding: Adding;
  readonly #seen = new Seen();
  /** Replays that end while a change is under way share the next one. */
  readonly #changes: Gatherer<TimedChange, Changed>;

  constructor(
    private readonly engine: Engine,
    { onCorrupt }: FleetDlqStoreOptions,
  ) {
    this.flights = engine.flights;
    this.#reader = new Reader(engine, onCorrupt);
    this.#adding = new Adding({ engine, groups: new Groups(), room: new Room(engine, this.#reader) });
    this.#changes = new Gatherer((changes) => changeAll(engine, this.#seen, changes), engine.flights);
  }

  prepare(): Promise<void> {
    return this.engine.prepare();
  }

  async add(
    entries: readonly NewEntry[],
    capacity: Capacity,
    mayBeKnown = (): boolean => true,
  ): Promise<AddResult> {
    return this.#adding.add(entries, capacity, mayBeKnown());
  }

  async get(id: string): Promise<Entry | undefined> {
    if (!isEntryId(id)) return undefined;
    const [found] = await this.#reader.read(await this.engine.entries([id]));
    return found?.entry;
  }

  /** A full page, if there are so many: what is damaged, or changed while it was looked for, takes nobody's place. */
  async list(filter: Filter, page: Page): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    let { after, limit } = page;
    for (;;) {
      const { rows, next } = await this.engine.page(filter, { ...page, after, limit });
      for (const { row, entry } of await this.#reader.read(rows)) {
        entries.push(entry);
        if (entry.state.status === "pending") this.#seen.note(row.id, { state: entry.state, mark: row.mark });
      }
      if (next === undefined || entries.length >= page.limit) return entries.slice(0, page.limit);
      after = next;
      limit = Math.max(LEAST, page.limit - entries.length);
    }
  }

  async change(changes: readonly Change[], now: number): Promise<readonly Changed[]> {
    return this.#changes.add(changes.map((change) => ({ change, now })));
  }

  counts(): Promise<readonly GroupCount[]> {
    return this.engine.counts();
  }

  async due({ status, before, after, limit }: Sweep): Promise<readonly Entry[]> {
    const entries = await this.list({ status }, { limit, after, oldestFirst: true });
    return entries.filter(({ body }) => body.createdAt < before);
  }

  async remove(ids: readonly string[], only: EntryStatus): Promise<number> {
    const named = [...new Set(ids.filter(isEntryId))];
    if (named.length === 0) return 0;
    const rows = await this.engine.states(named);
    return this.engine.remove(rows.filter(({ status }) => status === only));
  }

  async renewOwner(owner: string, record: OwnerRecord): Promise<void> {
    await this.engine.swapRecords("owner", [{ key: owner, text: JSON.stringify(record) }]);
  }

  async removeOwner(owner: string, seen?: OwnerRecord): Promise<void> {
    const expected = seen && { text: JSON.stringify(seen) };
    await this.engine.swapRecords("owner", [{ key: owner, ...(expected && { expected }), text: undefined }]);
  }

  async owners(): Promise<ReadonlyMap<string, OwnerRecord>> {
    const owners = new Map<string, OwnerRecord>();
    for (const [owner, text] of await this.engine.records("owner")) {
      const record = parsed<OwnerRecord>(text);
      if (record !== undefined) owners.set(owner, record);
    }
    return owners;
  }

  async lease(
    what: string,
    holder: string,
    until: number,
    isFree: (holder: string, until: number, owner: OwnerRecord | undefined) => boolean,
  ): Promise<boolean> {
    const key = leaseKey(what);
    const text = JSON.stringify({ holder, until } satisfies Lease);
    for (;;) {
      const held = (await this.engine.records("lease", [key])).get(key);
      const lease = parsed<Lease>(held);
      if (lease !== undefined && lease.holder !== holder) {
        const owner = parsed<OwnerRecord>(
          (await this.engine.records("owner", [lease.holder])).get(lease.holder),
        );
        if (!isFree(lease.holder, lease.until, owner)) return false;
      }
      if ((await this.engine.swapRecords("lease", [{ key, expected: { text: held }, text }])) === 1)
        return true;
    }
  }

  async endLease(what: string, holder: string): Promise<void> {
    const key = leaseKey(what);
    const held = (await this.engine.records("lease", [key])).get(key);
    if (parsed<Lease>(held)?.holder !== holder) return;
    await this.engine.swapRecords("lease", [{ key, expected: { text: held }, text: undefined }]);
  }

  async summaries(limit: number): Promise<readonly CompressedSummary[]> {
    const texts = [...(await this.engine.records("summary")).values()];
    const summaries = texts.flatMap((text) => parsed<CompressedSummary>(text) ?? []);
    return summaries.sort((a, b) => b.lastSeen - a.lastSeen).slice(0, limit);
  }

  async ageSummaries(staleBefore: number, archiveBefore: number, now: number): Promise<number> {
    const swaps = [...(await this.engine.records("summary"))].flatMap(([key, text]) => {
      const summary = parsed<CompressedSummary>(text);
      const aged = summary && age(summary, staleBefore, archiveBefore, now);
      return aged === summary ? [] : [{ key, expected: { text }, text: JSON.stringify(aged) }];
    });
    return swaps.length === 0 ? 0 : this.engine.swapRecords("summary", swaps);
  }
}
