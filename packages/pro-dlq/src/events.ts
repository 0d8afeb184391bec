import { defineEvent, type EventDefinition, type EventOptions } from "@baldur/core/plugin";

function event<P extends object>(name: string, options: EventOptions): EventDefinition<P> {
  return defineEvent<P>()(name, options);
}

interface OfEntry {
  id: string;
  name: string;
  domain: string;
}

export const entryCreated: EventDefinition<{
  name: string;
  domain: string;
  failure_type: string;
  count: number;
}> = event("dlq.entry_created", {
  level: "info",
  family: "dlq",
  journal: true,
  help: "failed calls were stored; one event for those of a kind that were written together",
});

export const captureRefused: EventDefinition<{ name: string; domain: string; reason: string }> = event(
  "dlq.capture_refused",
  {
    level: "warning",
    family: "dlq",
    help: "a failed call was not kept: disabled, or the queue is full and refuses",
  },
);

export const fieldTruncated: EventDefinition<OfEntry & { field: string }> = event("dlq.field_truncated", {
  level: "warning",
  family: "dlq",
  help: "a captured field was larger than allowed and is cut",
});

export const fieldMasked: EventDefinition<OfEntry & { paths: readonly string[] }> = event(
  "dlq.field_masked",
  {
    level: "info",
    family: "dlq",
    help: "arguments were masked without a key to restore them: the entry is not replayed by itself",
  },
);

export const entriesEvicted: EventDefinition<{ domain: string; count: number; strategy: string }> = event(
  "dlq.entries_evicted",
  { level: "warning", family: "dlq", journal: true, help: "the oldest entries made room at a cap" },
);

export const overfull: EventDefinition<{ open: number }> = event("dlq.overflow_soft_cap_all_protected", {
  level: "warning",
  family: "dlq",
  help: "everything that could make room is being worked on, so the cap is exceeded; once until there is room again",
});

export const entryQuarantined: EventDefinition<{ id: string; problem: string }> = event(
  "dlq.entry_quarantined",
  {
    level: "error",
    family: "dlq",
    journal: true,
    help: "a stored entry cannot be read and was put aside; the others are served",
  },
);

export const storeFailed: EventDefinition<{ entries: number; error: string }> = event("dlq.store_failed", {
  level: "error",
  family: "dlq",
  help: "the store did not take entries; they go down the chain",
});

export const spilled: EventDefinition<{ entries: number; file: string }> = event("dlq.entries_spilled", {
  level: "warning",
  family: "dlq",
  journal: true,
  help: "entries were written to the spill file, to be taken up when the store is well, or at the next start",
});

export const spillFailed: EventDefinition<{ problem: string; detail: string }> = event("dlq.spill_failed", {
  level: "error",
  family: "dlq",
  help: "something is wrong with a spill file or its folder",
});

export const fallbackExhausted: EventDefinition<{ entries: number; written: boolean }> = event(
  "dlq.fallback_exhausted",
  {
    level: "critical",
    family: "dlq",
    journal: true,
    help: "neither the store nor a spill file took entries; they were written to the error stream",
  },
);

export const spillAbsorbed: EventDefinition<{ entries: number; corrupt: number; files: number }> = event(
  "dlq.spill_absorbed",
  { level: "info", family: "dlq", journal: true, help: "entries from spill files are in the store" },
);

export const outboxOverflowed: EventDefinition<{
  capacity: number;
  size: number;
  total_dropped: number;
  drop_rate: number;
}> = event("dlq.outbox_drop_threshold_breached", {
  level: "warning",
  family: "dlq",
  help: "more failed calls arrive than can be written; what finds the outbox full goes to the spill file",
});

export const shutdownDumped: EventDefinition<{ entries_dumped: number; where: string }> = event(
  "dlq_outbox.shutdown_emergency_dump",
  {
    level: "warning",
    family: "dlq",
    journal: true,
    help: "a shutdown ran out of time; what was not written yet went down the chain",
  },
);

export const storeInMemory: EventDefinition<{ remedy: string }> = event("dlq.store_in_memory", {
  level: "info",
  family: "dlq",
  always: true,
  help: "failed calls are kept in the memory of the process, for nothing durable is there; once per boot",
});

export const storeUnprepared: EventDefinition<{ error: string }> = event("dlq.store_unprepared", {
  level: "error",
  family: "dlq",
  journal: true,
  help: "the tables of the queue could not be made; until they are, entries go to the spill file",
});

export const storeMayForget: EventDefinition<{ problem: string; remedy: string }> = event(
  "dlq.store_may_forget",
  {
    level: "warning",
    family: "dlq",
    always: true,
    help: "the Redis that entries are kept in may lose what it acknowledged; once per boot for each reason",
  },
);

export const replayBlocked: EventDefinition<{ name: string; operation: string; reason: string }> = event(
  "dlq_replay.blocked",
  {
    level: "warning",
    family: "replay",
    journal: true,
    help: "a replay was not allowed, by an operator, an emergency or a budget",
  },
);

export const replaySkipped: EventDefinition<OfEntry & { reason: string }> = event("dlq_replay.skipped", {
  level: "info",
  family: "replay",
  help: "an entry was not replayed, which cost it nothing",
});

export const replayCompleted: EventDefinition<
  OfEntry & { success: boolean; replay_attempt: number; trigger: string }
> = event("dlq_replay.completed", {
  level: "debug",
  family: "replay",
  help: "a replay ended",
});

export const replayFailed: EventDefinition<OfEntry & { error: string; replay_attempt: number }> = event(
  "dlq_replay.failed",
  { level: "warning", family: "replay", help: "a replay handler failed" },
);

export const replayExhausted: EventDefinition<OfEntry & { attempts: number; redriven: boolean }> = event(
  "dlq_replay.exhausted",
  {
    level: "warning",
    family: "replay",
    journal: true,
    help: "an entry used up its replays and waits for a person",
  },
);

export const replaySuppressed: EventDefinition<{ name: string; entries: number }> = event(
  "dlq_replay.suppressed",
  { level: "info", family: "replay", help: "a dry run: these entries would have been replayed" },
);

export const batchProgressed: EventDefinition<{
  name: string | undefined;
  domain: string | undefined;
  success_count: number;
}> = event("dlq_replay.batch_progressed", {
  level: "info",
  family: "replay",
  journal: true,
  help: "a batch of replays goes on; successes since the last word on it, every two seconds at most",
});

export const batchCompleted: EventDefinition<{
  name: string | undefined;
  domain: string | undefined;
  trigger: string;
  /** Of the operator who asked for it. */
  actor: string | undefined;
  reason: string | undefined;
  total: number;
  success_count: number;
  failed_count: number;
  skipped_count: number;
  /** How many of the successes were told while it went on; absent where none was. */
  progressed_count?: number;
  /** How many for which reason; absent where none was skipped. */
  skipped_for?: Readonly<Record<string, number>>;
}> = event("dlq_replay.batch_completed", {
  level: "info",
  family: "replay",
  journal: true,
  help: "a batch of replays ended",
});

export const claimLost: EventDefinition<OfEntry> = event("dlq_replay.claim_lost", {
  level: "warning",
  family: "replay",
  journal: true,
  help: "a replay ended after its claim was taken back: its outcome settles nothing",
});

export const settleFailed: EventDefinition<OfEntry & { error: string }> = event("dlq_replay.settle_failed", {
  level: "error",
  family: "replay",
  help: "the store did not take the outcome of a replay; the entry is released later, and counts one try",
});

export const guardDegraded: EventDefinition<{ operation: string; error: string }> = event(
  "dlq_replay.guard_degraded",
  {
    level: "warning",
    family: "replay",
    help: "whether a replay is allowed could not be asked; it went ahead",
  },
);

export const staleReleased: EventDefinition<{ entries: number }> = event("dlq.stale_released", {
  level: "warning",
  family: "dlq",
  journal: true,
  help: "entries were taken back from owners that are gone, or took too long",
});

export const entriesExpired: EventDefinition<{ entries: number }> = event("dlq.entries_expired", {
  level: "warning",
  family: "dlq",
  journal: true,
  help: "pending entries reached the end of their time",
});

export const entriesArchived: EventDefinition<{ entries: number }> = event("dlq.entries_archived", {
  level: "info",
  family: "dlq",
  journal: true,
  help: "resolved entries were archived",
});

export const entriesPurged: EventDefinition<{ entries: number }> = event("dlq.entries_purged", {
  level: "warning",
  family: "dlq",
  journal: true,
  help: "archived entries were removed for good",
});

export const entryOperated: EventDefinition<
  OfEntry & { action: string; actor: string; reason: string; success: boolean }
> = event("dlq.entry_operated", {
  level: "info",
  family: "dlq",
  journal: true,
  help: "an operator resolved, rejected, retried or redrove an entry",
});

export const cardinalityBreached: EventDefinition<{ groups: number; threshold: number }> = event(
  "dlq.cardinality_threshold_breached",
  {
    level: "warning",
    family: "dlq",
    help: "there are very many kinds of entries: a failure type is likely made of something unique",
  },
);

export const maintenanceFailed: EventDefinition<{ job: string; error: string }> = event(
  "dlq.maintenance_failed",
  {
    level: "warning",
    family: "dlq",
    help: "a job of maintenance failed and is tried again",
  },
);

export const automationFailed: EventDefinition<{ name: string; error: string }> = event(
  "dlq_replay.automation_failed",
  {
    level: "warning",
    family: "replay",
    help: "an automatic sweep ended with an error; entries stay where they were",
  },
);

export const automationUnarmed: EventDefinition<{ name: string; missing_link: string }> = event(
  "dlq_replay.automation_blocked",
  {
    level: "warning",
    family: "replay",
    help: "entries wait and nothing can replay them; once per name and reason",
  },
);
