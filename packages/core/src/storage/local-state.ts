import { AdapterError } from "../errors.js";
import { BlobBudget } from "./blob-budget.js";
import type { Operation } from "./operation.js";

type Held =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "hash"; readonly fields: Map<string, string> }
  | { readonly kind: "sorted-set"; readonly scores: Map<string, number> };

interface Entry {
  readonly held: Held;
  /** Wall time in milliseconds. */
  readonly until: number;
}

export interface LocalStateParts {
  /** Wall time in milliseconds. */
  readonly now: () => number;
  /** Bytes of blobs; beyond it those leave that were not used for longest. */
  readonly blobBytes: number;
  /** Told how many leave. */
  readonly onBlobsFull: (evicted: number) => void;
}

const INTEGER = /^-?\d+$/;
const FOR_EVER = Number.POSITIVE_INFINITY;

/** What this process wrote since Redis was lost, in memory. It knows nothing of what Redis holds. */
export class LocalState {
  readonly #entries = new Map<string, Entry>();
  readonly #blobs: BlobBudget;

  constructor(private readonly parts: LocalStateParts) {
    this.#blobs = new BlobBudget(parts.blobBytes);
  }

  /** Throws `AdapterError` where the key holds something that the operation cannot change. */
  check(operation: Operation): void {
    const held = this.#find(nameOf(operation));
    if (held === undefined || fits(operation, held)) return;
    throw new AdapterError(`${operation.feature}: ${operation.op} cannot change what ${operation.key} holds`);
  }

  /** What was checked before. Answers the counter, or for `setnx` 1 or 0. */
  apply(operation: Operation): number {
    const name = nameOf(operation);
    switch (operation.op) {
      case "set":
        return this.#put(name, text(operation.value), operation.until);
      case "blob":
        return this.#putBlob(name, operation.value, operation.until);
      case "setnx":
        return this.#find(name) === undefined ? this.#put(name, text(operation.value), operation.until) : 0;
      case "delete":
        return this.#remove(name);
      case "incr":
        return this.#increment(name, operation.by);
      case "hset":
      case "hdel":
        return this.#changeHash(name, operation);
      case "zadd":
      case "zrem":
        return this.#changeSortedSet(name, operation);
    }
  }

  has(operation: Operation): boolean {
    return this.#find(nameOf(operation)) !== undefined;
  }

  text(feature: string, key: string): string | undefined {
    const name = nameOf({ feature, key });
    this.#blobs.used(name);
    const held = this.#find(name);
    return held?.kind === "text" ? held.text : undefined;
  }

  hash(feature: string, key: string): ReadonlyMap<string, string> {
    const held = this.#find(nameOf({ feature, key }));
    return held?.kind === "hash" ? held.fields : new Map();
  }

  /** Members, the lowest score first, and by themselves where scores are the same. */
  sortedSet(feature: string, key: string): readonly string[] {
    const held = this.#find(nameOf({ feature, key }));
    if (held?.kind !== "sorted-set") return [];
    const byScore = [...held.scores].sort(([a, one], [b, other]) => one - other || (a < b ? -1 : 1));
    return byScore.map(([member]) => member);
  }

  keys(feature: string, prefix: string): string[] {
    const start = nameOf({ feature, key: prefix });
    const names = [...this.#entries.keys()].filter((name) => name.startsWith(start));
    return names
      .filter((name) => this.#find(name) !== undefined)
      .map((name) => name.slice(feature.length + 1));
  }

  clear(): void {
    this.#entries.clear();
    this.#blobs.clear();
  }

  #find(name: string): Held | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.until > this.parts.now()) return entry?.held;
    this.#remove(name);
    return undefined;
  }

  #put(name: string, held: Held, until: number = FOR_EVER): 1 {
    this.#blobs.remove(name);
    this.#entries.set(name, { held, until });
    return 1;
  }

  #putBlob(name: string, value: string, until: number | undefined): 1 {
    this.#put(name, text(value), until);
    const leaving = this.#blobs.add(name, value.length);
    for (const other of leaving) this.#entries.delete(other);
    if (leaving.length > 0) this.parts.onBlobsFull(leaving.length);
    return 1;
  }

  #remove(name: string): number {
    this.#blobs.remove(name);
    return Number(this.#entries.delete(name));
  }

  #increment(name: string, by: number): number {
    const held = this.#find(name);
    const value = (held?.kind === "text" ? Number(held.text) : 0) + by;
    this.#put(name, text(String(value)), this.#entries.get(name)?.until);
    return value;
  }

  #changeHash(name: string, change: Extract<Operation, { op: "hset" | "hdel" }>): 1 {
    const held = this.#find(name);
    const fields = held?.kind === "hash" ? held.fields : new Map<string, string>();
    if (change.op === "hset") for (const [field, value] of change.fields) fields.set(field, value);
    else for (const field of change.fields) fields.delete(field);
    return this.#keep(name, { kind: "hash", fields }, fields.size);
  }

  #changeSortedSet(name: string, change: Extract<Operation, { op: "zadd" | "zrem" }>): 1 {
    const held = this.#find(name);
    const scores = held?.kind === "sorted-set" ? held.scores : new Map<string, number>();
    if (change.op === "zadd") for (const [member, score] of change.members) scores.set(member, score);
    else for (const member of change.members) scores.delete(member);
    return this.#keep(name, { kind: "sorted-set", scores }, scores.size);
  }

  /** What is empty is not there. */
  #keep(name: string, held: Held, size: number): 1 {
    if (size > 0) return this.#put(name, held);
    this.#remove(name);
    return 1;
  }
}

function text(value: string): Held {
  return { kind: "text", text: value };
}

function fits(operation: Operation, held: Held): boolean {
  switch (operation.op) {
    case "incr":
      return (
        held.kind === "text" &&
        INTEGER.test(held.text) &&
        Number.isSafeInteger(Number(held.text) + operation.by)
      );
    case "hset":
    case "hdel":
      return held.kind === "hash";
    case "zadd":
    case "zrem":
      return held.kind === "sorted-set";
    default:
      return true;
  }
}

/** A feature's name has no colon. */
function nameOf({ feature, key }: Pick<Operation, "feature" | "key">): string {
  return `${feature}:${key}`;
}
