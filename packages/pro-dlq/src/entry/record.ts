import { type Entry, type EntryBody, type EntryState, STATUSES } from "./entry.js";

/**
 * An entry as it is stored: its state in the first line, its body in the second. A change of state leaves the body's text
 * as it is, however large, and JSON has no line ends of its own.
 */
export interface StoredRecord {
  readonly state: EntryState;
  /** JSON of the body. */
  readonly body: string;
}

const LINE_END = "\n";

export function encodeRecord(state: EntryState, body: string): string {
  return `${JSON.stringify(state)}${LINE_END}${body}`;
}

/** The state and the text of the body. Throws for what is no record. */
export function decodeState(text: string): StoredRecord {
  const end = text.indexOf(LINE_END);
  if (end < 0) throw new Error("it has no body");
  return { state: checkState(JSON.parse(text.slice(0, end))), body: text.slice(end + 1) };
}

/** Throws for what is no record. */
export function decodeRecord(text: string): Entry {
  const { state, body } = decodeState(text);
  return { state, body: checkBody(JSON.parse(body)) };
}

export function decodeBody(text: string): EntryBody {
  return checkBody(JSON.parse(text));
}

function checkState(value: unknown): EntryState {
  const { status, retryCount, maxRetries, updatedAt } = objectOf(value, "state");
  if (!STATUSES.includes(status as EntryState["status"])) throw new Error("its status is unknown");
  if (![retryCount, maxRetries, updatedAt].every(Number.isFinite))
    throw new Error("its counts are no numbers");
  return value as EntryState;
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
