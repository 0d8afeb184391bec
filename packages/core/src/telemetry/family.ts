import { labelValue } from "./label.js";
import {
  CounterCell,
  GaugeCell,
  HistogramCell,
  type MetricDefinition,
  type MetricKind,
  type MetricReading,
  type MetricSample,
} from "./metric.js";

export interface Cells {
  counter: CounterCell;
  gauge: GaugeCell;
  histogram: HistogramCell;
}

interface Series<C> {
  readonly cell: C;
  /** Made when they are first read, and kept: pages are made every few seconds. */
  labels: Readonly<Record<string, string>> | undefined;
}

/** What series beyond the limit are summed up under. */
const OVERFLOW_LABEL = "OTHER";
const SEPARATOR = "\u0000";

/** All series of one metric. */
export class MetricFamily<K extends MetricKind> implements MetricReading {
  readonly #series = new Map<string, Series<Cells[K]>>();
  readonly #write: (value: string) => string;
  #only: Cells[K] | undefined;

  constructor(
    readonly definition: MetricDefinition<K>,
    readonly limit: number,
    private readonly onOverflow: (metric: string) => void,
  ) {
    this.#write = definition.verbatim ? String : labelValue;
  }

  /** The series with these label values, in the order of the definition. Beyond the limit: the one that all others share. */
  cell(...values: string[]): Cells[K] {
    if (values.length === 0) {
      this.#only ??= this.#make("");
      return this.#only;
    }
    const key = this.#key(values);
    return this.#series.get(key)?.cell ?? this.#admit(key, values.length);
  }

  /** Ends a series: it is read no more, and its place is free. */
  remove(...values: string[]): void {
    this.#series.delete(this.#key(values));
  }

  *samples(): Generator<MetricSample> {
    for (const [key, series] of this.#series) yield this.#sample(key, series);
  }

  #key(values: string[]): string {
    return values.length === 1 ? this.#write(values[0] as string) : values.map(this.#write).join(SEPARATOR);
  }

  #admit(key: string, labels: number): Cells[K] {
    if (this.#series.size < this.limit) return this.#make(key);
    this.onOverflow(this.definition.name);
    const other = Array.from({ length: labels }, () => OVERFLOW_LABEL).join(SEPARATOR);
    return this.#series.get(other)?.cell ?? this.#make(other);
  }

  #make(key: string): Cells[K] {
    const cell = makeCell(this.definition) as Cells[K];
    this.#series.set(key, { cell, labels: undefined });
    return cell;
  }

  #sample(key: string, series: Series<Cells[K]>): MetricSample {
    const { name, kind: type, help } = this.definition;
    series.labels ??= Object.freeze(labelled(this.definition, key.split(SEPARATOR)));
    const { cell, labels } = series;
    if (!(cell instanceof HistogramCell)) return { name, type, help, labels, value: cell.value };
    const { buckets, sum, count } = cell.read();
    return { name, type, help, labels, buckets, sum, count };
  }
}

/** The labels of a series, constant ones first. */
export function labelled(
  { constant, labels }: MetricDefinition,
  values: readonly string[],
): Record<string, string> {
  const own = Object.fromEntries(labels.map((label, index) => [label, values[index] ?? ""]));
  return { ...constant, ...own };
}

function makeCell({
  kind,
  buckets,
  signed,
  common,
}: MetricDefinition): CounterCell | GaugeCell | HistogramCell {
  switch (kind) {
    case "counter":
      return new CounterCell();
    case "gauge":
      return new GaugeCell(signed);
    case "histogram":
      return new HistogramCell(buckets, common);
  }
}
