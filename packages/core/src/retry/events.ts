import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const retryAttempt: EventDefinition<{
  name: string;
  attempt: number;
  delay: number;
  error_type: string;
}> = defineEvent<{ name: string; attempt: number; delay: number; error_type: string }>()("retry.attempt", {
  level: "info",
  help: "an attempt failed and another one follows after the delay (milliseconds)",
});

interface GivenUp {
  name: string;
  reason: string;
  attempts: number;
  elapsed: number;
  error_type: string;
}

export const retryExhausted: EventDefinition<GivenUp> = defineEvent<GivenUp>()("retry.attempts_exhausted", {
  level: "warning",
  help: "no attempt is left: their number, their time, or a cooldown that is too long",
});

export const retryBudgetExhausted: EventDefinition<GivenUp> = defineEvent<GivenUp>()(
  "retry.budget_exhausted",
  {
    level: "warning",
    help: "the process has used up the retries that it may add",
  },
);

export const retryCallbackFailed: EventDefinition<{ name: string; callback: string; error: string }> =
  defineEvent<{
    name: string;
    callback: string;
    error: string;
  }>()("retry.callback_failed", {
    level: "warning",
    help: "retryOn, retryOnResult, backoff or onRetry threw; the call goes on without its answer",
  });
