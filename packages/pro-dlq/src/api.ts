import type { CaptureResult } from "@baldur/core";
import type { EntryStatus, FailedOperation, NewFailedOperation } from "@baldur/core/plugin";
import type { CompressedSummary } from "./store/compressed.js";

/** Options of the plugin; what is absent comes from the settings `replay` and `secrets`. @public */
export interface DlqOptions {
  /** Milliseconds that a process which says nothing is believed to work on what it claimed. Default 30,000. */
  lease?: number;
  replay?: {
    /** Replays per second of one name. Default 50. */
    rate?: number;
    /** Milliseconds after a recovery in which the rate grows from a tenth. Default 30,000. */
    rampUp?: number;
    /** Replays of one name at a time. Default 4. */
    concurrency?: number;
    /** Replays that an entry may have. Default 2. */
    maxRetries?: number;
  };
  /** Replay by itself: when a circuit closes, at the start, and in scheduled passes. Default true. */
  automatic?: boolean;
  /** Sensitive fields of captured arguments are stored encrypted with it. Default: `BALDUR_SECRETS_ENCRYPTION_KEY`. */
  encryptionKey?: string;
}

/** Part of a list. @public */
export interface Page<T> {
  items: T[];
  /** Where the next part begins; absent on the last one. */
  next?: string;
  /** Absent when unknown. */
  total?: number;
}

/** Which entries; what is absent does not narrow. @public */
export interface EntryFilter {
  status?: EntryStatus;
  domain?: string;
  name?: string;
  failureType?: string;
}

/** Counts of entries; each dimension is narrowed by the others, and leaves out what there is none of. @public */
export interface Facets {
  byStatus: Record<string, number>;
  byDomain: Record<string, number>;
  byName: Record<string, number>;
  byFailureType: Record<string, number>;
}

/** Whether entries are replayed by themselves. @public */
export interface Arming {
  /** null: it could not be found out. */
  armed: boolean | null;
  missingLink?: string;
  missingLinks: string[];
}

/** @public */
export interface DlqStats {
  total: number;
  open: number;
  byStatus: Record<string, number>;
  oldestOpenAt?: Date;
  outbox: { size: number; dropped: number };
  arming: Arming;
}

/** How the replay of one entry went. @public */
export interface ReplayResult {
  success: boolean;
  dlqId: string;
  message: string;
  error?: string;
  /** Facts besides: `skip_reason`, `blocked` with `block_reason`, `status` after the replay. */
  data?: Record<string, unknown>;
  /** Nothing was tried, and it cost the entry nothing. */
  skipped: boolean;
}

/** How a batch of replays went. @public */
export interface BatchReplayResult {
  total: number;
  successCount: number;
  failedCount: number;
  skippedCount: number;
  results: ReplayResult[];
  governanceBlocked: boolean;
  governanceBlockReason?: string;
  /** The name is being swept already, by this process or another; `stoppedBy` says so too. */
  inflightSkipped: boolean;
  priorityUsed: boolean;
  domainsProcessed?: string[];
  /** Why it ended before the entries did. */
  stoppedBy?: string;
}

/** @public */
export interface BatchFilter {
  domain?: string;
  name?: string;
  failureType?: string;
  /** Default 100. Ignored when adaptive. */
  maxItems?: number;
  /** The size follows how many of the last batch failed. */
  adaptive?: boolean;
  /** Domains by their priority. Ignored with a domain. */
  priority?: boolean;
}

/** The dead-letter queue. @public */
export interface Dlq {
  /** The newest first. Never rejects for a damaged entry: that is put aside and reported. */
  list(filter?: EntryFilter & { after?: string; limit?: number }): Promise<Page<FailedOperation>>;
  get(id: string): Promise<FailedOperation | undefined>;
  facets(filter?: EntryFilter): Promise<Facets>;
  stats(): Promise<DlqStats>;
  summaries(limit?: number): Promise<CompressedSummary[]>;
  /** Keeps an operation that the application hands over itself. Resolves when it is durable, or says where it went. */
  store(operation: NewFailedOperation): Promise<CaptureResult>;
  /** Throws `DLQEntryNotFoundError` and `DLQStateConflictError`. */
  replay(id: string, options?: { actor?: string; reason?: string }): Promise<ReplayResult>;
  replayBatch(filter: BatchFilter, options?: { actor?: string; reason?: string }): Promise<BatchReplayResult>;
  /** Replays what waits under a protected name; with `escalate` (default) what fails goes to a person. */
  sweep(name: string, options?: { maxItems?: number; escalate?: boolean }): Promise<BatchReplayResult>;
  /** Its work was done another way. */
  resolve(id: string, options: { actor: string; note?: string }): Promise<FailedOperation>;
  /** Its work is not to be done. */
  reject(id: string, options: { actor: string; note?: string }): Promise<FailedOperation>;
  /** Runs an entry beyond its budget, at once. What was used up before stays on record. */
  forceRedrive(
    id: string,
    options: { actor: string; reason: string; ticketUrl?: string; overrideKillSwitch?: boolean },
  ): Promise<ReplayResult>;
  /** `olderThan` in milliseconds since they were resolved. Answers how many. */
  archive(options: { olderThan: number }): Promise<number>;
  /** Removes archived entries for good. Answers how many. */
  purge(options: { ids: string[] } | { olderThan: number; confirm: true }): Promise<number>;
  arming(): Promise<Arming>;
}
