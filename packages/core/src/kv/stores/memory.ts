import { AdapterError } from "../../errors.js";
import {
  checkKey,
  type KeyRange,
  type KeyValue,
  type KeyValueReader,
  type KeyValueStore,
  type KeyValueWriter,
} from "../kv.js";
import { SortedMap } from "./sorted-map.js";

/** An ordered map in the memory of the process: forgets with it. @public */
export class MemoryKeyValueStore implements KeyValueStore {
  readonly location = "memory";
  readonly durable: boolean = false;
  readonly #map = new SortedMap();
  readonly #reader = new Reader(this.#map);
  #writing = false;
  #closed = false;

  read<T>(work: (reader: KeyValueReader) => T): T {
    this.#assertOpen();
    return work(this.#reader);
  }

  async write<T>(work: (writer: KeyValueWriter) => T): Promise<T> {
    this.#assertOpen();
    while (this.#writing) await Promise.resolve(); // called by a work, which must not take back what this one writes
    const writer = new UndoableWriter(this.#map);
    this.#writing = true;
    try {
      return work(writer);
    } catch (error) {
      writer.undo();
      throw error;
    } finally {
      this.#writing = false;
      writer.end();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #assertOpen(): void {
    if (this.#closed) throw new AdapterError("the key-value store in memory is closed");
  }
}

class Reader implements KeyValueReader {
  constructor(protected readonly map: SortedMap) {}

  get(key: string): string | undefined {
    checkKey(key);
    return this.map.get(key);
  }

  range(range: KeyRange): KeyValue[] {
    return this.map.range(range);
  }

  keys(range: KeyRange): string[] {
    return this.map.keys(range);
  }
}

/** Remembers what was there before. */
class UndoableWriter extends Reader implements KeyValueWriter {
  readonly #before: [key: string, value: string | undefined][] = [];
  #ended = false;

  put(key: string, value: string): void {
    this.#remember(key);
    this.map.set(key, wellFormed(value));
  }

  delete(key: string): void {
    this.#remember(key);
    this.map.delete(key);
  }

  undo(): void {
    for (const [key, value] of this.#before.reverse()) {
      if (value === undefined) this.map.delete(key);
      else this.map.set(key, value);
    }
  }

  end(): void {
    this.#ended = true;
  }

  #remember(key: string): void {
    if (this.#ended) throw new AdapterError("a writer is of no use once its work has ended");
    checkKey(key);
    this.#before.push([key, this.map.get(key)]);
  }
}

/** As an engine on a disk keeps it. */
function wellFormed(value: string): string {
  return (value as string & { toWellFormed(): string }).toWellFormed();
}
