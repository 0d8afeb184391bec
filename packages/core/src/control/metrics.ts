import { defineCounter, defineGauge, type MetricDefinition } from "../telemetry/metric.js";

export const enabledGauge: MetricDefinition<"gauge"> = defineGauge("baldur_system_control_enabled", {
  help: "1 enabled, 0 disabled by the kill switch",
  across: "min",
});

export const dryRunGauge: MetricDefinition<"gauge"> = defineGauge("baldur_system_control_dry_run", {
  help: "1 in a dry run",
});

export const changesTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_system_control_state_changes_total",
  {
    help: "changes of the kill switch and the dry run",
    labels: ["action"],
  },
);
