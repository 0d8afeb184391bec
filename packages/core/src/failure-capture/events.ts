import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const requestedWithoutBacking: EventDefinition<{ name: string; remedy: string }> = defineEvent<{
  name: string;
  remedy: string;
}>()("protect.dlq_requested_without_backing", {
  level: "warning",
  help: "a call asked to be kept when it fails and nothing keeps failed calls; once per process",
});

export const captureFailed: EventDefinition<{ name: string; error: string }> = defineEvent<{
  name: string;
  error: string;
}>()("dlq.capture_failed", {
  level: "error",
  family: "dlq",
  help: "whatever keeps failed calls threw; the caller's error is unaffected",
});
