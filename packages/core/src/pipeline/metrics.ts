import { defineCounter, defineHistogram, type MetricDefinition } from "../telemetry/metric.js";

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
