import { defineCounter, defineHistogram, type MetricDefinition } from "../telemetry/metric.js";

export const answers429Total: MetricDefinition<"counter"> = defineCounter("baldur_rate_limit_429_total", {
  help: "answers 429 from dependencies",
  labels: ["key"],
});

export const cooldownSeconds: MetricDefinition<"histogram"> = defineHistogram(
  "baldur_rate_limit_cooldown_seconds",
  {
    help: "cooldowns that answers 429 led to",
    labels: ["key"],
    buckets: [1, 5, 10, 30, 60, 300, 600, 1800, 3600],
  },
);

export const deferralsTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_rate_limit_deferrals_total",
  {
    help: "calls that would have had to wait too long for a cooldown",
    labels: ["key"],
  },
);

export const exceededTotal: MetricDefinition<"counter"> = defineCounter("baldur_rate_limit_exceeded_total", {
  help: "calls that the gate `rateLimit` refused",
});
