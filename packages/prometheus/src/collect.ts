import type { MetricReading, MetricSample } from "@baldur/core/plugin";
import type { Family, Series } from "./family.js";

export interface CollectOptions {
  readonly rename: (name: string) => string;
  /** Told how many series a metric has, once they were all taken. */
  readonly census: (reading: MetricReading, series: number) => void;
}

/**
 * Core's accumulators, in the order of their names. Each series is read when it is taken, so that not all of them are in
 * memory at a time. A metric that has no series, or whose source cannot be read, has none here.
 */
export function collect(readings: readonly MetricReading[], options: CollectOptions): Family[] {
  const families = new Map<string, Family>();
  for (const reading of readings) {
    const family = familyOf(reading, options);
    // Of two sources of one metric the first holds: a page with a series twice is refused as a whole.
    if (!families.has(family.name)) families.set(family.name, family);
  }
  return [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function familyOf(reading: MetricReading, { rename, census }: CollectOptions): Family {
  const { name, kind, help, across, buckets } = reading.definition;
  const series = { [Symbol.iterator]: () => seriesOf(reading, census) };
  return { name: rename(name), type: kind, help, across, bounds: buckets, series };
}

function* seriesOf(reading: MetricReading, census: CollectOptions["census"]): Generator<Series> {
  let count = 0;
  for (const sample of reading.samples()) {
    count++;
    yield oneOf(sample);
  }
  census(reading, count);
}

function oneOf({ labels, value, buckets, sum = 0, count = 0 }: MetricSample): Series {
  if (buckets === undefined) return { labels, value: value as number };
  const counts = buckets.map((bucket) => bucket.count);
  counts.push(count);
  return { labels, counts, sum };
}
