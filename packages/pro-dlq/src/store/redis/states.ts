import { STATUSES } from "../../entry/entry.js";
import type { EntryRow, StateRow } from "../fleet/engine.js";
import type { Place } from "./keys.js";

/** Where an entry belongs. */
export interface Belonging extends Place {
  /** The number of its domain, as text. */
  readonly domain: string;
}

/** How a state begins, which tells it from any other that its entry had or will have. */
interface Head extends Belonging {
  /** Counts the changes. */
  readonly version: number;
}

const HEAD = /^(\d+):([0-9a-z]+):([0-9a-z]+):(\d+):/;

/** `0:1p2c4w:9sj3k:0:`, and then comes what `encodeState` writes. */
export function headText({ status, group, domain, version }: Head): string {
  return `${STATUSES.indexOf(status)}:${group}:${domain}:${version}:`;
}

/** Undefined for what is no head of a state. */
export function headOf(text: string): Head | undefined {
  const [, number = "", group = "", domain = "", version = ""] = HEAD.exec(text) ?? [];
  const status = STATUSES[Number.parseInt(number, 10)];
  return status === undefined ? undefined : { status, group, domain, version: Number(version) };
}

/** `null`: there is none. */
export function stateRow(id: string, written: string | null): StateRow {
  const text = written ?? "";
  const [mark = "", number = ""] = HEAD.exec(text) ?? [];
  return { id, status: STATUSES[Number.parseInt(number, 10)], text: text.slice(mark.length), mark };
}

export function entryRow(id: string, state: string | null, body: string | null): EntryRow {
  return { ...stateRow(id, state), body: body ?? undefined };
}
