import { defineCounter, defineGauge, type MetricDefinition } from "../telemetry/metric.js";

const labels: readonly string[] = ["resource_name", "node_id"];

export const isLeader: MetricDefinition<"gauge"> = defineGauge("baldur_leader_elector_is_leader", {
  help: "1 in the process that leads",
  labels,
  across: "sum",
});

export const electionsTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_leader_elector_elections_total",
  { help: "times that this process became the leader", labels },
);

export const renewErrorsTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_leader_elector_renew_errors_total",
  { help: "attempts to become or to stay the leader that failed", labels: ["error_type"] },
);

export const leadershipDuration: MetricDefinition<"gauge"> = defineGauge(
  "baldur_leader_elector_leadership_duration_seconds",
  { help: "how long this process leads; absent where it does not", labels },
);

export const leaseExpires: MetricDefinition<"gauge"> = defineGauge(
  "baldur_leader_elector_lease_expire_timestamp",
  {
    help: "until when this process may lead without renewing, in seconds of Unix time; absent where it does not",
    labels,
  },
);

export const runsTotal: MetricDefinition<"counter"> = defineCounter("baldur_scheduler_job_runs_total", {
  help: "runs of jobs in this process, by how they ended: success or failure",
  labels: ["job", "result"],
});
