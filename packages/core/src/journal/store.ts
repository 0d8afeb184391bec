import type { JournalEntry, JournalQuery } from "./types.js";

export interface StoreQuery extends JournalQuery {
  readonly limit: number;
}

export interface StorePage {
  /** The newest first. */
  readonly entries: readonly JournalEntry[];
  /** As `before`, it begins what was not looked at yet. */
  readonly next?: string;
}

export interface Pruning {
  /** The newest that stay. */
  readonly keep: number;
  /** What was made before does not stay. */
  readonly before: Date;
  /** Milliseconds: nothing is done where anyone has done it within that time. */
  readonly interval: number;
}

/** Told the id of a record that is no entry, as often as it is seen. */
export type OnDamaged = (id: string) => void;

/**
 * Keeps entries in the order of their ids. Rejects with `AdapterError` when it cannot be read or written. A record that is
 * damaged is skipped.
 */
export interface JournalStore {
  /** What is there already stays as it is. */
  append(entries: readonly JournalEntry[]): Promise<void>;
  page(query: StoreQuery): Promise<StorePage>;
  prune(pruning: Pruning): Promise<void>;
}
