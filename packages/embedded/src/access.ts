import { AdapterError } from "@baldur/core";
import {
  checkKey,
  type KeyRange,
  type KeyValue,
  type KeyValueReader,
  type KeyValueWriter,
} from "@baldur/core/plugin";
import type { Database } from "./database.js";

/** What the engine throws is told as an `AdapterError`. */
export class Reader implements KeyValueReader {
  constructor(protected readonly database: Database) {}

  get(key: string): string | undefined {
    checkKey(key);
    try {
      return this.database.get(key);
    } catch (error) {
      throw failed("read", error);
    }
  }

  range(range: KeyRange): KeyValue[] {
    const found: KeyValue[] = [];
    try {
      for (const { key, value } of this.database.getRange(bounds(range))) found.push([key, value]);
    } catch (error) {
      throw failed("read", error);
    }
    return found;
  }

  keys(range: KeyRange): string[] {
    const found: string[] = [];
    try {
      for (const key of this.database.getKeys(bounds(range))) found.push(key);
    } catch (error) {
      throw failed("read", error);
    }
    return found;
  }
}

/** Of one work. */
export class Writer extends Reader implements KeyValueWriter {
  #ended = false;

  put(key: string, value: string): void {
    this.#change(key, () => this.database.putSync(key, value));
  }

  delete(key: string): void {
    this.#change(key, () => this.database.removeSync(key));
  }

  end(): void {
    this.#ended = true;
  }

  #change(key: string, change: () => unknown): void {
    if (this.#ended) throw new AdapterError("a writer is of no use once its work has ended");
    checkKey(key);
    try {
      change();
    } catch (error) {
      throw failed("written", error);
    }
  }
}

function failed(what: "read" | "written", cause: unknown): AdapterError {
  return new AdapterError(`the embedded store cannot be ${what}: ${(cause as Error).message}`, { cause });
}

/** The engine begins at `start`, and leaves `end` out. */
function bounds({ from, to, reverse = false, limit }: KeyRange): object {
  const order = reverse
    ? { start: to, end: from, reverse, exclusiveStart: true, inclusiveEnd: true }
    : { start: from, end: to };
  return limit === undefined ? order : { ...order, limit };
}
