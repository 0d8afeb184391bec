import { defineCounter, defineGauge, type MetricDefinition } from "../telemetry/metric.js";

export const generatedTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_daily_report_generated_total",
  { help: "daily reports that were made", labels: ["is_synthetic"] },
);

export const deliveryTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_daily_report_delivery_total",
  {
    help: "daily reports by channel and by what became of them: sent, failed, suppressed",
    labels: ["channel", "status", "is_synthetic"],
  },
);

export const skippedTotal: MetricDefinition<"counter"> = defineCounter("baldur_daily_report_skipped_total", {
  help: "days without a report, because nothing happened on them",
  labels: ["reason"],
});

export const droppedTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_daily_report_entries_dropped_total",
  { help: "entries of days that were dropped", labels: ["reason"] },
);

export const lastGenerated: MetricDefinition<"gauge"> = defineGauge(
  "baldur_daily_report_last_generated_timestamp_seconds",
  { help: "when this process made a daily report last" },
);
