import { OPEN } from "../../entry/entry.js";
import type { AddOutcome, Capacity, NewEntry } from "../store.js";
import type { Filed, Limit } from "./engine.js";
import { EVERYTHING } from "./groups.js";

type Asking = Pick<Filed, "group" | "state">;

/** Which entries there is room for, in their order, given how many open ones there are. Pure. */
export function admit(
  entries: readonly Asking[],
  open: ReadonlyMap<number, number>,
  { total, perDomain }: Capacity,
): AddOutcome[] {
  const counts = new Map(open);
  return entries.map((entry) => {
    if (!isOpen(entry)) return "added";
    const { domainNumber } = entry.group;
    const [inAll, inDomain] = [counts.get(EVERYTHING) ?? 0, counts.get(domainNumber) ?? 0];
    if (inAll >= total) return "dlq_capacity_exceeded";
    if (inDomain >= perDomain) return "domain_capacity_exceeded";
    counts.set(EVERYTHING, inAll + 1);
    counts.set(domainNumber, inDomain + 1);
    return "added";
  });
}

/** What new entries come to: first of all, then of each domain. Pure. */
export function limitsOf(entries: readonly Asking[], { total, perDomain }: Capacity): Limit[] {
  const wanted = new Map<number, number>([[EVERYTHING, 0]]);
  for (const entry of entries) {
    if (!isOpen(entry)) continue;
    for (const number of [EVERYTHING, entry.group.domainNumber])
      wanted.set(number, (wanted.get(number) ?? 0) + 1);
  }
  return [...wanted].map(([number, count]) => ({
    number,
    cap: number === EVERYTHING ? total : perDomain,
    wanted: count,
  }));
}

function isOpen({ state }: Pick<NewEntry, "state">): boolean {
  return OPEN.includes(state.status);
}
