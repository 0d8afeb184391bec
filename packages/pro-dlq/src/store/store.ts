import type { EntryStatus } from "@baldur/core/plugin";
import type { Entry, EntryState } from "../entry/entry.js";
import type { Input, Refusal } from "../entry/transition.js";
import type { CompressedSummary } from "./compressed.js";

/** Which entries. What is absent does not narrow. */
export interface Filter {
  readonly status?: EntryStatus;
  readonly domain?: string;
  readonly name?: string;
  readonly failureType?: string;
}

export interface Page {
  readonly limit: number;
  /** The id that ended the page before. */
  readonly after?: string | undefined;
  readonly oldestFirst?: boolean | undefined;
}

export type OverflowStrategy = "drop_oldest" | "reject" | "compress_oldest";

export interface Capacity {
  /** Open entries in all, and of one domain. */
  readonly total: number;
  readonly perDomain: number;
  readonly strategy: OverflowStrategy;
}

/** A new entry as text, with what the store keeps order by. */
export interface NewEntry {
  readonly id: string;
  readonly name: string;
  readonly domain: string;
  readonly failureType: string;
  readonly state: EntryState;
  /** JSON of the body. */
  readonly body: string;
}

export type AddOutcome = "added" | "known" | "dlq_capacity_exceeded" | "domain_capacity_exceeded";

export interface AddResult {
  readonly outcomes: readonly AddOutcome[];
  /** Entries that had to go, by domain. */
  readonly evicted: ReadonlyMap<string, number>;
  /** Nothing could be evicted, so there are more entries than the capacity allows. */
  readonly overfull: boolean;
}

/** What is to become of an entry. */
export interface Change {
  readonly id: string;
  readonly input: Input;
}

/** An answer to a change of one entry: the state in which it is now. */
export type Changed =
  | { readonly state: EntryState }
  | { readonly refused: Refusal | "not_found"; readonly state?: EntryState };

/** What entries are counted and kept in order by. */
export interface GroupFacts {
  readonly name: string;
  readonly domain: string;
  readonly failureType: string;
}

export interface GroupCount extends GroupFacts {
  readonly counts: Readonly<Partial<Record<EntryStatus, number>>>;
}

/** Says who is at work, so that others know when it is not any more. */
export interface OwnerRecord {
  readonly host: string;
  readonly pid: number;
  /** Wall milliseconds; renewed while it lives. */
  readonly until: number;
}

/** Which entries a job of maintenance is about. */
export interface Sweep {
  readonly status: EntryStatus;
  /** Only entries made before this time. */
  readonly before: number;
  /** Looked at, in the order in which they were made, from after this id. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/**
 * Keeps entries. A change of state is decided by `transition` alone; a store makes it atomic among all processes. Rejects with
 * `AdapterError` when it cannot be read or written, and then nothing was changed, unless the answer of a server was lost, or
 * more entries were to be added than it takes at a time: then some of them may be there.
 */
export interface DlqStore {
  /** Additions that are worth having under way at a time. Default 1. */
  readonly flights?: number;
  /** Makes it ready to be used, where there is something to be made. It may be used before: then it waits for that. */
  prepare?(): Promise<void>;
  /**
   * Adds entries; durable when resolved. Those that are there already stay as they are, where `mayBeKnown` (default: they may)
   * says so when they are about to be written.
   */
  add(entries: readonly NewEntry[], capacity: Capacity, mayBeKnown?: () => boolean): Promise<AddResult>;
  get(id: string): Promise<Entry | undefined>;
  /** The newest first, unless asked otherwise. */
  list(filter: Filter, page: Page): Promise<readonly Entry[]>;
  /** Applies inputs, each to its entry, which is changed as a whole or not at all; together with what others ask for. */
  change(changes: readonly Change[], now: number): Promise<readonly Changed[]>;
  counts(): Promise<readonly GroupCount[]>;
  /** A page of the entries in a state that were made before a time, the oldest first. */
  due(sweep: Sweep): Promise<readonly Entry[]>;
  remove(ids: readonly string[], only: EntryStatus): Promise<number>;
  renewOwner(owner: string, record: OwnerRecord): Promise<void>;
  /** With `seen`, only where nothing else was said since. */
  removeOwner(owner: string, seen?: OwnerRecord): Promise<void>;
  owners(): Promise<ReadonlyMap<string, OwnerRecord>>;
  /** Whether the lease on what is named is the owner's now: it was free, ran out, or its holder is gone. */
  lease(
    what: string,
    holder: string,
    until: number,
    isFree: (holder: string, until: number, owner: OwnerRecord | undefined) => boolean,
  ): Promise<boolean>;
  endLease(what: string, holder: string): Promise<void>;
  summaries(limit: number): Promise<readonly CompressedSummary[]>;
  /** Moves summaries along with their age; answers how many. */
  ageSummaries(staleBefore: number, archiveBefore: number, now: number): Promise<number>;
}
