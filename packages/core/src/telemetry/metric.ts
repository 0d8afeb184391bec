import { ConfigurationError } from "../errors.js";

/** @public */
export type MetricKind = "counter" | "gauge" | "histogram";

/** A metric, declared once beside the feature that records it. @public */
export interface MetricDefinition<K extends MetricKind = MetricKind> {
  readonly kind: K;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Labels with the same value on every series. */
  readonly constant: Readonly<Record<string, string>>;
  /** Upper bounds of a histogram, ascending. */
  readonly buckets: readonly number[];
  /** A gauge that may be negative; others are held at 0. */
  readonly signed: boolean;
  /** The value that most observations of a histogram have, below its highest bound. */
  readonly common: number;
  /** Label values stay as they are, for code that sees to it that they are few, short and printable. */
  readonly verbatim: boolean;
  /** How many times the limit on series it may have. */
  readonly room: number;
  /** How the gauges of several processes become one. */
  readonly across: Across;
}

/** `"sum"`, the lowest, the highest, or, of values listed from good to bad, the worst. @public */
export type Across = "sum" | "min" | "max" | readonly number[];

/** @public */
export interface MetricOptions {
  help: string;
  labels?: readonly string[];
  constant?: Record<string, string>;
  signed?: boolean;
  common?: number;
  verbatim?: boolean;
  /** Default 1. */
  room?: number;
  /** Default `"max"`. Counters and histograms are always summed up. */
  across?: Across;
}

/** One series as it is when asked. @public */
export interface MetricSample {
  readonly name: string;
  readonly type: MetricKind;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value?: number;
  /** Cumulative. */
  readonly buckets?: readonly { readonly le: number; readonly count: number }[];
  readonly sum?: number;
  readonly count?: number;
}

/** The series of one metric, each read when it is taken. @public */
export interface MetricReading {
  readonly definition: MetricDefinition;
  /** The most series that it may have, and one more that the others share. */
  readonly limit: number;
  samples(): Iterable<MetricSample>;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

function define<K extends MetricKind>(
  kind: K,
  name: string,
  options: MetricOptions,
  buckets: readonly number[],
): MetricDefinition<K> {
  if (!NAME.test(name)) throw new ConfigurationError(`metric ${name} must match ${NAME.source}`);
  const defaults = { labels: [], constant: {}, signed: false, common: 0, verbatim: false, room: 1 };
  return Object.freeze({ ...defaults, across: "max", ...options, kind, name, buckets });
}

/** @public */
export function defineCounter(name: string, options: MetricOptions): MetricDefinition<"counter"> {
  return define("counter", name, options, []);
}

/** @public */
export function defineGauge(name: string, options: MetricOptions): MetricDefinition<"gauge"> {
  return define("gauge", name, options, []);
}

/** @public */
export function defineHistogram(
  name: string,
  options: MetricOptions & { buckets: readonly number[] },
): MetricDefinition<"histogram"> {
  return define("histogram", name, options, options.buckets);
}

/** A series is a plain number, fetched once and then only added to. */
export class CounterCell {
  value = 0;

  add(by = 1): void {
    this.value += by;
  }
}

export class GaugeCell {
  value = 0;

  constructor(private readonly signed: boolean) {}

  set(value: number): void {
    this.value = this.signed ? value : Math.max(0, value);
  }

  add(by: number): void {
    this.set(this.value + by);
  }
}

/**
 * The count of every bucket and of everything above, and the sum. A plain array: a typed one of this size lives outside
 * the heap, and costs ten times as much to make.
 */
export class HistogramCell {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #common = 0;

  /** `common` is the value that most observations have, below the highest bound: those are only counted. */
  constructor(
    bounds: readonly number[],
    private readonly common: number = 0,
  ) {
    this.#bounds = bounds;
    this.#counts = zeros(bounds.length + 1);
  }

  /** The same as `observe(common)`. */
  observeCommon(): void {
    this.#common++;
  }

  /** Values are mostly small, so the search begins at the lowest bound. */
  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += value;
  }

  read(): Required<Pick<MetricSample, "buckets" | "sum" | "count">> {
    const buckets: { le: number; count: number }[] = [];
    let count = 0;
    let unplaced = this.#common;
    for (let bucket = 0; bucket < this.#bounds.length; bucket++) {
      const le = this.#bounds[bucket] as number;
      count += this.#counts[bucket] as number;
      if (this.common <= le) {
        count += unplaced;
        unplaced = 0;
      }
      buckets.push({ le, count });
    }
    count += this.#counts[this.#bounds.length] as number;
    return { buckets, count, sum: this.#sum + this.#common * this.common };
  }
}

function zeros(length: number): number[] {
  const counts: number[] = [];
  for (let index = 0; index < length; index++) counts.push(0);
  return counts;
}
