import {
  type Clock,
  type MetricDefinition,
  type MetricReading,
  type PluginTelemetry,
  within,
} from "@baldur/core/plugin";
import { collect } from "./collect.js";
import { nameTaken, sourceFailed } from "./events.js";
import { type Family, isDistribution, type Labels, type Series } from "./family.js";
import {
  familyOf,
  type HostMetric,
  type HostReading,
  type HostRegistry,
  type HostValue,
} from "./host-registry.js";

export interface BridgeOptions {
  readonly registry: HostRegistry;
  readonly telemetry: Pick<PluginTelemetry, "readings" | "report">;
  readonly clock: Clock;
  readonly rename: (name: string) => string;
}

/** Of every copy of the package: what was registered before a reload is taken over. */
const OURS = Symbol.for("baldur.prometheus.metric");
/** Milliseconds that a metric of the host may take. */
const LIMIT = 5000;

/**
 * Between Baldur's metrics and a registry of the host: each page has both. A metric that is recorded for the first time is
 * on the registry's own page from the page after next on, since a registry asks only for what it had when it began.
 */
export class Bridge {
  readonly #registered = new Map<string, HostMetric>();
  readonly #taken = new Set<string>();
  readonly #failed = new Set<string>();

  constructor(private readonly options: BridgeOptions) {}

  /** Registers the metrics that were recorded since the last time. */
  sync(): void {
    for (const { definition } of this.options.telemetry.readings()) {
      const name = this.options.rename(definition.name);
      if (!this.#registered.has(name) && !this.#taken.has(name)) this.#register(name, definition);
    }
  }

  /** The host's own metrics. One that cannot be read is absent. */
  async collect(): Promise<Family[]> {
    const { registry } = this.options;
    const families: Family[] = [];
    for (const metric of registry.getMetricsAsArray()) {
      if (OURS in metric) continue;
      const reading = await this.#read(metric as HostMetric);
      const family = reading && familyOf(reading, registry, this.defaultLabels);
      if (family !== undefined) families.push(family);
    }
    return families;
  }

  /** Labels that the host has set for everything; a registry has no other way to ask for them. */
  get defaultLabels(): Labels {
    return (this.options.registry as { readonly _defaultLabels?: Labels })._defaultLabels ?? {};
  }

  close(): void {
    const { registry } = this.options;
    for (const [name, metric] of this.#registered)
      if (registry.getSingleMetric(name) === metric) registry.removeSingleMetric(name);
    this.#registered.clear();
  }

  #register(name: string, definition: MetricDefinition): void {
    const { registry, telemetry } = this.options;
    const holder = registry.getSingleMetric(name);
    if (holder !== undefined && !(OURS in holder)) {
      this.#taken.add(name);
      telemetry.report(nameTaken, { metric: name });
      return;
    }
    if (holder !== undefined) registry.removeSingleMetric(name);
    const metric = this.#metric(name, definition);
    this.#registered.set(name, metric);
    registry.registerMetric(metric as never);
  }

  #metric(name: string, { kind, help, across, name: own }: MetricDefinition): HostMetric {
    const aggregator = kind !== "gauge" ? "sum" : typeof across === "string" ? across : "max";
    const metric = {
      name,
      help,
      type: kind,
      aggregator,
      [OURS]: true,
      reset: () => undefined,
      get: async (): Promise<HostReading> => {
        this.sync();
        // Its name may have been changed by the registry, which expects to be told the changed one.
        return {
          name: metric.name,
          help,
          type: kind,
          aggregator,
          values: this.#values(own, metric.name),
        };
      },
    };
    return metric;
  }

  #values(own: string, name: string): HostValue[] {
    const { telemetry, rename } = this.options;
    const reading = telemetry.readings().find(({ definition }) => definition.name === own);
    if (reading === undefined) return [];
    const [family] = collect([reading], { rename, census: () => undefined });
    return [...(family?.series ?? [])].flatMap((series) => valuesOf(series, name, reading));
  }

  async #read(metric: HostMetric): Promise<HostReading | undefined> {
    const { clock, telemetry } = this.options;
    const { name } = metric;
    try {
      return await within(clock, LIMIT, () => metric.get(), { unref: true });
    } catch (error) {
      const told = this.#failed.has(name);
      this.#failed.add(name);
      if (!told)
        telemetry.report(sourceFailed, { metric: name, error: String((error as Error)?.message ?? error) });
      return undefined;
    }
  }
}

function valuesOf(series: Series, name: string, { definition }: MetricReading): HostValue[] {
  if (!isDistribution(series)) return [{ labels: series.labels, value: series.value }];
  const { labels, counts, sum } = series;
  const buckets = counts.map((value, index) => ({
    labels: { ...labels, le: definition.buckets[index] ?? "+Inf" },
    value,
    metricName: `${name}_bucket`,
  }));
  const count = counts[counts.length - 1] ?? 0;
  return [
    ...buckets,
    { labels, value: sum, metricName: `${name}_sum` },
    { labels, value: count, metricName: `${name}_count` },
  ];
}
