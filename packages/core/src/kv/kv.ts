/** One entry of an ordered map. @public */
export type KeyValue = readonly [key: string, value: string];

/** Keys from `from` (included) to `to` (excluded). @public */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
  /** The highest key first. */
  readonly reverse?: boolean;
  /** At most so many entries. */
  readonly limit?: number;
}

/** @public */
export interface KeyValueReader {
  get(key: string): string | undefined;
  /** The entries as they are now; what is written while they are walked through does not change the answer. */
  range(range: KeyRange): KeyValue[];
  /** The same without the values. */
  keys(range: KeyRange): string[];
}

/** @public */
export interface KeyValueWriter extends KeyValueReader {
  put(key: string, value: string): void;
  delete(key: string): void;
}

/**
 * An ordered map with atomic transactions: the engine that stores are written for, in memory or on a disk. Keys are 1 to
 * 500 printable ASCII characters and ordered by them; values are any text.
 * @public
 */
export interface KeyValueStore {
  /** Where it is kept: `memory`, or the folder. */
  readonly location: string;
  /** Whether what was written outlives the process. */
  readonly durable: boolean;
  /** Runs `work` on one state of the map. Throws what `work` throws, and `AdapterError` when the map cannot be read. */
  read<T>(work: (reader: KeyValueReader) => T): T;
  /**
   * Runs `work` alone among all who share the map, and resolves when what it wrote is as durable as the engine makes it.
   * When `work` throws, nothing of it remains and the promise rejects with what it threw. `work` is synchronous, and is
   * run at most once. Rejects with `AdapterError` when the map cannot be written.
   */
  write<T>(work: (writer: KeyValueWriter) => T): Promise<T>;
  /** Ends what is under way. Idempotent. */
  close(): Promise<void>;
}

/** The range of all keys that begin with the prefix. @public */
export function withPrefix(prefix: string): { from: string; to: string } {
  const last = prefix.charCodeAt(prefix.length - 1);
  return { from: prefix, to: `${prefix.slice(0, -1)}${String.fromCharCode(last + 1)}` };
}
