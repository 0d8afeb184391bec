import { defineSlot, type Provided, type Slot } from "./slot.js";

/** Something that was done, or refused, and must be answerable for. @public */
export interface AuditEntry {
  /** What was done, e.g. `dlq_force_redrive`. */
  readonly action: string;
  /** Default: now. */
  readonly at?: Date;
  readonly actorId?: string;
  /** Default "system". */
  readonly actorType?: string;
  readonly actorRoles?: readonly string[];
  /** Default "unknown". */
  readonly contextType?: "request" | "task" | "system" | "webhook" | "cli" | "unknown";
  readonly targetType?: string;
  readonly targetId?: string;
  readonly component?: string;
  readonly domain?: string;
  readonly reason?: string;
  /** Facts, values before and after among them. Secrets are masked by the one who records. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly success: boolean;
  readonly errorMessage?: string;
  readonly traceId?: string;
}

/** @public */
export type AuditResult = { readonly recorded: true } | { readonly recorded: false; readonly reason: string };

/** The record of who did what. @public */
export interface Audit extends Provided {
  /** Resolves when the entry is durable, and never rejects: what was done stands, whether or not it could be recorded. */
  record(entry: AuditEntry): Promise<AuditResult>;
  /** Whether the record is as it was written. "unknown": it could not be read, or there is none. */
  integrity(): Promise<"intact" | "broken" | "unknown">;
}

const discarded: AuditResult = Object.freeze({ recorded: false, reason: "no-op" });

/** Keeps no record. @public */
export const noopAudit: Audit = Object.freeze({
  kind: "no-op",
  record: async () => discarded,
  integrity: async () => "unknown" as const,
});

/** @public */
export const auditSlot: Slot<Audit> = defineSlot<Audit>("audit", { fallback: noopAudit });
