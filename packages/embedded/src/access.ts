import { AdapterError } from "@baldur/core";
import { checkKey, type KeyRange, type KeyValue, type KeyValueReader } from "@baldur/core/plugin";
import type { Database } from "./database.js";

/** What the engine throws is told as an `AdapterError`. */
export class Reader implements KeyValueReader {
  constructor(private readonly database: Database) {}

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

/** Writes changes as they were gathered. Throws `AdapterError`, and the transaction is then to be given up. */
export function writeAll(database: Database, changes: ReadonlyMap<string, string | undefined>): void {
  try {
    for (const [key, value] of changes) {
      if (value === undefined) database.removeSync(key);
      else database.putSync(key, value);
    }
  } catch (error) {
    throw failed("written", error);
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
