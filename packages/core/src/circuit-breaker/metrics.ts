import { defineCounter, defineGauge, defineHistogram, type MetricDefinition } from "../telemetry/metric.js";

export const stateGauge: MetricDefinition<"gauge"> = defineGauge("baldur_circuit_breaker_state", {
  help: "0 closed, 1 open, 2 half-open",
  across: [0, 2, 1],
  labels: ["service"],
});

export const failuresTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_circuit_breaker_failures_total",
  {
    help: "failures recorded by circuits",
    labels: ["service"],
  },
);

export const tripsTotal: MetricDefinition<"counter"> = defineCounter("baldur_circuit_breaker_trips_total", {
  help: "times a circuit opened by itself",
  labels: ["service"],
});

export const transitionsTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_circuit_breaker_transitions_total",
  {
    help: "transitions of circuits",
    labels: ["service", "from_state", "to_state"],
  },
);

export const openDuration: MetricDefinition<"histogram"> = defineHistogram(
  "baldur_circuit_breaker_open_duration_seconds",
  {
    help: "time that circuits stayed open",
    labels: ["service"],
    buckets: [60, 300, 600, 1800, 3600, 7200],
  },
);

export const blockedTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_circuit_breaker_blocked_total",
  {
    help: "calls that circuits refused",
    labels: ["service", "reason"],
  },
);

export const probesReclaimedTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_circuit_breaker_half_open_stuck_recovery_total",
  { help: "probe slots taken back because the probe never ended", labels: ["service"] },
);

export const evictedTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_circuit_breaker_evicted_total",
  {
    help: "idle breakers that left to make room",
    labels: [],
  },
);
