import { defineEvent, type EventDefinition } from "../telemetry/event.js";

interface Rejected {
  site: string;
  reason: string;
  original_preview: string;
}

export const inputRejected: EventDefinition<Rejected> = defineEvent<Rejected>()("domain.input_rejected", {
  level: "warning",
  help: "a call named a domain that is none; it is counted under `other_domain`",
});
