import { defineCounter, defineGauge, type MetricDefinition } from "../telemetry/metric.js";

export const droppedTotal: MetricDefinition<"counter"> = defineCounter("baldur_journal_dropped_total", {
  help: "entries of the journal that were lost: because of overflow, or of shutdown",
  labels: ["cause"],
});

export const waiting: MetricDefinition<"gauge"> = defineGauge("baldur_journal_waiting", {
  help: "entries of this process that the store of the journal has not taken yet",
});
