import type { EntryStatus } from "@baldur/core/plugin";

/** What a failed operation was, as JSON; never changes. Times are wall milliseconds. */
export interface EntryBody {
  readonly id: string;
  readonly name: string;
  readonly domain: string;
  readonly failureType: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly entityType?: string;
  readonly entityId?: string | number;
  readonly userId?: string | number;
  readonly nextActionHint?: string;
  readonly recommendedAction?: string;
  readonly entityRefs?: Readonly<Record<string, unknown>>;
  readonly snapshotData?: Readonly<Record<string, unknown>>;
  readonly requestData?: Readonly<Record<string, unknown>>;
  readonly responseData?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly attempts?: readonly unknown[];
  /** Paths within the request whose values were masked and cannot be restored. */
  readonly masked?: readonly string[];
  /** Paths within the request whose values JSON could not keep. */
  readonly altered?: readonly string[];
  /** The request was too large to be kept. */
  readonly truncated?: true;
}

/** Who works on an entry. */
export interface ClaimRecord {
  readonly owner: string;
  /** Unique for every claim: what settles an entry must name the claim that it had. */
  readonly token: string;
  readonly at: number;
  /** Where a redrive found the entry. */
  readonly from?: EntryStatus;
}

/** Where an entry is on its way back; all that changes. */
export interface EntryState {
  readonly status: EntryStatus;
  readonly retryCount: number;
  readonly maxRetries: number;
  readonly updatedAt: number;
  readonly claim?: ClaimRecord | undefined;
  readonly lastRetryAt?: number;
  readonly lastError?: string;
  readonly resolvedAt?: number;
  readonly resolvedBy?: string;
  readonly resolutionType?: ResolutionType;
  readonly resolutionNote?: string;
  readonly recommendedAction?: string;
  /** A claim was taken back from an owner that was gone. */
  readonly releasedFromStale?: true;
  /** Replays before the latest force-redrive. */
  readonly previousRetries?: number;
  readonly redrives?: number;
  readonly ticketUrl?: string;
}

/** What ended an entry, or is to. @public */
export type ResolutionType = ReplayTrigger | "manual" | "duplicate_skip" | "ttl_expired" | "rejected";

/** What started a replay. @public */
export type ReplayTrigger =
  | "manual_replay"
  | "manual_retry"
  | "force_redrive"
  | "auto_replay_circuit_close"
  | "scheduled_batch";

export interface Entry {
  readonly body: EntryBody;
  readonly state: EntryState;
}

/** States in which an entry still asks for something. Both caps count these. */
export const OPEN: readonly EntryStatus[] = ["pending", "replaying", "reviewing", "requires_review"];
/** States of entries that may go to make room for others: nobody works on them. */
export const EVICTABLE: readonly EntryStatus[] = ["pending", "requires_review"];
/** Every state, in the order in which their counts are kept: new ones go to the end. */
export const STATUSES: readonly EntryStatus[] = [
  "pending",
  "replaying",
  "reviewing",
  "requires_review",
  "replayed",
  "resolved",
  "rejected",
  "archived",
  "expired",
  "permanently_failed",
];
