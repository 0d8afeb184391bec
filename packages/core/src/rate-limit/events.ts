import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const cooldownStarted: EventDefinition<{ key: string; cooldown: number; consecutive: number }> =
  defineEvent<{
    key: string;
    cooldown: number;
    consecutive: number;
  }>()("rate_limit.cooldown_start", {
    level: "warning",
    journal: true,
    help: "a dependency answered 429: all calls with its key wait (milliseconds)",
  });

export const cooldownEnded: EventDefinition<{ key: string }> = defineEvent<{ key: string }>()(
  "rate_limit.cooldown_end",
  {
    level: "info",
    journal: true,
    help: "a dependency that had answered 429 answers again",
  },
);

export const retryAfterClamped: EventDefinition<{ key: string; retry_after: number; ceiling: number }> =
  defineEvent<{
    key: string;
    retry_after: number;
    ceiling: number;
  }>()("rate_limit.retry_after_clamped", {
    level: "warning",
    help: "a dependency asked for a longer wait than the ceiling allows (milliseconds)",
  });

export const sharingFailed: EventDefinition<{ error: string }> = defineEvent<{ error: string }>()(
  "rate_limit.sharing_failed",
  {
    level: "warning",
    help: "other processes could not be told or asked about a cooldown; this one decides for itself until they can",
  },
);

export const requestBlocked: EventDefinition<{ key: string; limit: number; window: number }> = defineEvent<{
  key: string;
  limit: number;
  window: number;
}>()("rate_limit.request_blocked", { level: "warning", help: "the gate `rateLimit` refused a call" });
