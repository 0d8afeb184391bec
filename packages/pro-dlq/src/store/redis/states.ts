import { STATUSES } from "../../entry/entry.js";
import type { EntryRow, Mark, StateRow } from "../fleet/engine.js";
import type { Place } from "./keys.js";

/** Where an entry belongs. */
export interface Belonging extends Place {
  /** The number of its domain, as text. */
  readonly domain: string;
}

/** How a state begins, which tells it from any other that its entry had or will have. */
export interface Head extends Belonging {
  /** Counts the changes. */
  readonly version: number;
}

/** What Redis answers for each id; `null` is nothing. */
export type Texts = readonly (string | null)[];

const LINE_END = "\n"; // JSON has none of its own
const HEAD = /^(\d+):([0-9a-z]+):([0-9a-z]+):(\d+):/;

/** `0:1p2c4w:9sj3k:0:`, and then comes what `encodeState` writes. */
export function headText({ status, group, domain, version }: Head): Mark {
  return `${STATUSES.indexOf(status)}:${group}:${domain}:${version}:`;
}

/** Undefined for what is no head of a state. */
export function headOf(text: string): Head | undefined {
  const [, number = "", group = "", domain = "", version = ""] = HEAD.exec(text) ?? [];
  const status = STATUSES[Number.parseInt(number, 10)];
  return status === undefined ? undefined : { status, group, domain, version: Number(version) };
}

/** What of an entry never changes: the state in which it came is the first line, and its body the second. */
export function recordText(state: string, body: string): string {
  return state + LINE_END + body;
}

/** `states` says nothing about entries that were never changed. */
export function entryRows(ids: readonly string[], states: Texts, records: Texts): EntryRow[] {
  let beginning = beginningOf("");
  return ids.map((id, index) => {
    const record = records[index] ?? "";
    const end = record.indexOf(LINE_END);
    const state = states[index] ?? record.slice(0, Math.max(end, 0));
    // Those of a page mostly begin alike.
    if (beginning.mark === "" || !state.startsWith(beginning.mark)) beginning = beginningOf(state);
    const { mark, status } = beginning;
    const body = end < 0 ? undefined : record.slice(end + 1);
    return { id, status, text: state.slice(mark.length), mark, body };
  });
}

function beginningOf(state: string): Pick<StateRow, "mark" | "status"> {
  const [mark = "", number = ""] = HEAD.exec(state) ?? [];
  return { mark, status: STATUSES[Number.parseInt(number, 10)] };
}
