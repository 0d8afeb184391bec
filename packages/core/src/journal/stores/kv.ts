import type { HotClock } from "../../clock.js";
import type { KeyValueStore } from "../../kv/kv.js";
import { encode } from "../entry.js";
import { highest, idFloor } from "../id.js";
import type { Range } from "../query.js";
import { type Stored, scan } from "../scan.js";
import type { JournalStore, OnDamaged, Pruning, StorePage, StoreQuery } from "../store.js";
import type { JournalEntry } from "../types.js";

const PREFIX = "journal:";
/** Entries, by their ids. */
const ENTRY = `${PREFIX}entry:`;
/** When they were last pruned, in wall milliseconds. */
const PRUNED = `${PREFIX}pruned`;
const FIRST = " ";
const LAST = "~";
/** Keys looked at, or removed, without letting anything else have its turn. */
const AT_ONCE = 1000;

export interface KvJournalStoreOptions {
  readonly store: KeyValueStore;
  readonly clock: HotClock;
  readonly onDamaged: OnDamaged;
}

/** Entries in an ordered map, and so of all processes that share it. */
export class KvJournalStore implements JournalStore {
  constructor(private readonly options: KvJournalStoreOptions) {}

  async append(entries: readonly JournalEntry[]): Promise<void> {
    await this.options.store.write((writer) => {
      for (const entry of entries) writer.put(`${ENTRY}${entry.id}`, encode(entry));
    });
  }

  page(query: StoreQuery): Promise<StorePage> {
    return scan(query, (range, limit) => this.#read(range, limit), this.options.onDamaged);
  }

  async prune({ keep, before, interval }: Pruning): Promise<void> {
    if (!(await this.#begins(interval))) return;
    const to = highest(`${ENTRY}${idFloor(before)}`, await this.#oldestOf(keep));
    while ((await this.#remove(to)) === AT_ONCE) await this.#turn();
  }

  async #read({ above, below }: Range, limit: number): Promise<readonly Stored[]> {
    await this.#turn();
    // Behind the key itself, and before any that goes on as an id does.
    const range = { from: `${ENTRY}${above}${FIRST}`, to: `${ENTRY}${below}`, reverse: true, limit };
    const found = this.options.store.read((reader) => reader.range(range));
    return found.map(([key, text]) => ({ id: key.slice(ENTRY.length), text }));
  }

  /** One of those who share the map begins. */
  #begins(interval: number): Promise<boolean> {
    const now = this.options.clock.now();
    return this.options.store.write((writer) => {
      const last = Number(writer.get(PRUNED) ?? Number.NEGATIVE_INFINITY);
      if (last <= now && now - last < interval) return false;
      writer.put(PRUNED, String(now));
      return true;
    });
  }

  /** The key of the oldest one among so many of the newest; where there are not so many, what is below all. */
  async #oldestOf(count: number): Promise<string> {
    let to = `${ENTRY}${LAST}`;
    for (let left = count; left > 0; ) {
      const range = { from: ENTRY, to, reverse: true, limit: Math.min(left, AT_ONCE) };
      const keys = this.options.store.read((reader) => reader.keys(range));
      if (keys.length < range.limit) return ENTRY;
      left -= keys.length;
      to = keys.at(-1) as string;
      await this.#turn();
    }
    return to;
  }

  #remove(to: string): Promise<number> {
    return this.options.store.write((writer) => {
      const keys = writer.keys({ from: ENTRY, to, limit: AT_ONCE });
      for (const key of keys) writer.delete(key);
      return keys.length;
    });
  }

  /** What else is due in this turn of the event loop goes first. */
  #turn(): Promise<void> {
    return new Promise((resolve) => this.options.clock.onTurnEnd(resolve));
  }
}
