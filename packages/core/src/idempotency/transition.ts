import type { ClaimAnswer, ClaimRequest, ClaimToken, IdempotencyRecord, Settlement } from "./store.js";

/** What a store has to make of a key, in one atomic step with having read it. */
export interface Transition<A> {
  readonly answer: A;
  /** To be written; null: to be removed. Absent: nothing changes. */
  readonly record?: IdempotencyRecord | null;
}

/**
 * An unsettled record is kept for this long after its window: a takeover can be told from a new key, and a late
 * completion finds its claim. Longer than any tolerance.
 */
const AFTERLIFE = 120_000;

/** Milliseconds, from `since`, after which a store may forget the record. */
export function retention({ status, ttl }: IdempotencyRecord): number {
  return status === "executing" ? ttl + AFTERLIFE : ttl;
}

/**
 * Decides a claim by what was found under the key: undefined for nothing, and whatever else was read, unchecked.
 * A running claim is judged by its own window, whatever the newcomer's is. Pure, as are the other three.
 */
export function claim(found: unknown, request: ClaimRequest, now: number): Transition<ClaimAnswer> {
  const record = read(found, now);
  if (record === undefined) return granted(request, now, 1);
  if (record === CORRUPT) return { answer: { decision: "abort", reason: "corrupt" } };
  const { status, attempt } = record;
  if (status === "completed") return { answer: { decision: "skip", ...resultOf(record) } };
  if (status === "failed") return granted(request, now, attempt + 1, "failed");
  // Asked again by the same claimant: its first answer was lost on the way.
  if (record.owner === request.owner) return { answer: { decision: "continue", attempt } };
  const stale = now - record.since > record.ttl + request.tolerance;
  return stale
    ? granted(request, now, attempt + 1, "stale")
    : { answer: { decision: "abort", reason: "executing" } };
}

/** Outlives the claim: work that was done is remembered unless someone else has taken the key over meanwhile. */
export function complete(
  found: unknown,
  token: ClaimToken,
  settlement: Settlement,
  now: number,
): Transition<boolean> {
  const record = read(found, now);
  if (record !== undefined && !owns(token, record)) return { answer: false };
  if (record?.status === "completed") return { answer: true };
  return {
    answer: true,
    record: { ...settled("completed", token, settlement, now), ...resultOf(settlement) },
  };
}

export function fail(
  found: unknown,
  token: ClaimToken,
  settlement: Settlement,
  now: number,
): Transition<boolean> {
  const record = read(found, now);
  if (!owns(token, record) || record.status === "completed") return { answer: false };
  if (record.status === "failed") return { answer: true };
  return { answer: true, record: settled("failed", token, settlement, now) };
}

export function release(found: unknown, token: ClaimToken, now: number): Transition<boolean> {
  const record = read(found, now);
  return owns(token, record) && record.status === "executing"
    ? { answer: true, record: null }
    : { answer: false };
}

function granted(
  { owner, ttl }: ClaimRequest,
  now: number,
  attempt: number,
  takeover?: "failed" | "stale",
): Transition<ClaimAnswer> {
  return {
    answer: { decision: "continue", attempt, ...(takeover !== undefined && { takeover }) },
    record: { status: "executing", owner, attempt, since: now, ttl },
  };
}

function settled(
  status: "completed" | "failed",
  { owner, attempt }: ClaimToken,
  { ttl }: Settlement,
  now: number,
): IdempotencyRecord {
  return { status, owner, attempt, since: now, ttl };
}

function owns(
  token: ClaimToken,
  record: IdempotencyRecord | typeof CORRUPT | undefined,
): record is IdempotencyRecord {
  return record !== undefined && record !== CORRUPT && record.owner === token.owner;
}

function resultOf({ result }: { readonly result?: string }): { result?: string } {
  return result === undefined ? {} : { result };
}

const CORRUPT: unique symbol = Symbol("corrupt");
const STATUSES: readonly unknown[] = ["executing", "completed", "failed"];

/** The record found, unless its time is over: stores may forget late. */
function read(found: unknown, now: number): IdempotencyRecord | typeof CORRUPT | undefined {
  if (found === undefined) return undefined;
  if (!isRecord(found)) return CORRUPT;
  return now - found.since < retention(found) ? found : undefined;
}

function isRecord(found: unknown): found is IdempotencyRecord {
  if (typeof found !== "object" || found === null) return false;
  const { status, owner, attempt, since, ttl, result } = found as Partial<
    Record<keyof IdempotencyRecord, unknown>
  >;
  return (
    STATUSES.includes(status) &&
    typeof owner === "string" &&
    Number.isFinite(attempt) &&
    Number.isFinite(since) &&
    Number.isFinite(ttl) &&
    (result === undefined || typeof result === "string")
  );
}
