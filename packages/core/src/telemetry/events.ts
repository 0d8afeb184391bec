import { defineEvent, type EventDefinition } from "./event.js";

export const sinkFailed: EventDefinition<{ sink: string; error: string }> = defineEvent<{
  sink: string;
  error: string;
}>()("telemetry.sink_failed", { level: "warning", help: "a sink or listener threw; reported once for each" });

export const readerFailed: EventDefinition<{ metric: string; error: string }> = defineEvent<{
  metric: string;
  error: string;
}>()("telemetry.reader_failed", {
  level: "warning",
  help: "a metric could not be read, so its series are absent; reported once for each",
});
