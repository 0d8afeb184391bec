import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const bulkheadFaulty: EventDefinition<{ name: string; error: string }> = defineEvent<{
  name: string;
  error: string;
}>()("bulkhead.slot_failed", {
  level: "warning",
  help: "whatever fills the bulkhead slot threw, or answered no permit; the call goes on without",
});
