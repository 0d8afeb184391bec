import type { RedisClient } from "../../redis/redis.js";
import { encode } from "../entry.js";
import { idFloor } from "../id.js";
import type { Range } from "../query.js";
import { type Stored, scan } from "../scan.js";
import type { JournalStore, OnDamaged, Pruning, StorePage, StoreQuery } from "../store.js";
import type { JournalEntry } from "../types.js";
import { prune } from "./scripts.generated.js";

/** Between the id of an entry and its text: below everything that an id is made of. */
const SPACE = " ";
const BEYOND_SPACE = "!";

export interface RedisJournalStoreOptions {
  readonly client: RedisClient;
  /** Milliseconds after the last entry at which all may be forgotten, though nobody is there to prune them. */
  readonly retention: number;
  readonly onDamaged: OnDamaged;
}

/**
 * Entries of all processes that share a Redis: members of one sorted set that are ordered by what they are, ids first. To
 * add one again changes nothing.
 */
export class RedisJournalStore implements JournalStore {
  constructor(private readonly options: RedisJournalStoreOptions) {}

  async append(entries: readonly JournalEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const members = entries.flatMap((entry) => [0, `${entry.id}${SPACE}${encode(entry)}`]);
    await this.options.client.batch([
      ["ZADD", this.#key, ...members],
      ["PEXPIRE", this.#key, this.options.retention],
    ]);
  }

  page(query: StoreQuery): Promise<StorePage> {
    return scan(query, (range, limit) => this.#read(range, limit), this.options.onDamaged);
  }

  async prune({ keep, before, interval }: Pruning): Promise<void> {
    const keys = [this.#key, `${this.#root}pruned`];
    await this.options.client.run(prune, keys, [interval, keep, `(${idFloor(before)}`]);
  }

  async #read({ above, below }: Range, limit: number): Promise<readonly Stored[]> {
    const [max, min] = [`(${below}`, `(${above}${BEYOND_SPACE}`];
    const command = ["ZRANGE", this.#key, max, min, "BYLEX", "REV", "LIMIT", 0, limit] as const;
    return ((await this.options.client.command(...command)) as readonly string[]).map(stored);
  }

  get #root(): string {
    return `${this.options.client.prefix}{journal}:`;
  }

  get #key(): string {
    return `${this.#root}entries`;
  }
}

function stored(member: string): Stored {
  const [id = ""] = member.split(SPACE, 1);
  return { id, text: member.slice(id.length + SPACE.length) };
}
