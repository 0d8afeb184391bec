import { OPEN } from "../../entry/entry.js";
import type { AddOutcome, Capacity, NewEntry } from "../store.js";
import type { Filed, Limit } from "./engine.js";
import { EVERYTHING, type Group } from "./groups.js";

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
  const want = (number: number, count: number): void => {
    wanted.set(number, (wanted.get(number) ?? 0) + count);
  };
  for (const [{ domainNumber }, count] of openIn(entries)) {
    want(EVERYTHING, count);
    want(domainNumber, count);
  }
  return [...wanted].map(([number, count]) => ({
    number,
    cap: number === EVERYTHING ? total : perDomain,
    wanted: count,
  }));
}

/** How many open ones there are of each group: most of them come one after the other. */
function openIn(entries: readonly Asking[]): ReadonlyMap<Group, number> {
  const counts = new Map<Group, number>();
  for (const entry of entries) if (isOpen(entry)) counts.set(entry.group, (counts.get(entry.group) ?? 0) + 1);
  return counts;
}

function isOpen({ state }: Pick<NewEntry, "state">): boolean {
  return OPEN.includes(state.status);
}
