import type { EntryStatus, KeyValueReader } from "@baldur/core/plugin";
import { STATUSES } from "../../entry/entry.js";
import type { Filter, Page } from "../store.js";
import { readGroups } from "./books.js";
import { ENTRIES, lastPart, statesPrefix } from "./keys.js";

/** An entry that was come across. */
export interface Spotted {
  readonly id: string;
  /** Text of its state, and the status that this is kept under, where it was found by that. */
  readonly kept?: { readonly text: string; readonly status: EntryStatus };
}

/** Sorts above every id. */
const HIGHEST = "~";

/** A page: of all entries from the entries themselves, of some from the states of every group that fits. */
export function scan(reader: KeyValueReader, filter: Filter, page: Page): Spotted[] {
  if (Object.values(filter).every((value) => value === undefined)) {
    const keys = reader.keys({ ...between(ENTRIES.from, page), ...order(page) });
    return keys.map((key) => ({ id: lastPart(key) }));
  }
  const found = placesOf(reader, filter).map(({ prefix, status }) =>
    reader
      .range({ ...between(prefix, page), ...order(page) })
      .map(([key, text]): Spotted => ({ id: lastPart(key), kept: { text, status } })),
  );
  // Every place is in order already.
  return found.length === 1 ? (found[0] as Spotted[]) : sorted(found.flat(), page).slice(0, page.limit);
}

function placesOf(reader: KeyValueReader, filter: Filter): { prefix: string; status: EntryStatus }[] {
  const { domain, name, failureType, status } = filter;
  const statuses: readonly EntryStatus[] = status === undefined ? STATUSES : [status];
  return readGroups(reader)
    .filter(([, group]) => (domain ?? group.domain) === group.domain && (name ?? group.name) === group.name)
    .filter(([, group]) => (failureType ?? group.failureType) === group.failureType)
    .flatMap(([number, { counts }]) =>
      statuses
        .filter((wanted) => (counts[STATUSES.indexOf(wanted)] ?? 0) > 0)
        .map((wanted) => ({ prefix: statesPrefix(wanted, number), status: wanted })),
    );
}

function between(prefix: string, { after, oldestFirst = false }: Page): { from: string; to: string } {
  if (after === undefined) return { from: prefix, to: `${prefix}${HIGHEST}` };
  // A space sorts below every character of an id, so it begins right behind the one that was last.
  return oldestFirst
    ? { from: `${prefix}${after} `, to: `${prefix}${HIGHEST}` }
    : { from: prefix, to: `${prefix}${after}` };
}

function order({ limit, oldestFirst = false }: Page): { limit: number; reverse: boolean } {
  return { limit, reverse: !oldestFirst };
}

function sorted(spotted: Spotted[], { oldestFirst = false }: Page): Spotted[] {
  spotted.sort((a, b) => (a.id < b.id ? -1 : 1));
  return oldestFirst ? spotted : spotted.reverse();
}
