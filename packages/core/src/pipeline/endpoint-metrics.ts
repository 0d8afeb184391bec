import type { HistogramCell } from "../telemetry/metric.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { protectAttempts, protectDuration, protectFallbackTotal } from "./metrics.js";
import type { Outcome } from "./outcome.js";

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
