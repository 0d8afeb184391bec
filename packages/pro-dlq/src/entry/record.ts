import type { EntryStatus } from "@baldur/core/plugin";
import { type EntryBody, type EntryState, STATUSES } from "./entry.js";

/** What of an entry never changes, as it is stored: the group under which it is counted, and JSON of its body. */
export interface StoredRecord {
  readonly group: string;
  readonly body: string;
}

const LINE_END = "\n"; // JSON has none of its own

export function encodeRecord({ group, body }: StoredRecord): string {
  return `${group}${LINE_END}${body}`;
}

/** Throws for what is no record; the body is not looked at. */
export function decodeRecord(text: string): StoredRecord {
  const end = text.indexOf(LINE_END);
  if (end < 0) throw new Error("it has no body");
  return { group: text.slice(0, end), body: text.slice(end + 1) };
}

/** All of a state but its status, which the key says under which it is kept. */
export function encodeState(state: EntryState): string {
  return JSON.stringify({ ...state, status: undefined });
}

/** Throws for what is no state. */
export function decodeState(text: string, status: EntryStatus): EntryState {
  const kept = objectOf(JSON.parse(text), "state");
  kept["status"] = status;
  return checkState(kept);
}

/** Throws for what is no body. */
export function decodeBody(text: string): EntryBody {
  return checkBody(JSON.parse(text));
}

/** Throws for what is no state. */
export function checkState(value: unknown): EntryState {
  const { status, retryCount, maxRetries, updatedAt, claim } = objectOf(value, "state");
  if (!STATUSES.includes(status as EntryState["status"])) throw new Error("its status is unknown");
  if (![retryCount, maxRetries, updatedAt].every(Number.isFinite))
    throw new Error("its counts are no numbers");
  if (claim !== undefined) checkClaim(claim);
  return value as EntryState;
}

function checkClaim(value: unknown): void {
  const { owner, token, at } = objectOf(value, "claim");
  if (typeof owner !== "string" || typeof token !== "string" || !Number.isFinite(at))
    throw new Error("its claim names no owner");
}

function checkBody(value: unknown): EntryBody {
  const { id, name, domain, failureType, createdAt, expiresAt } = objectOf(value, "body");
  if (![id, name, domain, failureType].every((word) => typeof word === "string"))
    throw new Error("its body names no operation");
  if (![createdAt, expiresAt].every(Number.isFinite)) throw new Error("its body has no times");
  return value as EntryBody;
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`its ${what} is no object`);
  return value as Record<string, unknown>;
}
