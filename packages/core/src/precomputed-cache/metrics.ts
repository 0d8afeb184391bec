import { defineCounter, defineGauge, type MetricDefinition } from "../telemetry/metric.js";

export const refreshTotal: MetricDefinition<"counter"> = defineCounter("baldur_cache_refresh_total", {
  help: "answers that were made, by how that ended: success or failure",
  labels: ["cache_key", "status"],
});

export const hitRate: MetricDefinition<"gauge"> = defineGauge("baldur_cache_hit_rate", {
  help: "share of the questions that a kept answer served, 0 to 1; absent until somebody asks",
  labels: ["cache_key", "layer"],
});
