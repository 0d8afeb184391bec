import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const interventionSuppressed: EventDefinition<{ name: string; intervention: string; detail: string }> =
  defineEvent<{ name: string; intervention: string; detail: string }>()(
    "execution_mode.intervention_suppressed",
    {
      level: "info",
      journal: true,
      help: "a dry run decided on an intervention and did not apply it",
    },
  );

export const classifyFailed: EventDefinition<{ name: string; error: string }> = defineEvent<{
  name: string;
  error: string;
}>()("protect.classify_failed", {
  level: "warning",
  help: "classify threw or answered something unknown; the error counts as a failure",
});

export const composed: EventDefinition<{ name: string; stages: readonly string[]; timeout: number | null }> =
  defineEvent<{ name: string; stages: readonly string[]; timeout: number | null }>()(
    "protect.composer_built",
    {
      level: "debug",
      help: "the stages that a name's calls go through, outer to inner; once per name and combination",
    },
  );
