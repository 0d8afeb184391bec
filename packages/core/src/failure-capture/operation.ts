import type { Attempt } from "../call.js";

/** Where a failed operation is on its way back. @public */
export type EntryStatus =
  | "pending"
  | "replaying"
  | "reviewing"
  | "replayed"
  | "requires_review"
  | "resolved"
  | "rejected"
  | "archived"
  | "expired"
  | "permanently_failed";

/** What the operation was asked to do. @public */
export interface RequestData {
  /** The arguments of the wrapped function: what it is called with to do the work again. */
  readonly args?: readonly unknown[];
  readonly [key: string]: unknown;
}

/** An operation that failed for good and is kept. @public */
export interface FailedOperation {
  /** Opaque: neither parsed nor ordered. */
  readonly id: string;
  /** The protected name. */
  readonly name: string;
  readonly domain: string;
  readonly failureType: string;
  readonly status: EntryStatus;
  readonly entityType?: string;
  readonly entityId?: string | number;
  readonly entityRefs: Readonly<Record<string, unknown>>;
  readonly userId?: string | number;
  readonly snapshotData: Readonly<Record<string, unknown>>;
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly attempts: readonly Attempt[];
  /** Replays so far. */
  readonly retryCount: number;
  /** Replays that it may have. */
  readonly maxRetries: number;
  readonly lastRetryAt?: Date;
  readonly requestData: RequestData;
  readonly responseData: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly resolvedAt?: Date;
  readonly resolvedById?: string | number;
  readonly resolutionType: string;
  readonly resolutionNote: string;
  readonly nextActionHint: string;
  readonly recommendedAction: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt?: Date;
}

/** What a failed operation has when it is new; everything else comes with its life. @public */
type Initial =
  | "domain"
  | "entityType"
  | "entityId"
  | "entityRefs"
  | "userId"
  | "snapshotData"
  | "errorCode"
  | "errorMessage"
  | "attempts"
  | "maxRetries"
  | "requestData"
  | "responseData"
  | "metadata"
  | "nextActionHint"
  | "recommendedAction";

/** A failed operation that the application hands over itself. @public */
export type NewFailedOperation = Pick<FailedOperation, "name" | "failureType"> &
  Partial<Pick<FailedOperation, Initial>>;

/** Whether an operation may be replayed now; a refusal says why and costs the operation nothing. @public */
export type ReplayVerdict = boolean | { readonly ok: boolean; readonly reason?: string };

/** How a replay ended. `ran`: whether its handler was called at all; a refusal on the way there costs the operation nothing. @public */
export type ReplayEnding =
  | { readonly ran: true; readonly value: unknown }
  | { readonly ran: boolean; readonly error: unknown };

/** Does a failed operation again. It must bear being run twice: the first run may have had its effect. @public */
export interface ReplayHandler {
  /** Asked before every replay. Default: yes. */
  canReplay?(operation: FailedOperation): ReplayVerdict | PromiseLike<ReplayVerdict>;
  /** Succeeds by returning, whatever it returns; fails by throwing. */
  replay(operation: FailedOperation): unknown;
}
