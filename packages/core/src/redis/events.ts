import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const keyPutAside: EventDefinition<{ key: string; expected: string; found: string; kept_as: string }> =
  defineEvent<{ key: string; expected: string; found: string; kept_as: string }>()("storage.key_put_aside", {
    level: "error",
    journal: true,
    help: "a key in Redis had another type than Baldur gives it; it was renamed and counts as absent",
  });
