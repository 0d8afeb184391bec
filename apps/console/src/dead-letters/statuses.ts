import { entryOf } from "../state/shape.js";
import type { Grade } from "../state/standing.js";
import { brief } from "../text/clean.js";

interface StatusWords {
  readonly label: string;
  readonly grade?: Grade;
}

const WORDS: Readonly<Record<string, StatusWords>> = {
  pending: { label: "Pending" },
  replaying: { label: "Replaying" },
  reviewing: { label: "Reviewing", grade: "warn" },
  requires_review: { label: "Needs a person", grade: "warn" },
  replayed: { label: "Replayed", grade: "good" },
  resolved: { label: "Resolved", grade: "good" },
  rejected: { label: "Rejected" },
  archived: { label: "Archived" },
  expired: { label: "Expired", grade: "bad" },
  permanently_failed: { label: "Failed for good", grade: "bad" },
};

export const STATUSES: readonly string[] = Object.keys(WORDS);

export function statusWords(status: unknown): StatusWords {
  return entryOf(WORDS, status) ?? { label: brief(status, 40) };
}

/** What the server lets be done to an entry of a status; it has the last word. */
export const REPLAYABLE: readonly string[] = ["pending"];
export const REDRIVABLE: readonly string[] = ["pending", "requires_review"];
export const SETTLEABLE: readonly string[] = ["pending", "reviewing", "requires_review"];
