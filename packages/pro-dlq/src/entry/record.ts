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

/** The same for an entry that nothing happened to yet, which is what most are written as. */
export function encodeNew(
  { retryCount, maxRetries, updatedAt }: EntryState,
  body: string,
  group: string,
): string {
  const counts = `"retryCount":${retryCount},"maxRetries":${maxRetries},"updatedAt":${updatedAt}`;
  return `{"status":"pending",${counts},"group":"${group}"}${LINE_END}${body}`;
}

/** An entry whose body is read when it is asked for: most changes need the state alone. */
export class StoredEntry implements Entry {
  #body: EntryBody | undefined;

  constructor(
    readonly state: EntryState,
    private readonly text: string,
  ) {}

  /** Throws for what is no body. */
  get body(): EntryBody {
    this.#body ??= decodeBody(this.text);
    return this.#body;
  }
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
