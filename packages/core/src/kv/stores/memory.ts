import { AdapterError } from "../../errors.js";
import type { KeyRange, KeyValue, KeyValueReader, KeyValueStore, KeyValueWriter } from "../kv.js";
import { SortedMap } from "./sorted-map.js";

/** An ordered map in the memory of the process: forgets with it. @public */
export class MemoryKeyValueStore implements KeyValueStore {
  readonly location = "memory";
  readonly durable = false;
  readonly #map = new SortedMap();
  #closed = false;

  read<T>(work: (reader: KeyValueReader) => T): T {
    this.#assertOpen();
    return work(this.#map);
  }

  async write<T>(work: (writer: KeyValueWriter) => T): Promise<T> {
    this.#assertOpen();
    const writer = new UndoableWriter(this.#map);
    try {
      return work(writer);
    } catch (error) {
      writer.undo();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #assertOpen(): void {
    if (this.#closed) throw new AdapterError("the key-value store in memory is closed");
  }
}

/** Remembers what was there before. */
class UndoableWriter implements KeyValueWriter {
  readonly #before: [key: string, value: string | undefined][] = [];

  constructor(private readonly map: SortedMap) {}

  get(key: string): string | undefined {
    return this.map.get(key);
  }

  range(range: KeyRange): KeyValue[] {
    return this.map.range(range);
  }

  keys(range: KeyRange): string[] {
    return this.map.keys(range);
  }

  put(key: string, value: string): void {
    this.#before.push([key, this.map.get(key)]);
    this.map.set(key, value);
  }

  delete(key: string): void {
    this.#before.push([key, this.map.get(key)]);
    this.map.delete(key);
  }

  undo(): void {
    for (const [key, value] of this.#before.reverse()) {
      if (value === undefined) this.map.delete(key);
      else this.map.set(key, value);
    }
  }
}
