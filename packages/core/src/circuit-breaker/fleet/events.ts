import { defineEvent, type EventDefinition } from "../../telemetry/event.js";

export const quarantined: EventDefinition<{ adapter_type: string; consecutive_failures: number }> =
  defineEvent<{ adapter_type: string; consecutive_failures: number }>()("layered_repo.l2_quarantined", {
    level: "warning",
    journal: true,
    help: "the shared store failed repeatedly; until it answers again every process decides by itself",
  });

export const recovered: EventDefinition<{ adapter_type: string }> = defineEvent<{ adapter_type: string }>()(
  "layered_repo.l2_recovered",
  { level: "info", journal: true, help: "the shared store answers again" },
);

export const initialLoadCompleted: EventDefinition<{ circuits: number }> = defineEvent<{
  circuits: number;
}>()("layered_repo.initial_load_completed", {
  level: "info",
  help: "the shared state was read at the start",
});

export const initialLoadTimeout: EventDefinition<{ limit: number; error: string }> = defineEvent<{
  limit: number;
  error: string;
}>()("layered_repo.initial_load_timeout", {
  level: "warning",
  journal: true,
  help: "the shared state could not be read in time; the process starts from memory and goes on trying",
});

export const reconciled: EventDefinition<{
  reconciled_count: number;
  l1_wins_count: number;
  l2_wins_count: number;
}> = defineEvent<{ reconciled_count: number; l1_wins_count: number; l2_wins_count: number }>()(
  "layered_repo.drift_reconciliation_completed_reconciled",
  {
    level: "info",
    journal: true,
    help: "what this process held and what the shared store held were made one",
  },
);

export const followed: EventDefinition<{
  name: string;
  previous_state: string;
  state: string;
  trigger: string;
  by: string;
}> = defineEvent<{ name: string; previous_state: string; state: string; trigger: string; by: string }>()(
  "circuit_breaker.fleet_followed",
  { level: "info", family: "cb", help: "a circuit took over what another process decided" },
);

export const recordDamaged: EventDefinition<{ name: string }> = defineEvent<{ name: string }>()(
  "circuit_breaker.fleet_record_damaged",
  {
    level: "warning",
    family: "cb",
    journal: true,
    help: "what the shared store holds of a circuit cannot be read; it counts as unknown and is written anew",
  },
);
