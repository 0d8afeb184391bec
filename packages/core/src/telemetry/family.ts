import { labelValue } from "./label.js";
import {
  CounterCell,
  GaugeCell,
  HistogramCell,
  type MetricDefinition,
  type MetricKind,
  type MetricSample,
} from "./metric.js";

export interface Cells {
  counter: CounterCell;
  gauge: GaugeCell;
  histogram: HistogramCell;
}

/** What series beyond the limit are summed up under. */
const OVERFLOW_LABEL = "OTHER";
const SEPARATOR = "\u0000";

/** All series of one metric. */
export class MetricFamily<K extends MetricKind> {
  readonly #cells = new Map<string, Cells[K]>();
  #only: Cells[K] | undefined;

  constructor(
    readonly definition: MetricDefinition<K>,
    private readonly limit: number,
    private readonly onOverflow: (metric: string) => void,
  ) {}

  /** The series with these label values, in the order of the definition. Beyond the limit: the one that all others share. */
  cell(...values: string[]): Cells[K] {
    if (values.length === 0) {
      this.#only ??= this.#make("");
      return this.#only;
    }
    const key =
      values.length === 1 ? labelValue(values[0] as string) : values.map(labelValue).join(SEPARATOR);
    return this.#cells.get(key) ?? this.#admit(key, values.length);
  }

  samples(): MetricSample[] {
    return [...this.#cells].map(([key, cell]) => this.#sample(key, cell));
  }

  #admit(key: string, labels: number): Cells[K] {
    if (this.#cells.size < this.limit) return this.#make(key);
    this.onOverflow(this.definition.name);
    const other = Array.from({ length: labels }, () => OVERFLOW_LABEL).join(SEPARATOR);
    return this.#cells.get(other) ?? this.#make(other);
  }

  #make(key: string): Cells[K] {
    const cell = makeCell(this.definition) as Cells[K];
    this.#cells.set(key, cell);
    return cell;
  }

  #sample(key: string, cell: Cells[K]): MetricSample {
    const { name, kind, help, labels, constant } = this.definition;
    const values = key.split(SEPARATOR);
    const own = Object.fromEntries(labels.map((label, index) => [label, values[index] ?? ""]));
    const reading = cell instanceof HistogramCell ? cell.read() : { value: cell.value };
    return { name, type: kind, help, labels: { ...constant, ...own }, ...reading };
  }
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
