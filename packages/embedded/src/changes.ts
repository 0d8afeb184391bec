import { AdapterError } from "@baldur/core";
import { checkKey, type KeyRange, type KeyValue, type KeyValueWriter } from "@baldur/core/plugin";
import type { Reader } from "./access.js";

/** New values by key; undefined: the key goes. */
type Changes = ReadonlyMap<string, string | undefined>;

/**
 * What the works of one transaction change, gathered in memory: a work that throws leaves nothing, and what a hundred works
 * count up is written once.
 */
export class BatchChanges {
  readonly #kept = new Map<string, string | undefined>();

  constructor(private readonly reader: Reader) {}

  /** Runs a work on the state that those before it left. Throws what it throws, and then nothing of it is kept. */
  run<T>(work: (writer: KeyValueWriter) => T): T {
    const writer = new WorkWriter(this.reader, this.#kept);
    try {
      const value = work(writer);
      for (const [key, change] of writer.changes) this.#kept.set(key, change);
      return value;
    } finally {
      writer.end();
    }
  }

  get all(): Changes {
    return this.#kept;
  }
}

/** Of one work: the engine's state with the changes of the works before it, and its own. */
class WorkWriter implements KeyValueWriter {
  readonly changes = new Map<string, string | undefined>();
  #ended = false;

  constructor(
    private readonly reader: Reader,
    private readonly earlier: Changes,
  ) {}

  get(key: string): string | undefined {
    if (this.changes.has(key)) return this.changes.get(key);
    return this.earlier.has(key) ? this.earlier.get(key) : this.reader.get(key);
  }

  range(range: KeyRange): KeyValue[] {
    const changed = new Map([...within(this.earlier, range), ...within(this.changes, range)]);
    if (changed.size === 0) return this.reader.range(range);
    // Every change may take one of the engine's entries away.
    const { limit = Number.POSITIVE_INFINITY, ...bounds } = range;
    const wide = limit === Number.POSITIVE_INFINITY ? bounds : { ...bounds, limit: limit + changed.size };
    const found = new Map(this.reader.range(wide).filter(([key]) => !changed.has(key)));
    for (const [key, value] of changed) if (value !== undefined) found.set(key, value);
    const merged = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
    return (range.reverse ? merged.reverse() : merged).slice(0, limit);
  }

  keys(range: KeyRange): string[] {
    return this.range(range).map(([key]) => key);
  }

  put(key: string, value: string): void {
    this.#change(key, value);
  }

  delete(key: string): void {
    this.#change(key, undefined);
  }

  end(): void {
    this.#ended = true;
  }

  #change(key: string, value: string | undefined): void {
    if (this.#ended) throw new AdapterError("a writer is of no use once its work has ended");
    checkKey(key);
    this.changes.set(key, value);
  }
}

function within(changes: Changes, { from, to }: KeyRange): [string, string | undefined][] {
  return [...changes].filter(([key]) => key >= from && key < to);
}
