import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const jobFailed: EventDefinition<{ job: string; error: string; errors: number }> = defineEvent<{
  job: string;
  error: string;
  errors: number;
}>()("scheduler.job_failed", {
  level: "warning",
  journal: true,
  help: "a job threw; it runs again when it is due",
});

export const unknownJobDisabled: EventDefinition<{ job: string; known: readonly string[] }> = defineEvent<{
  job: string;
  known: readonly string[];
}>()("scheduler.unknown_job_disabled", {
  level: "warning",
  help: "BALDUR_SCHEDULER_DISABLED_JOBS names a job that there is not",
});

export const historyUnavailable: EventDefinition<{ error: string }> = defineEvent<{ error: string }>()(
  "scheduler.history_unavailable",
  { level: "warning", help: "when jobs ran last could not be read or written; once, until it can" },
);

export const leadershipAcquired: EventDefinition<{ resource: string; node_id: string }> = defineEvent<{
  resource: string;
  node_id: string;
}>()("leader_election.leadership_acquired", {
  level: "info",
  journal: true,
  help: "this process does from now on what only one may do",
});

export const leadershipLost: EventDefinition<{ resource: string; node_id: string }> = defineEvent<{
  resource: string;
  node_id: string;
}>()("leader_election.leadership_lost", {
  level: "info",
  journal: true,
  help: "this process does no longer what only one may do",
});

export const electionFailed: EventDefinition<{ resource: string; error: string; hint: string }> =
  defineEvent<{ resource: string; error: string; hint: string }>()("leader_election.election_failed", {
    level: "warning",
    help: "the processes of this host cannot agree, so that none of them leads; once, until they can",
  });

export const providerUnavailable: EventDefinition<{ backend: string; resource_name: string; hint: string }> =
  defineEvent<{ backend: string; resource_name: string; hint: string }>()(
    "leader_election.provider_unavailable",
    {
      level: "warning",
      help: "the fleet is to elect a leader and nothing that does so is active: this process never leads",
    },
  );
