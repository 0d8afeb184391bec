import { defineCounter, defineGauge, type MetricDefinition } from "@baldur/core/plugin";

export const available: MetricDefinition<"gauge"> = defineGauge("baldur_sql_available", {
  help: "1 while statements are sent to Postgres, 0 while they are refused at once",
  across: "min",
});

export const failuresTotal: MetricDefinition<"counter"> = defineCounter("baldur_sql_failures_total", {
  help: "Statements without an answer of use, by reason: not sent because Postgres is away, lost on the way, or refused by Postgres",
  labels: ["reason"],
});
