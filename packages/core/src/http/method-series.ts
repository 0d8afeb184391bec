import type { MetricFamily } from "../telemetry/family.js";
import type { CounterCell, HistogramCell } from "../telemetry/metric.js";

export interface HttpFamilies {
  readonly requests: MetricFamily<"counter">;
  readonly durations: MetricFamily<"histogram">;
  readonly errors: MetricFamily<"counter">;
}

/** The series of one method of one endpoint, kept at hand: recording looks nothing up by a text. */
export class MethodSeries {
  readonly #durations: HistogramCell;
  readonly #statuses = new Map<number, CounterCell>();
  readonly #errors = new Set<string>();

  constructor(
    private readonly families: HttpFamilies,
    private readonly method: string,
    private readonly endpoint: string,
  ) {
    this.#durations = families.durations.cell(method, endpoint);
  }

  answered(status: number, seconds: number): void {
    this.#durations.observe(seconds);
    (this.#statuses.get(status) ?? this.#count(status)).add();
  }

  failed(type: string): void {
    this.#errors.add(type);
    this.families.errors.cell(this.method, this.endpoint, type).add();
  }

  remove(): void {
    const { requests, durations, errors } = this.families;
    durations.remove(this.method, this.endpoint);
    for (const status of this.#statuses.keys()) requests.remove(this.method, this.endpoint, String(status));
    for (const type of this.#errors) errors.remove(this.method, this.endpoint, type);
  }

  #count(status: number): CounterCell {
    const cell = this.families.requests.cell(this.method, this.endpoint, String(status));
    this.#statuses.set(status, cell);
    return cell;
  }
}
