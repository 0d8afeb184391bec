import { AdapterError } from "@baldur/core";
import type { EntryStatus, KeyValueReader, KeyValueStore, KeyValueWriter } from "@baldur/core/plugin";
import type { Entry } from "../../entry/entry.js";
import { isEntryId } from "../../entry/id.js";
import { decodeBody, decodeState } from "../../entry/record.js";
import type { Input } from "../../entry/transition.js";
import { age, type CompressedSummary } from "../compressed.js";
import { Gatherer } from "../gatherer.js";
import { parsed } from "../parsed.js";
import type {
  AddResult,
  Capacity,
  Changed,
  DlqStore,
  Filter,
  GroupCount,
  NewEntry,
  OwnerRecord,
  Page,
  Sweep,
} from "../store.js";
import { Books, type GroupNumbers, groupCount, readGroups } from "./books.js";
import { addOne, changeOne, find, NOT_FOUND, quarantine, removeOne } from "./entries.js";
import { makeRoom } from "./eviction.js";
import { entryKey, lastPart, leaseKey, OWNERS, ownerKey, SUMMARIES } from "./keys.js";
import { type Spotted, scan } from "./scan.js";

export interface KvDlqStoreOptions {
  /** Asked for when it is first used. */
  readonly map: () => KeyValueStore;
  /** Told about a record that cannot be read; it was put aside. */
  readonly onCorrupt: (id: string, problem: string) => void;
}

/** Read at a time for a page that damaged entries have left holes in. */
const LEAST_READ = 100;

/** Entries in an ordered map: one record each, which never changes, and one state, which is
 * kept in order among those of its group and status. */
export class KvDlqStore implements DlqStore {
  readonly #numbers: GroupNumbers = new Map();
  /** Replays that end together share a transaction, and its counts. */
  readonly #changes = new Gatherer<TimedInput, Changed>((inputs) =>
    this.#transact((writer, books) => inputs.map((input) => changed(writer, books, input))),
  );

  constructor(private readonly options: KvDlqStoreOptions) {}

  async add(
    entries: readonly NewEntry[],
    capacity: Capacity,
    mayBeKnown = (): boolean => true,
  ): Promise<AddResult> {
    const { damaged, ...result } = await this.#transact((writer, books) => {
      const looks = mayBeKnown();
      const outcomes = entries.map((entry) => {
        const isKnown = looks && writer.get(entryKey(entry.id)) !== undefined;
        return isKnown ? "known" : addOne(writer, books, entry, capacity);
      });
      const room = makeRoom(writer, books, entries, outcomes, capacity);
      return { outcomes, ...room };
    });
    for (const id of damaged) this.options.onCorrupt(id, "it was to make room");
    return result;
  }

  async get(id: string): Promise<Entry | undefined> {
    if (!isEntryId(id)) return undefined;
    return this.#read((reader) => this.#entries(reader, [{ id }])[0]);
  }

  async list(filter: Filter, page: Page): Promise<readonly Entry[]> {
    return this.#read((reader) => this.#page(reader, filter, page));
  }

  async change(
    inputs: readonly { readonly id: string; readonly input: Input }[],
    now: number,
  ): Promise<readonly Changed[]> {
    return this.#changes.add(inputs.map((input) => ({ ...input, now })));
  }

  async counts(): Promise<readonly GroupCount[]> {
    return this.#read((reader) => readGroups(reader).map(([, group]) => groupCount(group)));
  }

  async due({ status, before, after, limit }: Sweep): Promise<readonly Entry[]> {
    const page = { limit, after, oldestFirst: true };
    const entries = await this.list({ status }, page);
    return entries.filter(({ body }) => body.createdAt < before);
  }

  async remove(ids: readonly string[], only: EntryStatus): Promise<number> {
    const named = ids.filter(isEntryId);
    return this.#transact((writer, books) => named.filter((id) => removeOne(writer, books, id, only)).length);
  }

  async renewOwner(owner: string, record: OwnerRecord): Promise<void> {
    await this.#map.write((writer) => writer.put(ownerKey(owner), JSON.stringify(record)));
  }

  async removeOwner(owner: string, seen?: OwnerRecord): Promise<void> {
    const key = ownerKey(owner);
    await this.#map.write((writer) => {
      if (seen === undefined || writer.get(key) === JSON.stringify(seen)) writer.delete(key);
    });
  }

  async owners(): Promise<ReadonlyMap<string, OwnerRecord>> {
    return this.#read((reader) => {
      const records = reader.range(OWNERS).flatMap(([key, text]) => {
        const record = parsed<OwnerRecord>(text);
        return record === undefined ? [] : [[lastPart(key), record] as const];
      });
      return new Map<string, OwnerRecord>(records);
    });
  }

  async lease(
    what: string,
    holder: string,
    until: number,
    isFree: (holder: string, until: number, owner: OwnerRecord | undefined) => boolean,
  ): Promise<boolean> {
    const key = leaseKey(what);
    return this.#map.write((writer) => {
      const held = parsed<{ holder: string; until: number }>(writer.get(key));
      if (held !== undefined && held.holder !== holder) {
        const owner = parsed<OwnerRecord>(writer.get(ownerKey(held.holder)));
        if (!isFree(held.holder, held.until, owner)) return false;
      }
      writer.put(key, JSON.stringify({ holder, until }));
      return true;
    });
  }

  async endLease(what: string, holder: string): Promise<void> {
    const key = leaseKey(what);
    await this.#map.write((writer) => {
      if (parsed<{ holder: string }>(writer.get(key))?.holder === holder) writer.delete(key);
    });
  }

  async summaries(limit: number): Promise<readonly CompressedSummary[]> {
    const all = await this.#read((reader) =>
      reader.range(SUMMARIES).flatMap(([, text]) => parsed<CompressedSummary>(text) ?? []),
    );
    return all.sort((a, b) => b.lastSeen - a.lastSeen).slice(0, limit);
  }

  async ageSummaries(staleBefore: number, archiveBefore: number, now: number): Promise<number> {
    return this.#map.write((writer) => {
      let changed = 0;
      for (const [key, text] of writer.range(SUMMARIES)) {
        const summary = parsed<CompressedSummary>(text);
        const aged = summary && age(summary, staleBefore, archiveBefore, now);
        if (aged === summary) continue;
        writer.put(key, JSON.stringify(aged));
        changed++;
      }
      return changed;
    });
  }

  get #map(): KeyValueStore {
    return this.options.map();
  }

  async #read<T>(work: (reader: KeyValueReader) => T): Promise<T> {
    return this.#map.read(work);
  }

  async #transact<T>(work: (writer: KeyValueWriter, books: Books) => T): Promise<T> {
    const { result, fresh } = await this.#map.write((writer) => {
      const books = new Books(writer, this.#numbers);
      const result = work(writer, books);
      return { result, fresh: books.close() };
    });
    for (const [facts, number] of fresh) this.#numbers.set(facts, number);
    return result;
  }

  /** A full page, if there are so many: what is damaged takes nobody's place. */
  #page(reader: KeyValueReader, filter: Filter, { limit, after, oldestFirst }: Page): Entry[] {
    const entries: Entry[] = [];
    let last = after;
    while (true) {
      const wanted = entries.length === 0 ? limit : Math.max(limit - entries.length, LEAST_READ);
      const spotted = scan(reader, filter, { limit: wanted, after: last, oldestFirst });
      entries.push(...this.#entries(reader, spotted));
      if (entries.length >= limit || spotted.length < wanted) return entries.slice(0, limit);
      last = spotted.at(-1)?.id;
    }
  }

  /** Those that can be read; a damaged one is put aside, and the others are served. */
  #entries(reader: KeyValueReader, spotted: readonly Spotted[]): Entry[] {
    return spotted.flatMap(({ id, kept }) => {
      try {
        const found = find(reader, id, kept && decodeState(kept.text, kept.status));
        if (found !== undefined) return [{ state: found.state, body: decodeBody(found.body) }];
        if (kept !== undefined) this.#quarantine(id, "its record is missing");
        return [];
      } catch (error) {
        if (error instanceof AdapterError) throw error; // the store cannot be read at all
        this.#quarantine(id, (error as Error).message);
        return [];
      }
    });
  }

  #quarantine(id: string, problem: string): void {
    const moving = this.#transact((writer, books) => quarantine(writer, books, id));
    const tell = (): void => this.options.onCorrupt(id, problem);
    moving.then((isMoved) => isMoved && tell(), tell); // of those who found it at once, one tells
  }
}

interface TimedInput {
  readonly id: string;
  readonly input: Input;
  readonly now: number;
}

function changed(writer: KeyValueWriter, books: Books, { id, input, now }: TimedInput): Changed {
  return isEntryId(id) ? changeOne(writer, books, id, input, now) : NOT_FOUND;
}
