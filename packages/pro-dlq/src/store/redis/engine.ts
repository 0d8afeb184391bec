import type { RedisClient, RedisReply, RedisScript } from "@baldur/core/plugin";
import { EVICTABLE } from "../../entry/entry.js";
import type {
  Added,
  Engine,
  EntryRow,
  Evicted,
  Filed,
  Limit,
  Mark,
  Move,
  RecordKind,
  RecordSwap,
  RowPage,
  StateRow,
} from "../fleet/engine.js";
import { EVERYTHING } from "../fleet/groups.js";
import type { Filter, GroupCount, Page } from "../store.js";
import { addCall, type Call, putAsideCall, removeCall, swapCall, swapRecordsCall } from "./arguments.js";
import { Census } from "./census.js";
import { type Durability, tellDurability } from "./durability.js";
import { pairsOf } from "./hash.js";
import { Keys, type Place, placeName, written } from "./keys.js";
import { add, putAside, remove, swap, swapRecords } from "./scripts.generated.js";
import { entryRows, type Texts } from "./states.js";

export interface RedisEngineOptions {
  readonly client: RedisClient;
  /** Told once, about what this Redis may lose. */
  readonly onDurability: (found: Durability) => void;
}

/** Redis does nothing else meanwhile: so many, of so many characters, take it half a millisecond. */
const MOST = 128;
const LONGEST = 256 * 1024;
const LOWEST_FIRST = ["-", "+"] as const;

/** A dead-letter queue in Redis. */
export class RedisEngine implements Engine {
  readonly largest: Engine["largest"] = { entries: MOST, bytes: LONGEST };
  readonly flights = 2;
  readonly #client: RedisClient;
  readonly #keys: Keys;
  readonly #census: Census;

  constructor(private readonly options: RedisEngineOptions) {
    this.#client = options.client;
    this.#keys = new Keys(options.client.prefix);
    this.#census = new Census(options.client, this.#keys);
  }

  async prepare(): Promise<void> {
    tellDurability(this.#client, this.options.onDurability);
  }

  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const records = await this.#fields(this.#keys.entries, ids);
    return new Set(ids.filter((_, index) => records[index] !== null));
  }

  async add(entries: readonly Filed[], limits: readonly Limit[], isForced: boolean): Promise<Added> {
    const { order, ...call } = addCall(this.#keys, entries, limits, isForced);
    const reply = await this.#run(add, call);
    const [isAdded, counts, positions = []] = reply as [string, number[], number[]?];
    const open = new Map(limits.map(({ number }, index) => [number, counts[index] as number]));
    if (isAdded === "0") return { isFull: true, open };
    const known = new Set(positions.map((position) => (order[position - 1] as Filed).id));
    const excess = limits.map(({ number, cap }) => [number, (open.get(number) as number) - cap] as const);
    return { isFull: false, known, excess: new Map(excess.filter(([, beyond]) => beyond > 0)) };
  }

  async entries(ids: readonly string[]): Promise<readonly EntryRow[]> {
    const [states, records] = await this.#texts(ids);
    const isThere = (index: number): boolean => states[index] != null || records[index] != null;
    return entryRows(ids, states, records).filter((_, index) => isThere(index));
  }

  /** Bodies are read where they are of no use: with the states in which they came, of entries that were never changed. */
  async states(ids: readonly string[]): Promise<readonly StateRow[]> {
    return (await this.#rows(ids)).filter(({ mark }) => mark !== "");
  }

  async page(filter: Filter, page: Page): Promise<RowPage> {
    const { status } = filter;
    const ids = await this.#spot(await this.#census.places(filter), page);
    const rows = await this.#rows(ids);
    return {
      // One that moved on while it was looked for is somewhere else.
      rows: rows.filter((row) => status === undefined || (row.status ?? status) === status),
      next: ids.length === page.limit ? ids.at(-1) : undefined,
    };
  }

  /** No more than can be evicted at a time. */
  async oldest({ number }: Pick<Limit, "number">, most: number): Promise<readonly EntryRow[]> {
    const all = await this.#census.belongings();
    const places = all.filter(
      ({ status, domain }) =>
        EVICTABLE.includes(status) && (number === EVERYTHING || domain === written(number)),
    );
    return this.#rows(await this.#spot(places, { limit: Math.min(most, MOST), oldestFirst: true }));
  }

  async swap(moves: readonly Move[]): Promise<ReadonlyMap<string, Mark>> {
    const marks = new Map<string, Mark>();
    await Promise.all(
      partsOf(moves).map(async (part) => {
        const { runs, ...call } = swapCall(this.#keys, part);
        const stayed = new Set((await this.#run(swap, call)) as readonly number[]);
        let position = 0;
        for (const { moves: made, mark } of runs)
          for (const { id } of made) if (!stayed.has(++position)) marks.set(id, mark);
      }),
    );
    return marks;
  }

  async remove(rows: readonly StateRow[]): Promise<number> {
    const removed = await Promise.all(
      partsOf(rows).map(async (part) => {
        const [count] = (await this.#run(remove, removeCall(this.#keys, part))) as [number];
        return count;
      }),
    );
    return removed.reduce((sum, count) => sum + count, 0);
  }

  async evict(
    limit: Pick<Limit, "number" | "cap">,
    rows: readonly StateRow[],
    summaries: readonly RecordSwap[],
  ): Promise<Evicted> {
    const reply = await this.#run(remove, removeCall(this.#keys, rows, limit, summaries));
    const [count, excess] = reply as [number, number];
    return { isDone: count === rows.length, excess };
  }

  async quarantine(row: EntryRow): Promise<boolean> {
    const places = await this.#census.belongings();
    return (await this.#run(putAside, putAsideCall(this.#keys, row, places))) === 1;
  }

  counts(): Promise<readonly GroupCount[]> {
    return this.#census.counts();
  }

  async records(kind: RecordKind, keys?: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const hash = this.#keys.records(kind);
    if (keys === undefined) return pairsOf(await this.#client.command("HGETALL", hash));
    if (keys.length === 0) return new Map();
    const texts = (await this.#client.command("HMGET", hash, ...keys)) as readonly (string | null)[];
    return new Map(
      keys.flatMap((key, index) => (texts[index] == null ? [] : [[key, texts[index] as string] as const])),
    );
  }

  async swapRecords(kind: RecordKind, swaps: readonly RecordSwap[]): Promise<number> {
    const hash = this.#keys.records(kind);
    const swapped = partsOf(swaps).map((part) => this.#run(swapRecords, swapRecordsCall(hash, part)));
    return ((await Promise.all(swapped)) as number[]).reduce((sum, count) => sum + count, 0);
  }

  /** Ids of some places, in order: the first ones of each, and of these the first. */
  async #spot(places: readonly Place[], { limit, after, oldestFirst = false }: Page): Promise<string[]> {
    if (places.length === 0) return [];
    const beyond = after === undefined ? undefined : `(${after}`;
    const [lowest, highest] = LOWEST_FIRST;
    const range = oldestFirst
      ? [beyond ?? lowest, highest, "BYLEX", "LIMIT", 0, limit]
      : [beyond ?? highest, lowest, "BYLEX", "REV", "LIMIT", 0, limit];
    const found = await this.#client.batch(
      places.map((place) => ["ZRANGE", this.#keys.place(placeName(place)), ...range] as const),
    );
    if (found.length === 1) return found[0] as string[];
    const ids = new Set(found.flat() as string[]); // one that moved meanwhile may be in two
    const sorted = [...ids].sort();
    return (oldestFirst ? sorted : sorted.reverse()).slice(0, limit);
  }

  async #rows(ids: readonly string[]): Promise<EntryRow[]> {
    return entryRows(ids, ...(await this.#texts(ids)));
  }

  /** States and records. States first: of an entry that comes in between there is none, or all. */
  #texts(ids: readonly string[]): Promise<[Texts, Texts]> {
    const { states, entries } = this.#keys;
    return Promise.all([this.#fields(states, ids), this.#fields(entries, ids)]);
  }

  async #fields(hash: string, names: readonly string[]): Promise<Texts> {
    const read = partsOf(names).map((part) => this.#client.command("HMGET", hash, ...part));
    return ((await Promise.all(read)) as Texts[]).flat();
  }

  #run(script: RedisScript, { keys, args }: Call): Promise<RedisReply> {
    return this.#client.run(script, keys, args);
  }
}

/** As few as there can be, equally large. */
function partsOf<T>(items: readonly T[]): (readonly T[])[] {
  const size = Math.ceil(items.length / Math.ceil(items.length / MOST));
  const parts: (readonly T[])[] = [];
  for (let from = 0; from < items.length; from += size) parts.push(items.slice(from, from + size));
  return parts;
}
