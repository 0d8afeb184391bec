import type { FailureOverview, OpenFailures } from "@baldur/core/plugin";
import type { Facets } from "./api.js";
import { OPEN } from "./entry/entry.js";
import type { Filter, GroupCount } from "./store/store.js";

type Dimension = "domain" | "name" | "failureType";

/** Domains that are named with a kind of failure. */
const MOST_DOMAINS = 10;
const DIMENSIONS: readonly Dimension[] = ["domain", "name", "failureType"];

/** Counts by every dimension, each narrowed by the others but not by itself. Pure. */
export function facetsOf(groups: readonly GroupCount[], filter: Filter): Facets {
  const fits = (group: GroupCount, but?: Dimension): boolean =>
    DIMENSIONS.every((of) => of === but || filter[of] === undefined || filter[of] === group[of]);
  const by = (dimension: Dimension): Record<string, number> =>
    tally(
      groups
        .filter((group) => fits(group, dimension))
        .map((group) => [group[dimension], size(group, filter)]),
    );
  return {
    byStatus: byStatus(groups.filter((group) => fits(group))),
    byDomain: by("domain"),
    byName: by("name"),
    byFailureType: by("failureType"),
  };
}

export function byStatus(groups: readonly GroupCount[]): Record<string, number> {
  return tally(groups.flatMap(({ counts }) => Object.entries(counts)));
}

export function openIn(groups: readonly GroupCount[]): number {
  return groups.reduce(
    (sum, { counts }) => sum + OPEN.reduce((open, status) => open + (counts[status] ?? 0), 0),
    0,
  );
}

/** Pending entries by domain, of every domain that has entries: that none of them waits is known too. */
export function pendingByDomain(groups: readonly GroupCount[]): Record<string, number> {
  const none = Object.fromEntries(groups.map(({ domain }) => [domain, 0]));
  return { ...none, ...tally(groups.map(({ domain, counts }) => [domain, counts.pending ?? 0])) };
}

/** What the reports of the runtime are made of. Pure. */
export function overviewOf(groups: readonly GroupCount[]): FailureOverview {
  const statuses = byStatus(groups);
  const open = groups.map((group) => ({ ...group, count: openIn([group]) }));
  const types = [...new Set(open.flatMap(({ failureType, count }) => (count > 0 ? failureType : [])))];
  const ofType = (type: string): OpenFailures => {
    const domains = tally(
      open.flatMap(({ failureType, domain, count }) => (failureType === type ? [[domain, count]] : [])),
    );
    const frequent = Object.entries(domains).sort(([, a], [, b]) => b - a);
    const count = frequent.reduce((sum, [, own]) => sum + own, 0);
    return { count, domains: frequent.slice(0, MOST_DOMAINS).map(([domain]) => domain) };
  };
  return {
    total: Object.values(statuses).reduce((sum, count) => sum + count, 0),
    byStatus: statuses,
    open: {
      byDomain: tally(open.map(({ domain, count }) => [domain, count])),
      byFailureType: Object.fromEntries(types.map((type) => [type, ofType(type)])),
    },
  };
}

function size({ counts }: GroupCount, { status }: Filter): number {
  if (status !== undefined) return counts[status] ?? 0;
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Sums by key; what there is none of is left out. */
export function tally(counted: readonly (readonly [key: string, count: number])[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const [key, count] of counted) sums.set(key, (sums.get(key) ?? 0) + count);
  return Object.fromEntries([...sums].filter(([, count]) => count > 0));
}
