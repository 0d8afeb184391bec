import { defineCounter, type MetricDefinition } from "./metric.js";

export const sinkErrorsTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_telemetry_sink_errors_total",
  {
    help: "sinks and listeners that threw",
    labels: ["sink"],
  },
);

export const labelOverflowTotal: MetricDefinition<"counter"> = defineCounter("baldur_label_overflow_total", {
  help: "recordings that went to the overflow series because a metric has too many",
  labels: ["metric"],
});
