import { defineEvent, type EventDefinition, type EventOptions } from "@baldur/core/plugin";

function event<P extends object>(name: string, options: EventOptions): EventDefinition<P> {
  return defineEvent<P>()(name, options);
}

interface Asked {
  method: string;
  path: string;
}

export const serverStarted: EventDefinition<{
  bind: string;
  port: number;
  routes: number;
  key_configured: boolean;
  unlocked: boolean;
}> = event("admin.server_started", {
  level: "info",
  always: true,
  help: "the admin server listens; once per start",
});

export const serverStopped: EventDefinition<{ bind: string; port: number }> = event("admin.server_stopped", {
  level: "info",
  help: "the admin server listens no more",
});

export const serverStartFailed: EventDefinition<{ bind: string; port: number; error: string }> = event(
  "admin.server_start_failed",
  {
    level: "warning",
    help: "the port is taken, often by another process of the same host, or the address is not there; the application goes on without an admin server",
  },
);

export const bindWarning: EventDefinition<{ bind: string }> = event("admin.server_bind_warning", {
  level: "warning",
  help: "the server listens beyond loopback without TRUST_PROXY: keys cross the network as plain text",
});

export const originBlocked: EventDefinition<Asked & { host: string; origin: string | undefined }> = event(
  "admin.request_origin_blocked",
  {
    level: "warning",
    help: "the Host or the Origin of a request is no name of this server; ALLOWED_ORIGINS adds names",
  },
);

export const authRejected: EventDefinition<Asked & { reason: string }> = event("admin.auth_rejected", {
  level: "info",
  help: "a request without a key, with a wrong one, or without one from somewhere else than loopback",
});

export const handlerError: EventDefinition<Asked & { error: string }> = event("admin.handler_error", {
  level: "error",
  help: "a route failed; who asked was told no more than that",
});

export const actionReported: EventDefinition<
  Asked & {
    actor: string;
    reason: string | undefined;
    outcome: "done" | "refused" | "failed";
    status: number;
    facts: unknown;
  }
> = event("admin.action", {
  level: "info",
  journal: true,
  help: "someone who was let in asked for a change, and what became of it",
});

export const healthUnknown: EventDefinition<{ checks: readonly string[] }> = event("admin.health_unknown", {
  level: "warning",
  help: "some checks cannot tell how their part is, and the health that is shown is unknown; once until it is known again",
});

export const routeIgnored: EventDefinition<Asked & { problem: string }> = event("admin.route_ignored", {
  level: "warning",
  help: "a plugin's route is not served: its path is malformed, or another one has it",
});
