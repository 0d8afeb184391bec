import type { MetricReading, MetricSample } from "../telemetry/metric.js";
import type { HealingSummary } from "./reports.js";

const REPLAYS = "baldur_replay_outcomes_total";
const LATENCIES = {
  http_p95_seconds: "baldur_http_request_duration_seconds",
  dlq_replay_p95_seconds: "baldur_dlq_replay_duration_seconds",
  dlq_store_p95_seconds: "baldur_dlq_store_duration_seconds",
} as const;
const SHARE = 0.95;

type Buckets = NonNullable<MetricSample["buckets"]>;

/** Pure: what this process did since it began. What it does not measure is absent, not 0. */
export function healingSummary(readings: readonly MetricReading[], since: Date): HealingSummary {
  const samplesOf = (name: string): MetricSample[] | undefined => {
    const reading = readings.find(({ definition }) => definition.name === name);
    return reading && [...reading.samples()];
  };
  const replays = samplesOf(REPLAYS)?.filter(({ labels }) => labels["outcome"] === "success");
  const latency = Object.entries(LATENCIES).flatMap(([key, name]) => {
    const value = quantile(SHARE, samplesOf(name) ?? []);
    return value === undefined ? [] : [[key, value]];
  });
  const counters =
    replays === undefined ? {} : { replayed: replays.reduce((sum, { value = 0 }) => sum + value, 0) };
  return { since: since.toISOString(), counters, latency: Object.fromEntries(latency) };
}

/**
 * Below which so large a share of all observations is, evenly spread within a bucket. Undefined where there are none; the highest
 * bound for what is above it.
 */
export function quantile(share: number, samples: readonly MetricSample[]): number | undefined {
  const total = samples.reduce((sum, { count = 0 }) => sum + count, 0);
  if (total === 0) return undefined;
  const buckets = together(samples);
  const wanted = share * total;
  const at = buckets.findIndex(({ count }) => count >= wanted);
  const found = buckets[at];
  if (found === undefined) return buckets.at(-1)?.le;
  const { le: from, count: before } = buckets[at - 1] ?? { le: 0, count: 0 };
  return from + (found.le - from) * ((wanted - before) / (found.count - before));
}

function together(samples: readonly MetricSample[]): Buckets {
  const [first] = samples;
  return (first?.buckets ?? []).map(({ le }, index) => {
    return { le, count: samples.reduce((sum, { buckets = [] }) => sum + (buckets[index]?.count ?? 0), 0) };
  });
}
