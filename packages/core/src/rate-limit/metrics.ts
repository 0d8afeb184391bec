import { defineCounter, defineGauge, defineHistogram, type MetricDefinition } from "../telemetry/metric.js";

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

export const cooldownFallbackActive: MetricDefinition<"gauge"> = defineGauge(
  "baldur_ratelimit_fallback_active",
  {
    help: "1 while cooldowns after an answer 429 are those of this process alone, because the shared store is away",
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
  help: "calls that the gate `rateLimit` refused; by the limit of one process while the shared store is away (emergency)",
  labels: ["mode"],
});

export const failoverTotal: MetricDefinition<"counter"> = defineCounter("baldur_rate_limit_failover_total", {
  help: "times that the store which limits of the fleet are counted in went away",
});

export const fleetDegradedMode: MetricDefinition<"gauge"> = defineGauge("baldur_rate_limit_degraded_mode", {
  help: "1 while every process keeps an emergency limit of its own, because the shared store is away",
});
