import type { EntryStatus } from "@baldur/core/plugin";
import type { Filter, GroupCount, NewEntry, Page } from "../store.js";
import type { Group } from "./groups.js";

/** Tells a state from every other one that the entry had or will have. */
export type Mark = string;

/** A state as it is kept. */
export interface StateRow {
  readonly id: string;
  /** Undefined where it is missing, or says none that there is. */
  readonly status: EntryStatus | undefined;
  /** As `encodeState` wrote it. */
  readonly text: string;
  readonly mark: Mark;
}

/** An entry as it is kept. */
export interface EntryRow extends StateRow {
  /** Undefined where it is missing. */
  readonly body: string | undefined;
}

export interface RowPage {
  readonly rows: readonly EntryRow[];
  /** The id behind which there may be more. */
  readonly next: string | undefined;
}

/** A new entry with its group. */
export interface Filed extends NewEntry {
  readonly group: Group;
}

/** How many open entries there may be: of a domain, by its number, or of all. */
export interface Limit {
  readonly number: number;
  readonly cap: number;
  /** Open entries that come to it. */
  readonly wanted: number;
}

export type Added =
  | {
      readonly isFull: false;
      /** Ids that were there already, and stayed as they were. */
      readonly known: ReadonlySet<string>;
      /** Limits that may be exceeded now, and by how many entries. */
      readonly excess: ReadonlyMap<number, number>;
    }
  /** Nothing was added: there is no room for all of it. */
  | { readonly isFull: true; readonly open: ReadonlyMap<number, number> };

/** A state that takes another's place. */
export interface Move {
  readonly id: string;
  readonly mark: Mark;
  readonly from: EntryStatus;
  readonly to: EntryStatus;
  /** As `encodeState` writes it. */
  readonly text: string;
}

export interface Evicted {
  /** Whether the entries went: all or none. */
  readonly isDone: boolean;
  /** Open entries beyond the cap, afterwards. */
  readonly excess: number;
}

/** Small records by key: who is at work, who has a lease, what is left of entries that made room. */
export type RecordKind = "owner" | "lease" | "summary";

export interface RecordSwap {
  readonly key: string;
  /** What must be there: undefined is nothing. Left out, it may be anything. */
  readonly expected?: { readonly text: string | undefined };
  /** What is there afterwards: undefined is nothing. */
  readonly text: string | undefined;
}

/**
 * What a server does for a dead-letter queue, each in one step that all processes see done or not done. It compares and
 * sets; what is right to set is decided by whoever asks. Rejects with `AdapterError`.
 */
export interface Engine {
  /** At most so much is added or changed at a time. */
  readonly largest: { readonly entries: number; readonly bytes: number };
  /** Additions, and changes, that are worth having under way at a time: while one is answered, the next is made ready. */
  readonly flights: number;
  prepare(): Promise<void>;
  /** Which of these are there. */
  known(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Adds the entries, and groups that are new; unless it is forced to, only where there is room for all of them. */
  add(entries: readonly Filed[], limits: readonly Limit[], isForced: boolean): Promise<Added>;
  entries(ids: readonly string[]): Promise<readonly EntryRow[]>;
  states(ids: readonly string[]): Promise<readonly StateRow[]>;
  page(filter: Filter, page: Page): Promise<RowPage>;
  /** The oldest entries that nobody works on, of a domain or of all. */
  oldest(limit: Pick<Limit, "number">, most: number): Promise<readonly EntryRow[]>;
  /**
   * Moves each state on that still has its mark, and answers their new marks by id. One that is being moved by others at the
   * moment counts as moved, unless it `isPatient`: then it waits to see.
   */
  swap(moves: readonly Move[], isPatient: boolean): Promise<ReadonlyMap<string, Mark>>;
  /** Removes entries that still have their marks, and answers how many. */
  remove(rows: readonly StateRow[]): Promise<number>;
  /** Removes entries and writes summaries, if so many are beyond the cap and nothing of it was changed since. */
  evict(
    limit: Pick<Limit, "number" | "cap">,
    rows: readonly StateRow[],
    summaries: readonly RecordSwap[],
  ): Promise<Evicted>;
  /** Puts aside what there is of an entry that was read; false where there is nothing any more. */
  quarantine(row: EntryRow): Promise<boolean>;
  counts(): Promise<readonly GroupCount[]>;
  /** Records by key; those of all keys, unless some are named. */
  records(kind: RecordKind, keys?: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Each by itself; answers how many were swapped. */
  swapRecords(kind: RecordKind, swaps: readonly RecordSwap[]): Promise<number>;
}
