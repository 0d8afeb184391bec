import { defineGauge, type MetricDefinition } from "@baldur/core/plugin";

export const up: MetricDefinition<"gauge"> = defineGauge("baldur_up", {
  help: "1 while the runtime runs",
  across: "min",
});

export const workers: MetricDefinition<"gauge"> = defineGauge("baldur_metrics_workers", {
  help: "workers of a cluster on this page, by whether they answered in time",
  labels: ["state"],
});
