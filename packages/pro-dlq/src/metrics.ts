import { defineCounter, defineGauge, defineHistogram, type MetricDefinition } from "@baldur/core/plugin";

const SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

export const createdTotal: MetricDefinition<"counter"> = defineCounter("baldur_dlq_created_total", {
  help: "entries that were stored",
  labels: ["domain"],
});

export const itemsTotal: MetricDefinition<"counter"> = defineCounter("baldur_dlq_items_total", {
  help: "entries that were stored, by kind of failure",
  labels: ["domain", "failure_type", "is_synthetic"],
});

export const pendingCount: MetricDefinition<"gauge"> = defineGauge("baldur_dlq_pending_count", {
  help: "entries that wait for a replay",
  labels: ["domain"],
});

export const itemsByStatus: MetricDefinition<"gauge"> = defineGauge("baldur_dlq_items_by_status", {
  help: "entries by state",
  labels: ["status"],
});

export const sizeRatio: MetricDefinition<"gauge"> = defineGauge("baldur_dlq_size_ratio", {
  help: "open entries over the cap on all of them",
});

export const overflowTotal: MetricDefinition<"counter"> = defineCounter("baldur_dlq_overflow_total", {
  help: "entries that met a cap",
  labels: ["domain", "strategy"],
});

export const evictedTotal: MetricDefinition<"counter"> = defineCounter("baldur_dlq_evicted_total", {
  help: "entries that had to make room",
  labels: ["domain", "strategy"],
});

export const rejectedTotal: MetricDefinition<"counter"> = defineCounter("baldur_dlq_rejected_total", {
  help: "failed calls that were refused at a cap",
  labels: ["domain"],
});

export const domainRejectedTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_dlq_domain_input_rejected_total",
  { help: "domains that are no business label, and were replaced", labels: ["site"] },
);

export const storeDuration: MetricDefinition<"histogram"> = defineHistogram(
  "baldur_dlq_store_duration_seconds",
  {
    help: "from handing entries to the store until they are durable",
    buckets: SECONDS,
  },
);

export const replayDuration: MetricDefinition<"histogram"> = defineHistogram(
  "baldur_dlq_replay_duration_seconds",
  { help: "duration of replays", labels: ["domain"], buckets: SECONDS },
);

export const acquireDuration: MetricDefinition<"histogram"> = defineHistogram(
  "baldur_dlq_acquire_duration_seconds",
  { help: "duration of claims, one for entries that were claimed together", buckets: SECONDS },
);

export const replayAttempts: MetricDefinition<"counter"> = defineCounter("baldur_replay_attempts_total", {
  help: "replays that ran a handler",
  labels: ["domain", "replay_type", "is_synthetic"],
});

export const replayOutcomes: MetricDefinition<"counter"> = defineCounter("baldur_replay_outcomes_total", {
  help: "how replays ended that ran a handler",
  labels: ["domain", "outcome", "is_synthetic"],
});

export const dispatchTotal: MetricDefinition<"counter"> = defineCounter("baldur_dlq_replay_dispatch_total", {
  help: "automatic sweeps: dispatched, skipped_disabled, in_flight, blocked, error",
  labels: ["outcome"],
});

export const exhaustedTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_dlq_replay_exhausted_total",
  {
    help: "entries that used up their replays",
    labels: ["domain"],
  },
);

export const redriveTotal: MetricDefinition<"counter"> = defineCounter("baldur_dlq_force_redrive_total", {
  help: "entries that an operator ran beyond their budget",
  labels: ["domain"],
});

export const redriveExhaustedTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_dlq_force_redrive_exhausted_total",
  { help: "redriven entries that failed again to the end of their budget", labels: ["domain"] },
);

export const armedGauge: MetricDefinition<"gauge"> = defineGauge("baldur_dlq_auto_replay_armed", {
  help: "1 while automatic replay can work, 0 while a link is missing",
  across: "min",
});

export const outboxSize: MetricDefinition<"gauge"> = defineGauge("baldur_dlq_outbox_current_size", {
  help: "entries that wait to be written",
  across: "sum",
});

export const outboxDrops: MetricDefinition<"counter"> = defineCounter("baldur_dlq_outbox_drops_total", {
  help: "entries that found the outbox full and went to the spill file",
});

export const spilledTotal: MetricDefinition<"counter"> = defineCounter("baldur_dlq_spilled_total", {
  help: "entries that the store did not take, by where they went",
  labels: ["where"],
});
