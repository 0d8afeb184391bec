import { defineCounter, type MetricDefinition } from "../telemetry/metric.js";

export const checksTotal: MetricDefinition<"counter"> = defineCounter("baldur_idempotency_check_total", {
  help: "calls by what their key said: new, retried, duplicate, replayed, in_progress or unavailable",
  labels: ["result", "domain"],
});

export const decisionsTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_idempotency_gate_decision_total",
  {
    help: "answers of the store: continue, skip or abort",
    labels: ["decision"],
  },
);

export const takeoversTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_idempotency_gate_takeover_total",
  {
    help: "keys taken over from a claim that failed or went stale",
    labels: ["reason"],
  },
);

export const unguardedTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_idempotency_cache_unavailable_fallback_total",
  { help: "calls that ran unguarded because the store could not answer", labels: ["layer", "reason"] },
);
