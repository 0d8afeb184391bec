import { defineSlot, type Provided, type Slot } from "./slot.js";

/** @public */
export type NotificationPriority = "critical" | "high" | "medium" | "low" | "info";

/** @public */
export type NotificationCategory =
  | "security"
  | "operations"
  | "sla"
  | "circuit_breaker"
  | "governance"
  | "approval"
  | "report"
  | "error"
  | "chaos";

/** A message to people. @public */
export interface Notification {
  readonly title: string;
  readonly message: string;
  /** Default "medium". */
  readonly priority?: NotificationPriority;
  /** Default "operations". */
  readonly category?: NotificationCategory;
  /** The component that speaks. Default "unknown". */
  readonly source?: string;
  readonly taskName?: string;
  readonly taskId?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
  /** Default: now. */
  readonly at?: Date;
  /** The kinds of channel it may go to, e.g. `slack`. Default: as routed. */
  readonly channels?: readonly string[];
  /** Messages with the same key cool down together. Default: source and category. */
  readonly dedupKey?: string;
}

/** @public */
export type SuppressionReason = "disabled" | "rate_limited" | "cooldown" | "log_only";

/** What became of a message. @public */
export interface NotificationResult {
  /** It was delivered somewhere, or not delivered on purpose. */
  readonly success: boolean;
  readonly suppressed: boolean;
  readonly suppressionReason?: SuppressionReason;
  readonly channelsSent: readonly string[];
  readonly channelsFailed: readonly string[];
  /** What the failed channels said, by channel. */
  readonly errors: Readonly<Record<string, string>>;
}

/** Delivers messages to people. @public */
export interface Notifier extends Provided {
  /** Never rejects: a message that could not be delivered is an answer. */
  notify(notification: Notification): Promise<NotificationResult>;
}

const suppressed: NotificationResult = Object.freeze({
  success: true,
  suppressed: true,
  suppressionReason: "disabled",
  channelsSent: Object.freeze([]),
  channelsFailed: Object.freeze([]),
  errors: Object.freeze({}),
});

/** Delivers nothing, and says so. @public */
export const noopNotifier: Notifier = Object.freeze({ kind: "no-op", notify: async () => suppressed });

/** @public */
export const notifierSlot: Slot<Notifier> = defineSlot<Notifier>("notifier", { fallback: noopNotifier });
