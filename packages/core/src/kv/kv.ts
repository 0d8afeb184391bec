import { invalid } from "../errors.js";

/** One entry of an ordered map. @public */
export type KeyValue = readonly [key: string, value: string];

/** Keys from `from` (included) to `to` (excluded), which need not be keys themselves: any text of at most 501 characters. @public */
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
 * 500 printable ASCII characters and ordered by them. Values are text of any length; what is no Unicode (half of a
 * surrogate pair) comes back as U+FFFD.
 * @public
 */
export interface KeyValueStore {
  /** Where it is kept: `memory`, or the folder. */
  readonly location: string;
  /** Whether what was written outlives the process. */
  readonly durable: boolean;
  /**
   * Runs `work` on one state of the map: the latest that was written by anyone. Throws what `work` throws, and
   * `AdapterError` when the map cannot be read.
   */
  read<T>(work: (reader: KeyValueReader) => T): T;
  /**
   * Runs `work` alone among all who share the map, and resolves when what it wrote is as durable as the engine makes it.
   * When `work` throws, nothing of it remains and the promise rejects with what it threw. `work` is synchronous, is run at
   * most once, and its writer is of no use afterwards. Rejects with `AdapterError` when the map cannot be written: then
   * nothing of it remains either, and `work` may have been run or not.
   */
  write<T>(work: (writer: KeyValueWriter) => T): Promise<T>;
  /** Resolves when what is under way has ended. Idempotent. Afterwards reads throw and writes reject with `AdapterError`. */
  close(): Promise<void>;
}

const LONGEST_KEY = 500;
const KEY = new RegExp(`^[\\x20-\\x7e]{1,${LONGEST_KEY}}$`);

/** For engines: throws `ConfigurationError` for what is no key. @public */
export function checkKey(key: string): void {
  if (typeof key !== "string" || !KEY.test(key))
    throw invalid("a key", `1 to ${LONGEST_KEY} printable ASCII characters`, key);
}

/** The range of all keys that begin with the prefix, which is not empty. @public */
export function withPrefix(prefix: string): { from: string; to: string } {
  const last = prefix.charCodeAt(prefix.length - 1);
  return { from: prefix, to: `${prefix.slice(0, -1)}${String.fromCharCode(last + 1)}` };
}
