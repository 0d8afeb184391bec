import { defineCounter, defineGauge, type MetricDefinition } from "../telemetry/metric.js";

export const retriesTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_retry_attempts_started_total",
  {
    help: "attempts after the first",
    labels: ["name"],
  },
);

export const outcomesTotal: MetricDefinition<"counter"> = defineCounter("baldur_retry_outcomes_total", {
  help: "calls whose attempts were given up, by reason",
  labels: ["name", "reason"],
});

export const budgetUsed: MetricDefinition<"gauge"> = defineGauge("baldur_retry_budget_used", {
  help: "retries of the last ten seconds; budget `*` is the process's",
  across: "sum",
  labels: ["budget"],
});

export const budgetAllowed: MetricDefinition<"gauge"> = defineGauge("baldur_retry_budget_allowed", {
  help: "retries that the calls of the last ten seconds allow",
  across: "sum",
  labels: ["budget"],
});
