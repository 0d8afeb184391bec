import type { EntryStatus, KeyValueReader } from "@baldur/core/plugin";
import { STATUSES } from "../../entry/entry.js";
import type { Filter, Page } from "../store.js";
import { readGroups } from "./books.js";
import { ENTRIES, indexPrefix, lastPart } from "./keys.js";

/** Sorts above every id. */
const HIGHEST = "~";

/** The ids of a page: of all entries from the entries themselves, of some from the index of every group that fits. */
export function scanIds(reader: KeyValueReader, filter: Filter, page: Page): string[] {
  if (Object.values(filter).every((value) => value === undefined)) {
    return reader.keys({ ...between(ENTRIES.from, page), ...order(page) }).map(lastPart);
  }
  const prefixes = prefixesOf(reader, filter);
  const found = prefixes.flatMap((prefix) =>
    reader.keys({ ...between(prefix, page), ...order(page) }).map(lastPart),
  );
  return sorted(found, page).slice(0, page.limit);
}

function prefixesOf(reader: KeyValueReader, filter: Filter): string[] {
  const { domain, name, failureType, status } = filter;
  const statuses: readonly EntryStatus[] = status === undefined ? STATUSES : [status];
  return readGroups(reader)
    .filter(([, group]) => (domain ?? group.domain) === group.domain && (name ?? group.name) === group.name)
    .filter(([, group]) => (failureType ?? group.failureType) === group.failureType)
    .flatMap(([number, { counts }]) =>
      statuses
        .filter((wanted) => (counts[STATUSES.indexOf(wanted)] ?? 0) > 0)
        .map((wanted) => indexPrefix(wanted, number)),
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

function sorted(ids: string[], { oldestFirst = false }: Page): string[] {
  ids.sort();
  return oldestFirst ? ids : ids.reverse();
}
