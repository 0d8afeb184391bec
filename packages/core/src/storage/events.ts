import { defineEvent, type EventDefinition } from "../telemetry/event.js";
import type { Divergence } from "./divergence.js";

export const embeddedFailed: EventDefinition<{ error: string }> = defineEvent<{ error: string }>()(
  "storage.embedded_failed",
  {
    level: "error",
    journal: true,
    help: "the folder for the state of this host cannot be used; until the next start it is kept in memory",
  },
);

export const degradedModeEntered: EventDefinition<{ reason: string; fallback: string }> = defineEvent<{
  reason: string;
  fallback: string;
}>()("resilient_storage.degraded_mode_entered", {
  level: "critical",
  journal: true,
  help: "Redis is not in use: this process goes on by itself until a recovery succeeds",
});

export const degradedModeFallback: EventDefinition<{ feature: string }> = defineEvent<{ feature: string }>()(
  "resilient_storage.degraded_mode_fallback",
  {
    level: "critical",
    help: "the first operation since Redis is not in use was answered from what this process knows",
  },
);

export const recoveryFailed: EventDefinition<{ reason: string; attempt: number }> = defineEvent<{
  reason: string;
  attempt: number;
}>()("resilient_storage.recovery_failed", {
  level: "warning",
  journal: true,
  help: "Redis answered, and what it missed could not be brought back; it is tried again",
});

export const recoverySucceeded: EventDefinition<{ duration: number; attempt: number }> = defineEvent<{
  duration: number;
  attempt: number;
}>()("resilient_storage.recovery_succeeded", {
  level: "info",
  journal: true,
  help: "everything that Redis missed was brought back, in so many milliseconds",
});

export const redisModeRecovered: EventDefinition<{ degraded_for: number }> = defineEvent<{
  degraded_for: number;
}>()("resilient_storage.redis_mode_recovered", {
  level: "info",
  journal: true,
  help: "Redis is in use again, after so many milliseconds",
});

export const recoveredEntriesWal: EventDefinition<{ recovered_count: number; refused_count: number }> =
  defineEvent<{
    recovered_count: number;
    refused_count: number;
  }>()("resilient_storage.recovered_entries_wal", {
    level: "info",
    journal: true,
    help: "records of write-ahead logs that Redis took; it refuses those whose key holds something else by now",
  });

export const degradedBlobMemoryFull: EventDefinition<{ evicted: number }> = defineEvent<{
  evicted: number;
}>()("resilient_storage.degraded_blob_memory_full", {
  level: "warning",
  help: "blobs that were not used for longest left the memory; they are in the log, and absent until Redis is back",
});

export const divergenceReport: EventDefinition<{
  total: number;
  counts: Readonly<Record<string, number>>;
  first: readonly Divergence[];
}> = defineEvent<{
  total: number;
  counts: Readonly<Record<string, number>>;
  first: readonly Divergence[];
}>()("storage.divergence_report", {
  level: "info",
  journal: true,
  help: "what this process and Redis held differently when they met again, and what became of it; once per recovery",
});
