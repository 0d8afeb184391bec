import { defineSlot, type Provided, type Slot } from "./slot.js";

/** A page of metrics, as a scraper reads it. @public */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** How many values a label of a metric has. @public */
export interface LabelCardinality {
  readonly label: string;
  readonly values: number;
  /** Those that were added last, the latest first. */
  readonly newest: readonly string[];
}

/** How near a metric is to the limit on its series. @public */
export interface MetricCardinality {
  readonly metric: string;
  readonly series: number;
  readonly limit: number;
  /** Series that the latest page had and the page before had not. */
  readonly growth: number;
  /** Recordings that found no place and went to the shared series. */
  readonly overflowed: number;
  /** The one with the most values first: it is what grows. */
  readonly labels: readonly LabelCardinality[];
}

/** Shows the metrics of a runtime to who collects them. @public */
export interface MetricsExporter extends Provided {
  /** The page in the format that `accept`, the header of that name, asks for. Undefined where nothing exposes metrics. */
  exposition(accept?: string): Promise<Exposition | undefined>;
  /** Every metric, the nearest to its limit first. */
  cardinality(): readonly MetricCardinality[];
}

/** Exposes nothing. @public */
export const noopMetricsExporter: MetricsExporter = Object.freeze({
  kind: "no-op",
  exposition: async () => undefined,
  cardinality: () => [],
});

/** @public */
export const metricsSlot: Slot<MetricsExporter> = defineSlot<MetricsExporter>("metrics", {
  fallback: noopMetricsExporter,
});
