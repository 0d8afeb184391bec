import type { EntryStatus, KeyValueWriter } from "@baldur/core/plugin";
import { type CompressedSummary, compress } from "../compressed.js";
import type { AddOutcome, AddResult, Capacity, NewEntry } from "../store.js";
import { type Books, readGroups } from "./books.js";
import { removeOne } from "./entries.js";
import { indexPrefix, lastPart, summaryKey } from "./keys.js";

/** Those that nobody works on. */
const EVICTABLE: readonly EntryStatus[] = ["pending", "requires_review"];
const HIGHEST = "~";

type Room = Pick<AddResult, "evicted" | "overfull">;

/** Takes the oldest entries out, first where all are counted and then in the domains, until nothing is over its cap. */
export function makeRoom(
  writer: KeyValueWriter,
  books: Books,
  entries: readonly NewEntry[],
  outcomes: readonly AddOutcome[],
  { total, perDomain, strategy }: Capacity,
): Room {
  const evicted = new Map<string, number>();
  if (strategy === "reject") return { evicted, overfull: false };
  const domains = new Set(
    entries.filter((_, index) => outcomes[index] === "added").map(({ domain }) => domain),
  );
  const buckets = [
    { domain: undefined, excess: () => books.open - total },
    ...[...domains].map((domain) => ({ domain, excess: () => books.openOf(domain) - perDomain })),
  ];
  let overfull = false;
  for (const { domain, excess } of buckets) {
    const wanted = excess();
    if (wanted <= 0) continue;
    const gone = evictOldest(writer, books, domain, wanted, strategy === "compress_oldest");
    for (const from of gone) evicted.set(from, (evicted.get(from) ?? 0) + 1);
    overfull ||= gone.length < wanted;
  }
  return { evicted, overfull };
}

/** Answers the domains of those that went. */
function evictOldest(
  writer: KeyValueWriter,
  books: Books,
  domain: string | undefined,
  wanted: number,
  keepsSummary: boolean,
): string[] {
  return oldest(writer, domain, wanted).flatMap((id) => {
    const entry = removeOne(writer, books, id);
    if (entry === undefined) return [];
    if (keepsSummary) summarise(writer, entry);
    return [entry.body.domain];
  });
}

function oldest(writer: KeyValueWriter, domain: string | undefined, limit: number): string[] {
  const groups = readGroups(writer).filter(([, group]) => domain === undefined || group.domain === domain);
  const ids = groups.flatMap(([number]) =>
    EVICTABLE.flatMap((status) => {
      const prefix = indexPrefix(status, number);
      return writer.keys({ from: prefix, to: `${prefix}${HIGHEST}`, limit }).map(lastPart);
    }),
  );
  return ids.sort().slice(0, limit);
}

function summarise(writer: KeyValueWriter, entry: NonNullable<ReturnType<typeof removeOne>>): void {
  const { domain, failureType, errorCode = "" } = entry.body;
  const key = summaryKey(domain, failureType, errorCode);
  const text = writer.get(key);
  const summary = text === undefined ? undefined : (JSON.parse(text) as CompressedSummary);
  writer.put(key, JSON.stringify(compress(summary, entry, entry.body.createdAt)));
}
