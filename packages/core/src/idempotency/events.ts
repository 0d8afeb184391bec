import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const duplicateBlocked: EventDefinition<{ key: string; domain: string; decision: string }> =
  defineEvent<{
    key: string;
    domain: string;
    decision: string;
  }>()("idempotency.duplicate_blocked", {
    level: "warning",
    help: "a call was refused because its work was done before",
  });

export const executionBlocked: EventDefinition<{
  key: string;
  domain: string;
  decision: string;
  reason: string;
}> = defineEvent<{ key: string; domain: string; decision: string; reason: string }>()(
  "idempotency.execution_blocked",
  {
    level: "warning",
    help: "a call was refused because its work is running, or its record cannot be read",
  },
);

export const claimTakenOver: EventDefinition<{
  key: string;
  domain: string;
  reason: string;
  attempt: number;
}> = defineEvent<{ key: string; domain: string; reason: string; attempt: number }>()(
  "idempotency.claim_taken_over",
  {
    level: "info",
    help: "work is done again after it failed, or after its claim outlived its window",
  },
);

export const claimLost: EventDefinition<{ key: string; domain: string; status: string }> = defineEvent<{
  key: string;
  domain: string;
  status: string;
}>()("idempotency.claim_lost", {
  level: "info",
  help: "work ended after someone else had taken its key over: its execution window is too short",
});

export const guardCheckFailed: EventDefinition<{
  key: string;
  domain: string;
  error: string;
  fail_open: boolean;
}> = defineEvent<{ key: string; domain: string; error: string; fail_open: boolean }>()(
  "idempotency.guard_check_failed",
  {
    level: "warning",
    help: "the store could not answer; the call was refused, or ran unguarded when fail_open",
  },
);

export const markCompletedFailed: EventDefinition<{ key: string; domain: string; error: string }> =
  defineEvent<{
    key: string;
    domain: string;
    error: string;
  }>()("idempotency.mark_completed_failed", {
    level: "warning",
    help: "work was done and could not be marked so; the key is free again when its execution window ends",
  });

export const claimReturnFailed: EventDefinition<{
  key: string;
  domain: string;
  status: string;
  error: string;
}> = defineEvent<{ key: string; domain: string; status: string; error: string }>()(
  "idempotency.claim_return_failed",
  {
    level: "warning",
    help: "work was not done, and its key could not be freed; it is when its execution window ends",
  },
);

export const resultReplayFailed: EventDefinition<{ key: string; domain: string; error: string }> =
  defineEvent<{
    key: string;
    domain: string;
    error: string;
  }>()("idempotency.result_replay_failed", {
    level: "warning",
    help: "a result could not be written as JSON, or read back; duplicates get an error instead",
  });
