import type { KeyValueWriter } from "@baldur/core/plugin";
import { type Entry, EVICTABLE } from "../../entry/entry.js";
import { type CompressedSummary, compress } from "../compressed.js";
import { parsed } from "../parsed.js";
import type { AddOutcome, AddResult, Capacity, NewEntry } from "../store.js";
import { type Books, readGroups } from "./books.js";
import { quarantine, readOne, removeOne } from "./entries.js";
import { lastPart, statesPrefix, summaryKey } from "./keys.js";

const HIGHEST = "~";

type Room = Pick<AddResult, "evicted" | "overfull"> & {
  /** Ids of those that could not be read, and were put aside. */
  readonly damaged: readonly string[];
};

/**
 * Takes the oldest entries out, first where all are counted and then in the domains, until nothing is over its cap. The
 * newest one stays: whoever added it was told that it is kept.
 */
export function makeRoom(
  writer: KeyValueWriter,
  books: Books,
  entries: readonly NewEntry[],
  outcomes: readonly AddOutcome[],
  { total, perDomain, strategy }: Capacity,
): Room {
  const evicted = new Map<string, number>();
  const damaged: string[] = [];
  if (strategy === "reject") return { evicted, damaged, overfull: false };
  const added = entries.filter((_, index) => outcomes[index] === "added");
  const domains = new Set(added.map(({ domain }) => domain));
  const buckets = [
    { domain: undefined, excess: () => books.open - total },
    ...[...domains].map((domain) => ({ domain, excess: () => books.openOf(domain) - perDomain })),
  ];
  let overfull = false;
  for (const { domain, excess } of buckets) {
    const wanted = excess();
    if (wanted <= 0) continue;
    const newest = added.findLast((entry) => (domain ?? entry.domain) === entry.domain)?.id;
    for (const id of oldest(writer, domain, wanted + 1).filter((candidate) => candidate !== newest)) {
      if (excess() <= 0) break;
      const entry = readOne(writer, id);
      if (entry === undefined) {
        if (quarantine(writer, books, id)) damaged.push(id);
        continue;
      }
      removeOne(writer, books, id);
      if (strategy === "compress_oldest") summarise(writer, entry);
      evicted.set(entry.body.domain, (evicted.get(entry.body.domain) ?? 0) + 1);
    }
    overfull ||= excess() > 0;
  }
  return { evicted, damaged, overfull };
}

function oldest(writer: KeyValueWriter, domain: string | undefined, limit: number): string[] {
  const groups = readGroups(writer).filter(([, group]) => domain === undefined || group.domain === domain);
  const ids = groups.flatMap(([number]) =>
    EVICTABLE.flatMap((status) => {
      const prefix = statesPrefix(status, number);
      return writer.keys({ from: prefix, to: `${prefix}${HIGHEST}`, limit }).map(lastPart);
    }),
  );
  return ids.sort().slice(0, limit);
}

function summarise(writer: KeyValueWriter, entry: Entry): void {
  const { domain, failureType, errorCode = "" } = entry.body;
  const key = summaryKey(domain, failureType, errorCode);
  const summary = parsed<CompressedSummary>(writer.get(key));
  writer.put(key, JSON.stringify(compress(summary, entry, entry.body.createdAt)));
}
