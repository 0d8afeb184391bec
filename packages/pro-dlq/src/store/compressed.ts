import type { Entry } from "../entry/entry.js";

/** What is left of entries that had to make room. @public */
export interface CompressedSummary {
  readonly id: string;
  readonly domain: string;
  readonly failureType: string;
  readonly errorCode: string;
  readonly count: number;
  /** Wall milliseconds, as all times here. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Of the latest one. */
  readonly sampleErrorMessage: string;
  readonly sampleContext: { readonly entityType?: string; readonly entityId?: string | number };
  readonly status: "active" | "stale" | "archived";
  readonly compressedAt: number;
  readonly staleAt?: number;
  readonly archivedAt?: number;
}

/** The summary with one more entry in it. What was closed by its age is begun anew. */
export function compress(
  summary: CompressedSummary | undefined,
  { body }: Entry,
  now: number,
): CompressedSummary {
  const { domain, failureType, errorCode = "", createdAt } = body;
  const known = summary?.status === "active" ? summary : undefined;
  const isLatest = known === undefined || createdAt >= known.lastSeen;
  return {
    id: known?.id ?? `compressed:${domain}:${failureType}:${errorCode}:${now}`,
    domain,
    failureType,
    errorCode,
    count: (known?.count ?? 0) + 1,
    firstSeen: Math.min(known?.firstSeen ?? createdAt, createdAt),
    lastSeen: Math.max(known?.lastSeen ?? createdAt, createdAt),
    sampleErrorMessage: isLatest ? (body.errorMessage ?? "") : known.sampleErrorMessage,
    sampleContext: isLatest ? contextOf(body) : known.sampleContext,
    status: "active",
    compressedAt: now,
  };
}

function contextOf({ entityType, entityId }: Entry["body"]): CompressedSummary["sampleContext"] {
  return { ...(entityType !== undefined && { entityType }), ...(entityId !== undefined && { entityId }) };
}

/** The summary as old as it is now; the same object when nothing changes. */
export function age(
  summary: CompressedSummary,
  staleBefore: number,
  archiveBefore: number,
  now: number,
): CompressedSummary {
  if (summary.status === "active" && summary.lastSeen < staleBefore)
    return { ...summary, status: "stale", staleAt: now };
  if (summary.status === "stale" && summary.lastSeen < archiveBefore)
    return { ...summary, status: "archived", archivedAt: now };
  return summary;
}
