import {
  defineCounter,
  defineHistogram,
  type HistogramCell,
  type MetricDefinition,
} from "../telemetry/metric.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import type { Outcome } from "./outcome.js";

export const protectDuration: MetricDefinition<"histogram"> = defineHistogram(
  "baldur_protect_duration_seconds",
  {
    help: "time from call to outcome",
    labels: ["name", "outcome"],
    constant: { mode: "async" },
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
);

export const protectAttempts: MetricDefinition<"histogram"> = defineHistogram("baldur_protect_attempts", {
  help: "runs of the protected function per call; 0 when it was refused before",
  labels: ["name", "outcome"],
  constant: { mode: "async" },
  buckets: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  common: 1,
});

export const protectFallbackTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_protect_fallback_total",
  {
    help: "calls that a fallback answered",
    labels: ["name"],
    constant: { mode: "async" },
  },
);

const MILLISECONDS = 1 / 1000;

interface OutcomeCells {
  readonly duration: HistogramCell;
  readonly attempts: HistogramCell;
}

/** The metrics of one name: plain numbers, read when someone scrapes. */
export class EndpointMetrics {
  #success: OutcomeCells | null = null;
  #others: Map<Outcome, OutcomeCells> | null = null;

  constructor(
    private readonly telemetry: TelemetryHub,
    private readonly name: string,
  ) {}

  /** The common case: a success at the first attempt. */
  recordSuccess(duration: number): void {
    this.#success ??= this.#create("success");
    const { duration: durations, attempts } = this.#success;
    if (duration === 0) durations.observeCommon();
    else durations.observe(duration * MILLISECONDS);
    attempts.observeCommon();
  }

  record(outcome: Outcome, duration: number, attempts: number): void {
    const cells = this.#cells(outcome);
    cells.duration.observe(duration * MILLISECONDS);
    cells.attempts.observe(attempts);
    if (outcome === "fallback") this.telemetry.counter(protectFallbackTotal).cell(this.name).add();
  }

  #cells(outcome: Outcome): OutcomeCells {
    if (outcome === "success") {
      this.#success ??= this.#create(outcome);
      return this.#success;
    }
    this.#others ??= new Map();
    let cells = this.#others.get(outcome);
    if (cells === undefined) {
      cells = this.#create(outcome);
      this.#others.set(outcome, cells);
    }
    return cells;
  }

  #create(outcome: Outcome): OutcomeCells {
    return {
      duration: this.telemetry.histogram(protectDuration).cell(this.name, outcome),
      attempts: this.telemetry.histogram(protectAttempts).cell(this.name, outcome),
    };
  }
}
