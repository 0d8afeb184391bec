import { defineCounter, type MetricDefinition } from "../telemetry/metric.js";

export const discardedTotal: MetricDefinition<"counter"> = defineCounter("baldur_dlq_discarded_total", {
  help: "failed calls that asked to be kept while nothing keeps them",
  labels: ["domain"],
});
