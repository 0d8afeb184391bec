import { defineCounter, defineGauge, defineHistogram, type MetricDefinition } from "../telemetry/metric.js";

export const checkStatus: MetricDefinition<"gauge"> = defineGauge("baldur_health_check_status", {
  help: "1 healthy, 0.5 degraded, 0 unhealthy; absent while nobody knows",
  labels: ["check_type"],
  across: "min",
});

export const resultsTotal: MetricDefinition<"counter"> = defineCounter("baldur_health_check_results_total", {
  help: "checks of health that were made, by what they found",
  labels: ["check_type", "result"],
});

export const durationSeconds: MetricDefinition<"histogram"> = defineHistogram(
  "baldur_health_check_duration_seconds",
  {
    help: "how long checks of health took",
    labels: ["check_type"],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  },
);

export const databaseConnected: MetricDefinition<"gauge"> = defineGauge(
  "baldur_health_check_database_connected",
  {
    help: "1 while the database is there, 0 while it is away",
    labels: ["alias"],
    across: "min",
  },
);

export const poolStatus: MetricDefinition<"gauge"> = defineGauge("baldur_health_check_pool_status", {
  help: "connections to a database: 1 healthy, 0.5 all of them are in use, 0 there are none",
  labels: ["alias"],
  across: "min",
});
