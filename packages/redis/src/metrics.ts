import { defineCounter, defineGauge, type MetricDefinition } from "@baldur/core/plugin";

export const available: MetricDefinition<"gauge"> = defineGauge("baldur_redis_available", {
  help: "1 while commands are sent to Redis, 0 while they are refused at once",
  across: "min",
});

export const failuresTotal: MetricDefinition<"counter"> = defineCounter("baldur_redis_failures_total", {
  help: "Commands, batches and scripts without an answer of use, by reason: not sent because Redis is away, lost on the way, or refused by Redis",
  labels: ["reason"],
});
