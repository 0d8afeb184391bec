import { decode } from "./entry.js";
import { isJournalId } from "./id.js";
import { type Range, rangeOf, testOf } from "./query.js";
import type { OnDamaged, StorePage, StoreQuery } from "./store.js";
import type { JournalEntry } from "./types.js";

/** An entry as a store keeps it; nothing is known of it yet. */
export interface Stored {
  readonly id: string;
  readonly text: string;
}

/** The highest ids of a range, the highest first. */
export type ReadStored = (range: Range, limit: number) => Promise<readonly Stored[]>;

const AT_ONCE = 500;
/** Records looked at for one page: a search for what is rare neither takes long nor holds anybody up. */
const MOST = 5000;

/** A page of what is stored, and found only by looking at it. */
export async function scan(query: StoreQuery, read: ReadStored, onDamaged: OnDamaged): Promise<StorePage> {
  const { limit } = query;
  const isWanted = testOf(query);
  const entries: JournalEntry[] = [];
  let range = rangeOf(query);
  let last: string | undefined;
  for (let examined = 0; examined < MOST; ) {
    const wanted = isNarrow(query) ? AT_ONCE : limit - entries.length + 1;
    const found = await read(range, wanted);
    for (const { id, text } of found) {
      if (entries.length === limit) return pageOf(entries, last);
      const entry = decode(id, text);
      if (entry === undefined) onDamaged(id);
      else if (isWanted(entry)) entries.push(entry);
      if (isJournalId(id)) last = id;
    }
    if (found.length < wanted) return pageOf(entries);
    examined += found.length;
    range = { ...range, below: found.at(-1)?.id ?? range.below };
  }
  return pageOf(entries, last);
}

function pageOf(entries: readonly JournalEntry[], next?: string): StorePage {
  return next === undefined ? { entries } : { entries, next };
}

function isNarrow({ names, level, text }: StoreQuery): boolean {
  return names !== undefined || level !== undefined || text !== undefined;
}
