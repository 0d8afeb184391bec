import type {
  LabelCardinality,
  MetricCardinality,
  MetricReading,
  PluginTelemetry,
} from "@baldur/core/plugin";
import { cardinalityHigh } from "./events.js";

/** Shares of the limit from which a metric is reported, and below which it may be again. */
const HIGH = 0.8;
const CALM = 0.6;
const NEWEST = 5;
const OVERFLOW = "baldur_label_overflow_total";

interface Size {
  readonly latest: number;
  readonly before: number;
}

/** Watches how many series the metrics have, and tells which label makes them many before the limit cuts them off. */
export class Cardinality {
  readonly #sizes = new Map<string, Size>();
  readonly #high = new Set<string>();

  constructor(private readonly telemetry: Pick<PluginTelemetry, "readings" | "report">) {}

  /** A page is made, and the metric has so many series now. */
  note(reading: MetricReading, series: number): void {
    const { name } = reading.definition;
    this.#sizes.set(name, { latest: series, before: this.#sizes.get(name)?.latest ?? 0 });
    const share = series / reading.limit;
    if (share < CALM) this.#high.delete(name);
    if (share < HIGH || this.#high.has(name)) return;
    this.#high.add(name);
    const { limit } = reading;
    const { label, values, newest = [] } = labelsOf(reading)[0] ?? {};
    this.telemetry.report(cardinalityHigh, { metric: name, series, limit, label, values, newest });
  }

  /** Every metric, the nearest to its limit first. */
  report(): MetricCardinality[] {
    const readings = this.telemetry.readings();
    const overflowed = overflowOf(readings);
    return readings
      .map((reading) => this.#row(reading, overflowed))
      .filter(({ series }) => series > 0)
      .sort((a, b) => b.series / b.limit - a.series / a.limit);
  }

  #row(reading: MetricReading, overflowed: ReadonlyMap<string, number>): MetricCardinality {
    const { limit, definition } = reading;
    const metric = definition.name;
    const { latest, before } = this.#sizes.get(metric) ?? { latest: 0, before: 0 };
    const series = [...reading.samples()].length;
    return {
      metric,
      series,
      limit,
      growth: latest - before,
      overflowed: overflowed.get(metric) ?? 0,
      labels: labelsOf(reading),
    };
  }
}

function overflowOf(readings: readonly MetricReading[]): Map<string, number> {
  const reading = readings.find(({ definition }) => definition.name === OVERFLOW);
  return new Map(
    [...(reading?.samples() ?? [])].map(({ labels, value }) => [labels["metric"] ?? "", value ?? 0]),
  );
}

/** A set keeps the order in which values came. */
function labelsOf(reading: MetricReading): LabelCardinality[] {
  const seen = new Map(reading.definition.labels.map((label) => [label, new Set<string>()]));
  for (const { labels } of reading.samples())
    for (const [label, values] of seen) values.add(labels[label] as string);
  return [...seen]
    .map(([label, values]) => ({ label, values: values.size, newest: [...values].slice(-NEWEST).reverse() }))
    .sort((a, b) => b.values - a.values);
}
