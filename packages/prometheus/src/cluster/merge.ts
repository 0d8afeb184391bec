import type { Across } from "@baldur/core/plugin";
import { type Family, isDistribution, type Merge, type Series } from "../family.js";
import type { Pace } from "../pace.js";
import { isCount } from "./lasting.js";

/** Series of one metric; beyond them a fleet of workers that come and go would fill the primary. */
const MOST = 50_000;

interface Sum {
  series: Series;
  /** How many processes have it. */
  count: number;
}

interface Merged {
  readonly family: Family;
  readonly sums: Map<string, Sum>;
}

/**
 * Makes one of the metrics of several processes: counts are summed up, and each gauge says how its values become one.
 * Families that go by one name and are not the same kind are not mixed; the first holds.
 */
export async function merge(sources: readonly (readonly Family[])[], pace: Pace): Promise<Family[]> {
  const all = new Map<string, Merged>();
  for (const families of sources)
    for (const family of families) {
      const merged = all.get(family.name) ?? { family, sums: new Map<string, Sum>() };
      all.set(family.name, merged);
      if (!isAlike(merged.family, family)) continue;
      for (const series of family.series) {
        add(merged, series);
        if (pace.isDue) await pace.rest();
      }
    }
  return [...all.values()].map(({ family, sums }) => ({ ...family, series: finish(family, sums) }));
}

function isAlike(a: Family, b: Family): boolean {
  return a.type === b.type && a.bounds.join() === b.bounds.join();
}

function add({ family, sums }: Merged, series: Series): void {
  const key = keyOf(series);
  const sum = sums.get(key);
  if (sum === undefined) {
    if (sums.size < MOST) sums.set(key, { series, count: 1 });
    return;
  }
  sum.series = both(sum.series, series, isCount(family, series) ? "sum" : family.across);
  sum.count++;
}

function keyOf(series: Series): string {
  let key = isDistribution(series) ? "" : (series.suffix ?? "");
  const { labels } = series;
  for (const label in labels) key += `\u0000${label}\u0001${labels[label]}`;
  return key;
}

function both(a: Series, b: Series, across: Merge): Series {
  if (isDistribution(a) && isDistribution(b)) {
    const counts = a.counts.map((count, index) => count + (b.counts[index] ?? 0));
    return { labels: a.labels, counts, sum: a.sum + b.sum };
  }
  if (isDistribution(a) || isDistribution(b)) return a;
  return { ...a, value: oneOf(a.value, b.value, across) };
}

function oneOf(a: number, b: number, across: Merge): number {
  switch (across) {
    case "sum":
    case "average":
      return a + b;
    case "min":
      return Math.min(a, b);
    case "max":
      return Math.max(a, b);
    case "first":
    case "omit":
      return a;
    default:
      return worst(a, b, across);
  }
}

/** A value that the list does not have is worse than any: it is not known to be good. */
function worst(a: number, b: number, order: Exclude<Across, string>): number {
  const rank = (value: number): number => {
    const index = order.indexOf(value);
    return index < 0 ? order.length : index;
  };
  return rank(a) === rank(b) ? Math.max(a, b) : rank(b) > rank(a) ? b : a;
}

/** Quantiles of several processes say nothing together, and are left out. */
function finish(family: Family, sums: ReadonlyMap<string, Sum>): Series[] {
  const { type, across } = family;
  return [...sums.values()].flatMap(({ series, count }): readonly Series[] => {
    if (isDistribution(series)) return [series];
    if (isCount(family, series)) return [series];
    if (type === "summary") return count > 1 ? [] : [series];
    if (across === "omit") return [];
    return across === "average" ? [{ ...series, value: series.value / count }] : [series];
  });
}
