import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const documentQuarantined: EventDefinition<{ file: string; kept_as: string }> = defineEvent<{
  file: string;
  kept_as: string;
}>()("documents.document_quarantined", {
  level: "error",
  journal: true,
  help: "a stored document could not be understood; it was put aside and counts as absent",
});

export const watcherFailed: EventDefinition<{ error: string }> = defineEvent<{ error: string }>()(
  "documents.watcher_failed",
  { level: "warning", help: "whoever watches a document threw when told about a change" },
);
