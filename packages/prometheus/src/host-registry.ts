import { ConfigurationError } from "@baldur/core";
import type { Exemplar, Family, Labels, Line, Merge } from "./family.js";

/** The part of prom-client's `Registry` that is used: of whichever version the host has. @public */
export interface HostRegistry {
  readonly contentType: string;
  getMetricsAsArray(): readonly object[];
  getSingleMetric(name: string): object | undefined;
  registerMetric(metric: never): void;
  removeSingleMetric(name: string): void;
}

/** A metric of prom-client, as registries know it. */
export interface HostMetric {
  name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  get(): Promise<HostReading>;
}

export interface HostReading {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  readonly values?: readonly HostValue[];
}

export interface HostValue {
  readonly labels?: Labels;
  readonly value: number;
  /** Where it differs from the name of the metric. */
  readonly metricName?: string;
  readonly exemplar?: Exemplar | null;
}

const METHODS = ["getMetricsAsArray", "getSingleMetric", "registerMetric", "removeSingleMetric"] as const;
const TYPES: readonly string[] = ["counter", "gauge", "histogram", "summary"];
const MERGES: readonly string[] = ["sum", "min", "max", "average", "first", "omit"];

export function checkRegistry(registry: HostRegistry): void {
  const given = registry as Partial<HostRegistry> | null;
  const missing = METHODS.find((method) => typeof given?.[method] !== "function");
  if (missing === undefined) return;
  throw new ConfigurationError(
    `prometheus: registry must be a Registry of prom-client; it lacks ${missing}()`,
  );
}

/** A registry of OpenMetrics has taken `_total` from the names of its counters, for good, when it wrote its first page. */
function nameOf({ name, type }: HostReading, { contentType }: HostRegistry): string {
  const isStem = type === "counter" && contentType.startsWith("application/openmetrics-text");
  return isStem && !name.endsWith("_total") ? `${name}_total` : name;
}

export function familyOf(reading: HostReading, registry: HostRegistry, common: Labels): Family | undefined {
  const { name, help, type, aggregator, values = [] } = reading;
  if (!TYPES.includes(type)) return undefined;
  const across = MERGES.includes(aggregator) ? (aggregator as Merge) : "sum";
  const series = values.map((value) => lineOf(value, name, common));
  return { name: nameOf(reading, registry), type: type as Family["type"], help, across, bounds: [], series };
}

function lineOf({ labels, value, metricName, exemplar }: HostValue, name: string, common: Labels): Line {
  const suffix = metricName?.slice(name.length) ?? "";
  const own = Object.entries(labels ?? {}).map(([label, given]) => [label, labelOf(label, given)]);
  return {
    labels: { ...common, ...Object.fromEntries(own) },
    value,
    ...(suffix !== "" && { suffix }),
    ...(exemplar && { exemplar: { ...exemplar } }),
  };
}

/** Bounds stay numbers, which the formats write differently. */
function labelOf(label: string, value: string | number): string | number {
  return label === "le" || label === "quantile" ? value : String(value);
}
