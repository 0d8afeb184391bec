import { defineGauge, type MetricDefinition } from "../telemetry/metric.js";

export const degraded: MetricDefinition<"gauge"> = defineGauge("baldur_resilient_storage_degraded", {
  help: "1 while this process goes on without Redis, or brings back what Redis missed",
});
