import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const drainStarted: EventDefinition<{ reason: string; in_flight: number; deadline: number }> =
  defineEvent<{ reason: string; in_flight: number; deadline: number }>()("shutdown.drain_started", {
    level: "info",
    journal: true,
    help: "the process goes out of service: readiness has turned; in milliseconds how long that may take",
  });

export const drainProgressed: EventDefinition<{ in_flight: number; remaining: number }> = defineEvent<{
  in_flight: number;
  remaining: number;
}>()("shutdown.drain_progressed", {
  level: "info",
  help: "a drain goes on: requests and calls that have not ended, and the milliseconds that they have",
});

export const drainExtended: EventDefinition<{ reason: string; remaining: number }> = defineEvent<{
  reason: string;
  remaining: number;
}>()("shutdown.drain_extended", {
  level: "warning",
  journal: true,
  help: "a drain takes longer than it was to",
});

export const drainCompleted: EventDefinition<{ duration: number; drained: number }> = defineEvent<{
  duration: number;
  drained: number;
}>()("shutdown.drain_completed", {
  level: "info",
  journal: true,
  help: "everything that was in flight has ended in time",
});

export const drainTimeout: EventDefinition<{
  duration: number;
  pending: number;
  abandoned: readonly string[];
}> = defineEvent<{ duration: number; pending: number; abandoned: readonly string[] }>()(
  "shutdown.drain_timeout",
  {
    level: "warning",
    journal: true,
    help: "the time of a drain was up before everything had ended",
  },
);

export const handlerFailed: EventDefinition<{ name: string; step: string; error: string }> = defineEvent<{
  name: string;
  step: string;
  error: string;
}>()("shutdown.handler_failed", {
  level: "warning",
  help: "a handler of the shutdown threw or took too long, and was skipped",
});

export const workerExitCompleted: EventDefinition<{
  clean: boolean;
  duration: number;
  drained: number;
  abandoned: readonly string[];
}> = defineEvent<{ clean: boolean; duration: number; drained: number; abandoned: readonly string[] }>()(
  "shutdown.worker_exit_completed",
  { level: "info", help: "the runtime is closed, with all its plugins" },
);

export const signalReceived: EventDefinition<{ signal: string; exits: boolean }> = defineEvent<{
  signal: string;
  exits: boolean;
}>()("shutdown.signal_received", {
  level: "info",
  journal: true,
  help: "a signal began a shutdown; `exits` is false where the application listens to it itself, and so ends the process itself",
});

export const exitForced: EventDefinition<{ signal: string; reason: string }> = defineEvent<{
  signal: string;
  reason: string;
}>()("shutdown.exit_forced", {
  level: "warning",
  help: "the process is ended at once: the signal came again, or the process outlived it",
});
