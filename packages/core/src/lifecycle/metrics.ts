import { defineCounter, defineGauge, type MetricDefinition } from "../telemetry/metric.js";

export const phaseGauge: MetricDefinition<"gauge"> = defineGauge("baldur_shutdown_phase", {
  help: "0 running, 1 draining, 2 terminating, 3 terminated",
});

export const inFlightGauge: MetricDefinition<"gauge"> = defineGauge("baldur_shutdown_requests_in_flight", {
  help: "requests that were admitted and have not ended",
  across: "sum",
});

export const drainDuration: MetricDefinition<"gauge"> = defineGauge(
  "baldur_shutdown_drain_duration_seconds",
  {
    help: "how long the drain took, or has taken so far; absent while the process serves",
  },
);

export const drainedTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_shutdown_drained_requests_total",
  { help: "requests and calls that were in flight when a drain began, and ended in time" },
);

export const abortedTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_shutdown_aborted_requests_total",
  { help: "requests and calls that had not ended when the time of a drain was up" },
);

export const initiationsTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_shutdown_initiations_total",
  { help: "shutdowns that were begun, by what began them: signal or call", labels: ["trigger"] },
);
