/** What went wrong, as far as it matters here. */
export interface Failure {
  /** A word for logs and metrics: the code of an error, or the first word of a reply. */
  readonly type: string;
  readonly kind: Kind;
  /** What Redis said. May quote what was sent, so it is for the caller alone. */
  readonly text: string;
}

/**
 * away: Redis is gone or of no use now. denied: it is there and does not let us in. busy: this command now, not the
 * connection. refused: this command, now and later.
 */
type Kind = "away" | "denied" | "busy" | "refused";

/** Said by a replica: a master that became one, as a rule. */
export const READ_ONLY = "READONLY";
/** First words of replies that are no fault of the command. */
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["LOADING", "away"],
  [READ_ONLY, "away"],
  ["CLUSTERDOWN", "away"],
  ["MASTERDOWN", "away"],
  ["NOAUTH", "denied"],
  ["WRONGPASS", "denied"],
  ["TRYAGAIN", "busy"],
  ["BUSY", "busy"],
  ["OOM", "busy"],
  ["MISCONF", "busy"],
  ["NOREPLICAS", "busy"],
]);
/** As Redis before version 6 says it. */
const OLD_DENIAL = /^ERR invalid password/;
/** Said by the client itself, which has looked at the keys. */
const KEYS_APART = /the same slot/;
const WORD = /^[A-Z][A-Z_]+/;
/** Letters only: what follows may quote a password. */
const SENTENCE = /^ERR [A-Za-z ]*[A-Za-z]/;

export const TIMEOUT: Failure = { type: "timeout", kind: "away", text: "no answer in time" };
export const CLOSED: Failure = { type: "closed", kind: "away", text: "the connection was closed" };
export const STOPPED: Failure = { type: "stopped", kind: "away", text: "the client was closed" };

/** What takes too long ends with this. */
export const late = (): Error => Object.assign(new Error(TIMEOUT.text), { code: TIMEOUT.type });

export function failureOf(error: unknown): Failure {
  const { name, message = "", code, lastNodeError } = (error ?? {}) as Thrown;
  if (name === "ReplyError") return replied(message);
  if (KEYS_APART.test(message)) return { type: "CROSSSLOT", kind: "refused", text: message };
  if (lastNodeError) return failureOf(lastNodeError);
  return typeof code === "string" ? { type: code, kind: "away", text: message } : CLOSED;
}

interface Thrown {
  readonly name?: string;
  readonly message?: string;
  readonly code?: unknown;
  /** Of a cluster that could not be asked for its slots. */
  readonly lastNodeError?: unknown;
}

function replied(text: string): Failure {
  const type = SENTENCE.exec(text)?.[0] ?? WORD.exec(text)?.[0] ?? "ERR";
  const kind = OLD_DENIAL.test(text) ? "denied" : (KINDS.get(type) ?? "refused");
  return { type, kind, text };
}
