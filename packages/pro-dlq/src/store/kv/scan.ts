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
  const places = placesOf(reader, filter);
  const [only] = places;
  return only !== undefined && places.length === 1
    ? inPlace(reader, only, page)
    : inPlaces(reader, places, page);
}

interface Place {
  readonly prefix: string;
  readonly status: EntryStatus;
}

function inPlace(reader: KeyValueReader, { prefix, status }: Place, page: Page): Spotted[] {
  return reader
    .range({ ...between(prefix, page), ...order(page) })
    .map(([key, text]) => ({ id: lastPart(key), kept: { text, status } }));
}

/** Each may hold the whole page, so the keys are read first, and only what is on the page then. */
function inPlaces(reader: KeyValueReader, places: readonly Place[], page: Page): Spotted[] {
  const found = places.flatMap(({ prefix, status }) =>
    reader
      .keys({ ...between(prefix, page), ...order(page) })
      .map((key) => ({ id: lastPart(key), key, status })),
  );
  return sorted(found, page)
    .slice(0, page.limit)
    .map(({ id, key, status }) => ({ id, kept: { text: reader.get(key) ?? "", status } }));
}

function placesOf(reader: KeyValueReader, filter: Filter): Place[] {
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

function sorted<T extends { readonly id: string }>(spotted: T[], { oldestFirst = false }: Page): T[] {
  spotted.sort((a, b) => (a.id < b.id ? -1 : 1));
  return oldestFirst ? spotted : spotted.reverse();
}
