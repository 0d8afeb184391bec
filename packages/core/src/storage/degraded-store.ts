import type { Clock } from "../clock.js";
import { invalid } from "../errors.js";
import type { RedisClient, RedisReply } from "../redis/redis.js";
import type { Access } from "./access.js";
import type { Increments } from "./increments.js";
import type { LocalState } from "./local-state.js";
import { type Change, checkOperation, Keys, type Operation, toCommand } from "./operation.js";
import { SENT_KEPT } from "./replay.js";
import { incrementOnce, scan } from "./scripts.generated.js";

/** @public */
export interface KeptFor {
  /** Milliseconds; default: for ever. */
  readonly ttl?: number;
}

export interface DegradedStoreParts {
  readonly feature: string;
  readonly client: RedisClient;
  readonly clock: Clock;
  readonly access: Access;
  readonly increments: Increments;
}

/**
 * State of one feature that lives in Redis and does not need it. While Redis is away, writes are logged on the disk, then
 * acknowledged; reads answer from what this process has written since, and know nothing else. When Redis is back, what was
 * logged is brought to it: increments are added, each exactly once; of values, fields and members the one that is brought last
 * wins, or what the feature's own merge makes of two values. Rejects with `AdapterError` for an operation that the key's
 * value does not allow, and when neither disk nor memory has room for the log; with `ConfigurationError` for bad arguments.
 */
export class DegradedStore {
  readonly #keys: Keys;

  constructor(private readonly parts: DegradedStoreParts) {
    this.#keys = new Keys(parts.client.prefix, parts.feature);
  }

  async get(key: string): Promise<string | undefined> {
    const found = await this.#read(
      () => this.#ask("GET", key),
      (local) => local.text(this.#feature, key),
    );
    return (found as string | null | undefined) ?? undefined;
  }

  async set(key: string, value: string, kept: KeptFor = {}): Promise<void> {
    await this.#write(key, { op: "set", value, ...this.#until(kept) });
  }

  /** Answers whether there was none, and it is set now. While Redis is away others may do the same. */
  async setnx(key: string, value: string, kept: KeptFor = {}): Promise<boolean> {
    return (await this.#write(key, { op: "setnx", value, ...this.#until(kept) })) === 1;
  }

  async delete(key: string): Promise<void> {
    await this.#write(key, { op: "delete" });
  }

  /**
   * Adds an integer and answers the sum. While Redis is away that is the sum of what this process has added since; what it
   * has added comes to Redis exactly once, also when Redis was lost amid the operation.
   */
  async incr(key: string, by = 1): Promise<number> {
    const { feature, client, access, increments } = this.parts;
    const operation = { feature, key, op: "incr", by } as const;
    checkOperation(operation);
    let number: number | undefined;
    const ask = async (): Promise<number> => {
      number = increments.begin();
      const keys = [this.#keys.of(key), this.#keys.sent(increments.session)];
      return Number(await client.run(incrementOnce, keys, [by, number, increments.settled, SENT_KEPT]));
    };
    let isOpen = false;
    const missed = (error: unknown): Operation => {
      isOpen = number !== undefined && (error as { sent?: unknown }).sent !== false;
      return isOpen ? { ...operation, sent: [increments.session, number as number] } : operation;
    };
    try {
      return await access.write(operation, ask, missed);
    } catch (error) {
      isOpen = false; // not logged, so never asked for again
      throw error;
    } finally {
      if (number !== undefined && !isOpen) increments.settle(number);
    }
  }

  async hset(key: string, fields: Readonly<Record<string, string>>): Promise<void> {
    await this.#write(key, { op: "hset", fields: Object.entries(fields) });
  }

  async hget(key: string, field: string): Promise<string | undefined> {
    const found = await this.#read(
      () => this.#ask("HGET", key, field),
      (local) => local.hash(this.#feature, key).get(field),
    );
    return (found as string | null | undefined) ?? undefined;
  }

  async hgetall(key: string): Promise<Readonly<Record<string, string>>> {
    const found = await this.#read(
      () => this.#ask("HGETALL", key),
      (local) => [...local.hash(this.#feature, key)].flat(),
    );
    return Object.fromEntries(inPairs(found as readonly string[]));
  }

  async hdel(key: string, ...fields: readonly string[]): Promise<void> {
    await this.#write(key, { op: "hdel", fields });
  }

  /** Members and their scores. */
  async zadd(key: string, scores: Readonly<Record<string, number>>): Promise<void> {
    await this.#write(key, { op: "zadd", members: Object.entries(scores) });
  }

  /** Members from rank to rank, both included, the lowest score first; -1 is the last one. */
  async zrange(key: string, start: number, stop: number): Promise<readonly string[]> {
    const found = await this.#read(
      () => this.#ask("ZRANGE", key, start, stop),
      (local) => ranks(local.sortedSet(this.#feature, key), start, stop),
    );
    return found as readonly string[];
  }

  async zrem(key: string, ...members: readonly string[]): Promise<void> {
    await this.#write(key, { op: "zrem", members });
  }

  /** At most 12 MB. Away from Redis, those that were not used for longest may be absent until it is back. */
  async setBlob(key: string, blob: Uint8Array, kept: KeptFor = {}): Promise<void> {
    if (blob.length > LONGEST_BLOB) throw invalid("blob", `at most ${LONGEST_BLOB} bytes`, blob.length);
    const value = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString("base64");
    await this.#write(key, { op: "blob", value, ...this.#until(kept) });
  }

  async getBlob(key: string): Promise<Uint8Array | undefined> {
    const found = await this.get(key);
    return found === undefined ? undefined : Buffer.from(found, "base64");
  }

  /** Keys that begin so, at most `limit`, in no order. Walks through all keys of a server: for operators, not for calls. */
  async scan(prefix: string, limit = 1000): Promise<readonly string[]> {
    const found = new Set<string>();
    for (let cursor = "0"; ; ) {
      const step = await this.#read(
        () => this.parts.client.run(scan, [this.#keys.of(prefix)], [cursor, this.#keys.pattern(prefix)]),
        (local) => ["0", local.keys(this.#feature, prefix).map((key) => this.#keys.of(key))],
      );
      const [next, keys] = step as readonly [string, readonly string[]];
      for (const key of keys) found.add(this.#keys.plain(key));
      cursor = next;
      if (cursor === "0" || found.size >= limit) return [...found].slice(0, limit);
    }
  }

  get #feature(): string {
    return this.parts.feature;
  }

  #ask(name: string, key: string, ...args: readonly (string | number)[]): Promise<RedisReply> {
    return this.parts.client.command(name, this.#keys.of(key), ...args);
  }

  #read(ask: () => Promise<RedisReply>, answer: (local: LocalState) => RedisReply | undefined) {
    return this.parts.access.read(this.#feature, ask, answer);
  }

  /** Answers 1 for what was done, else 0. */
  #write(key: string, change: Change): Promise<number> {
    const { feature, client, clock, access } = this.parts;
    const operation = { feature, key, ...change };
    checkOperation(operation);
    return access.write(operation, async () => {
      const command = toCommand(this.#keys.of(key), change, clock.now());
      return command !== undefined && (await client.command(...command)) !== null ? 1 : 0;
    });
  }

  #until({ ttl }: KeptFor): { until?: number } {
    if (ttl === undefined) return {};
    if (!(ttl > 0)) throw invalid("ttl", "a number of milliseconds above 0", ttl);
    return { until: this.parts.clock.now() + ttl };
  }
}

/** As a record of the log holds it. */
const LONGEST_BLOB = 12_000_000;

function inPairs(list: readonly string[]): [string, string][] {
  return list.flatMap((one, at) => (at % 2 === 0 ? [[one, list[at + 1] as string] as [string, string]] : []));
}

/** As Redis counts ranks. */
function ranks(list: readonly string[], start: number, stop: number): readonly string[] {
  const from = (rank: number): number => (rank < 0 ? Math.max(0, list.length + rank) : rank);
  return stop < -list.length ? [] : list.slice(from(start), from(stop) + 1);
}
