import type { CircuitRow } from "../api/types.js";
import { entryOf } from "../state/shape.js";
import type { Grade } from "../state/standing.js";
import { brief } from "../text/clean.js";

/** A state as people read it. */
export interface StateWords {
  readonly label: string;
  readonly grade: Grade;
}

const WORDS: Readonly<Record<string, StateWords>> = {
  closed: { label: "Closed", grade: "good" },
  open: { label: "Open", grade: "bad" },
  half_open: { label: "Half-open", grade: "warn" },
  forced_open: { label: "Forced open", grade: "warn" },
  forced_closed: { label: "Forced closed", grade: "warn" },
  disabled: { label: "Disabled", grade: "warn" },
};

export function wordsOf(state: unknown): StateWords {
  return entryOf(WORDS, state) ?? { label: `Unknown state ${brief(state, 30)}`, grade: "unknown" };
}

/** Circuits by state, in the order of the filter. */
export const GROUPS: readonly {
  readonly value: string;
  readonly label: string;
  has(row: CircuitRow): boolean;
}[] = [
  { value: "", label: "All", has: () => true },
  { value: "open", label: "Open", has: ({ state }) => state === "open" },
  { value: "half_open", label: "Half-open", has: ({ state }) => state === "half_open" },
  {
    value: "pinned",
    label: "Pinned",
    has: ({ manual, state }) => manual !== undefined || brief(state).startsWith("forced"),
  },
  { value: "closed", label: "Closed", has: ({ state }) => state === "closed" },
];
