import { invalid } from "../errors.js";
import type { RedisCommand } from "../redis/redis.js";

/** A change of one key: what is logged while Redis is away, and what is done to Redis. `until` is wall time. */
export type Operation = { readonly feature: string; readonly key: string } & Change;

export type Change =
  | { readonly op: "set"; readonly value: string; readonly until?: number }
  /** Only where there is no value yet. */
  | { readonly op: "setnx"; readonly value: string; readonly until?: number }
  | { readonly op: "delete" }
  /** `sent`: Redis may have it already, under this number of that process. */
  | { readonly op: "incr"; readonly by: number; readonly sent?: readonly [session: string, number: number] }
  | { readonly op: "hset"; readonly fields: readonly (readonly [field: string, value: string])[] }
  | { readonly op: "hdel"; readonly fields: readonly string[] }
  | { readonly op: "zadd"; readonly members: readonly (readonly [member: string, score: number])[] }
  | { readonly op: "zrem"; readonly members: readonly string[] }
  /** Base64. */
  | { readonly op: "blob"; readonly value: string; readonly until?: number };

/** Fields or members of one operation: a script takes so many arguments of a command. */
const MOST_PARTS = 1000;
const FEATURE = /^[a-z][a-z0-9-]{0,63}$/;
const LONGEST_KEY = 1000;

/** Throws `ConfigurationError` for what is no name of a feature. */
export function checkFeature(feature: string): void {
  if (!FEATURE.test(feature)) throw invalid("feature", "a word in lower case", feature);
}

/** Throws `ConfigurationError` for a key or an amount that breaks its rule. */
export function checkOperation(operation: Operation): void {
  const { key } = operation;
  if (typeof key !== "string" || key === "" || key.length > LONGEST_KEY)
    throw invalid("key", `a text of 1 to ${LONGEST_KEY} characters`, key);
  if (operation.op === "incr" && !Number.isSafeInteger(operation.by))
    throw invalid("by", "an integer", operation.by);
  if (operation.op === "zadd" && operation.members.some(([, score]) => !Number.isFinite(score)))
    throw invalid("score", "a finite number", Number.NaN);
  const parts = partsOf(operation);
  if (parts === 0 || parts > MOST_PARTS) throw invalid(operation.op, `1 to ${MOST_PARTS} at a time`, parts);
}

function partsOf(change: Change): number {
  if (change.op === "hset" || change.op === "hdel") return change.fields.length;
  return change.op === "zadd" || change.op === "zrem" ? change.members.length : 1;
}

/** The command that does it to the key, by which it is known in Redis; undefined where it is too late for that. */
export function toCommand(key: string, change: Change, now: number): RedisCommand | undefined {
  switch (change.op) {
    case "set":
    case "blob":
      return expiring(["SET", key, change.value], change.until, now) ?? ["DEL", key];
    case "setnx":
      return expiring(["SET", key, change.value, "NX"], change.until, now);
    case "delete":
      return ["DEL", key];
    case "incr":
      return ["INCRBY", key, change.by];
    case "hset":
      return ["HSET", key, ...change.fields.flat()];
    case "hdel":
      return ["HDEL", key, ...change.fields];
    case "zadd":
      return ["ZADD", key, ...change.members.flatMap(([member, score]) => [String(score), member])];
    case "zrem":
      return ["ZREM", key, ...change.members];
  }
}

function expiring(command: RedisCommand, until: number | undefined, now: number): RedisCommand | undefined {
  if (until === undefined) return command;
  const ttl = Math.ceil(until - now);
  return ttl > 0 ? [...command, "PX", ttl] : undefined;
}

/** Where things of a feature are in Redis: all in one place, in a cluster too. */
export class Keys {
  readonly #base: string;

  constructor(prefix: string, feature: string) {
    this.#base = `${prefix}state:{${feature}}`;
  }

  of(key: string): string {
    return `${this.#base}:${key}`;
  }

  /** How far a file of the log was carried out. */
  applied(id: string): string {
    return `${this.#base}~applied:${id}`;
  }

  /** Increments of a process that Redis may have and the process does not know of. */
  sent(session: string): string {
    return `${this.#base}~sent:${session}`;
  }

  /** For `SCAN`. */
  pattern(prefix: string): string {
    return `${this.of(prefix).replaceAll(/[\\*?[\]]/g, "\\$&")}*`;
  }

  /** The key that was given to `of`. */
  plain(key: string): string {
    return key.slice(this.#base.length + 1);
  }
}
