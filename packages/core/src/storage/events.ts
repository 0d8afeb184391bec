import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const embeddedFailed: EventDefinition<{ error: string }> = defineEvent<{ error: string }>()(
  "storage.embedded_failed",
  {
    level: "error",
    journal: true,
    help: "the folder for the state of this host cannot be used; until the next start it is kept in memory",
  },
);
