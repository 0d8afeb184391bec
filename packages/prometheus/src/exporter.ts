import type {
  Clock,
  Exposition,
  MetricCardinality,
  MetricsExporter,
  PluginTelemetry,
} from "@baldur/core/plugin";
import { formatFor } from "./accept.js";
import type { Bridge } from "./bridge.js";
import { Cardinality } from "./cardinality.js";
import { collect } from "./collect.js";
import type { Family, Labels, Series } from "./family.js";
import { Pace } from "./pace.js";
import { writePage } from "./page.js";

/** The processes that share a page. */
export interface Group {
  /** Everyone's metrics as one; undefined where nobody puts them together. */
  page(): Promise<readonly Family[] | undefined>;
  /** What tells this process's own metrics apart where nobody does. */
  readonly label: Labels;
  close(): void;
}

export interface ExporterOptions {
  readonly telemetry: Pick<PluginTelemetry, "readings" | "report">;
  readonly clock: Clock;
  readonly rename: (name: string) => string;
}

/** Makes the page, and only when it is asked for. */
export class Exporter implements MetricsExporter {
  readonly kind = "prometheus";
  readonly #cardinality: Cardinality;
  bridge: Bridge | undefined;
  group: Group | undefined;

  constructor(private readonly options: ExporterOptions) {
    this.#cardinality = new Cardinality(options.telemetry);
  }

  async exposition(accept?: string): Promise<Exposition> {
    const format = formatFor(accept);
    const families = (await this.group?.page()) ?? (await this.#alone());
    const body = await writePage(families, format, new Pace(this.options.clock));
    return { contentType: format.contentType, body };
  }

  cardinality(): readonly MetricCardinality[] {
    return this.#cardinality.report();
  }

  /** The metrics of this process: the runtime's, and those of the host's registry whose names are free. */
  async families(): Promise<Family[]> {
    const { telemetry, rename } = this.options;
    this.bridge?.sync();
    const census: Cardinality["note"] = (reading, series) => this.#cardinality.note(reading, series);
    const own = collect(telemetry.readings(), { rename, census });
    if (this.bridge === undefined) return own;
    const names = new Set(own.map(({ name }) => name));
    const others = (await this.bridge.collect()).filter(({ name }) => !names.has(name));
    return [...labelled(own, this.bridge.defaultLabels), ...others];
  }

  async #alone(): Promise<Family[]> {
    return labelled(await this.families(), this.group?.label ?? {});
  }
}

function labelled(families: Family[], common: Labels): Family[] {
  if (Object.keys(common).length === 0) return families;
  return families.map((family) => ({
    ...family,
    series: { [Symbol.iterator]: () => seriesWith(family.series, common) },
  }));
}

function* seriesWith(all: Iterable<Series>, common: Labels): Generator<Series> {
  for (const series of all) yield { ...series, labels: { ...common, ...series.labels } };
}
