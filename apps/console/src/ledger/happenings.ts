import type { JournalEntry } from "../api/types.js";
import { textOf } from "../text/clean.js";
import { numberOf, timeOf } from "../text/format.js";

/** What the ledger takes from an entry of the journal. */
export interface Happening {
  readonly id: string;
  /** Milliseconds by the server's clock. */
  readonly at: number;
  readonly kind: Kind;
  readonly count: number;
  /** Of the circuit, or the protected name. */
  readonly name: string;
}

type Kind = "captured" | "replayed" | "settled" | "opened" | "closed";

type Reader = (
  payload: Readonly<Record<string, unknown>>,
) => readonly [kind: Kind, count: number] | undefined;

const READERS: Readonly<Record<string, Reader>> = {
  "dlq.entry_created": ({ count }) => ["captured", numberOf(count) ?? 1],
  "dlq_replay.batch_progressed": ({ success_count: count }) => ["replayed", numberOf(count) ?? 0],
  "dlq_replay.batch_completed": ({ success_count: count, progressed_count: told }) => [
    "replayed",
    (numberOf(count) ?? 0) - (numberOf(told) ?? 0),
  ],
  "dlq.entry_operated": ({ action, success }) => {
    if (isEnding(action)) return ["settled", 1];
    return success === true ? ["replayed", 1] : undefined;
  },
  "circuit_breaker.opened": () => ["opened", 1],
  "circuit_breaker.closed": () => ["closed", 1],
  // Forcing a circuit open or closed is told as its opening and closing too.
  "circuit_breaker.manual_override_set": ({ state }) => (state === "auto" ? ["closed", 1] : undefined),
  "circuit_breaker.manual_override_expired": () => ["closed", 1],
};

/** The events that the ledger is made of. */
export const EVENTS: readonly string[] = Object.keys(READERS);

/** Undefined for an entry that says nothing to the ledger. */
export function happeningOf({ id, at, name, payload = {} }: JournalEntry): Happening | undefined {
  const time = timeOf(at);
  const read = Object.hasOwn(READERS, name) ? READERS[name]?.(payload) : undefined;
  if (time === undefined || read === undefined) return undefined;
  const [kind, count] = read;
  return { id, at: time, kind, count, name: textOf(payload["name"]) };
}

function isEnding(action: unknown): boolean {
  return action === "resolve" || action === "reject";
}
