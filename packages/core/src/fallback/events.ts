import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const fallbackApplied: EventDefinition<{ name: string; error_type: string; error: string }> =
  defineEvent<{
    name: string;
    error_type: string;
    error: string;
  }>()("fallback.fallback_applied", { level: "info", help: "a fallback answered in place of a failed call" });

export const fallbackFailed: EventDefinition<{ name: string; error: string }> = defineEvent<{
  name: string;
  error: string;
}>()("fallback.function_failed", {
  level: "warning",
  help: "a fallback threw; the caller gets the original error",
});
