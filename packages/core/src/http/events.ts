import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const startFailed: EventDefinition<{ adapter: string; error: string }> = defineEvent<{
  adapter: string;
  error: string;
}>()("http.start_failed", {
  level: "error",
  always: true,
  help: "the runtime of an adapter could not start: requests pass unprotected, and readiness is 503",
});

export const requestBlockedByCircuit: EventDefinition<{
  circuit: string;
  state: string;
  retry_after: number | undefined;
}> = defineEvent<{ circuit: string; state: string; retry_after: number | undefined }>()(
  "middleware.request_blocked_cb_open",
  {
    level: "warning",
    help: "a request was refused because the circuit of its route is open (seconds); at most one a second is told",
  },
);

export const responseTooLong: EventDefinition<{ key: string; max_bytes: number }> = defineEvent<{
  key: string;
  max_bytes: number;
}>()("http.response_too_long", {
  level: "warning",
  help: "the answer to a request with an idempotency key is too long to be repeated; duplicates are told that it was done",
});

export const controlApiMissing: EventDefinition<{ adapter: string; error: string }> = defineEvent<{
  adapter: string;
  error: string;
}>()("http.control_api_missing", {
  level: "warning",
  help: "the control API could not be loaded, and its paths answer 503",
});
