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
import { entryRow, stateRow } from "./states.js";

export interface RedisEngineOptions {
  readonly client: RedisClient;
  /** Told once, about what this Redis may lose. */
  readonly onDurability: (found: Durability) => void;
}

/** Redis does nothing else meanwhile: so many take it half a millisecond. */
const MOST = 250;
const LOWEST_FIRST = ["-", "+"] as const;

/** A dead-letter queue in Redis. */
export class RedisEngine implements Engine {
  readonly largest: Engine["largest"] = { entries: MOST, bytes: 1024 * 1024 };
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
    const found = await this.states(ids);
    return new Set(found.map(({ id }) => id));
  }

  async add(entries: readonly Filed[], limits: readonly Limit[], isForced: boolean): Promise<Added> {
    const reply = await this.#run(add, addCall(this.#keys, entries, limits, isForced));
    const [isAdded, counts, positions = []] = reply as [string, number[], number[]?];
    const open = new Map(limits.map(({ number }, index) => [number, counts[index] as number]));
    if (isAdded === "0") return { isFull: true, open };
    const known = new Set(positions.map((position) => (entries[position - 1] as Filed).id));
    const excess = limits.map(({ number, cap }) => [number, (open.get(number) as number) - cap] as const);
    return { isFull: false, known, excess: new Map(excess.filter(([, beyond]) => beyond > 0)) };
  }

  async entries(ids: readonly string[]): Promise<readonly EntryRow[]> {
    return (await this.#rows(ids)).filter(({ mark, body }) => mark !== "" || body !== undefined);
  }

  async states(ids: readonly string[]): Promise<readonly StateRow[]> {
    const texts = await this.#texts(ids.map((id) => this.#keys.state(id)));
    return ids.map((id, index) => stateRow(id, texts[index] ?? null)).filter(({ mark }) => mark !== "");
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

  async oldest({ number }: Pick<Limit, "number">, most: number): Promise<readonly EntryRow[]> {
    const all = await this.#census.belongings();
    const places = all.filter(
      ({ status, domain }) =>
        EVICTABLE.includes(status) && (number === EVERYTHING || domain === written(number)),
    );
    return this.#rows(await this.#spot(places, { limit: most, oldestFirst: true }));
  }

  async swap(moves: readonly Move[]): Promise<ReadonlyMap<string, Mark>> {
    const marks = new Map<string, Mark>();
    await Promise.all(
      partsOf(moves).map(async (part) => {
        const { marks: next, ...call } = swapCall(this.#keys, part);
        for (const position of (await this.#run(swap, call)) as readonly number[])
          marks.set((part[position - 1] as Move).id, next[position - 1] as Mark);
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

  async quarantine({ id }: EntryRow): Promise<boolean> {
    const places = await this.#census.belongings();
    return (await this.#run(putAside, putAsideCall(this.#keys, id, places))) === 1;
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
    const ids = new Set(found.flat() as string[]); // one that moved meanwhile may be in two
    const sorted = [...ids].sort();
    return (oldestFirst ? sorted : sorted.reverse()).slice(0, limit);
  }

  async #rows(ids: readonly string[]): Promise<EntryRow[]> {
    const keys = ids.flatMap((id) => [this.#keys.state(id), this.#keys.body(id)]);
    const texts = await this.#texts(keys);
    return ids.map((id, index) => entryRow(id, texts[2 * index] ?? null, texts[2 * index + 1] ?? null));
  }

  async #texts(keys: readonly string[]): Promise<readonly (string | null)[]> {
    if (keys.length === 0) return [];
    return (await this.#client.command("MGET", ...keys)) as readonly (string | null)[];
  }

  #run(script: RedisScript, { keys, args }: Call): Promise<RedisReply> {
    return this.#client.run(script, keys, args);
  }
}

function* parts<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let from = 0; from < items.length; from += MOST) yield items.slice(from, from + MOST);
}

function partsOf<T>(items: readonly T[]): (readonly T[])[] {
  return [...parts(items)];
}
