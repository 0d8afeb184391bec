import type { Baldur } from "@baldur/core";
import type { Clock } from "@baldur/core/plugin";
import { bindName, isLoopbackName } from "../access/hosts.js";
import { ControlApi } from "../api.js";
import { AdminAuthRequiredError } from "../errors.js";
import { bindWarning, serverStarted } from "../events.js";
import { policyOf } from "../policy.js";
import type { AdminSettings } from "../settings.js";
import { telemetryOf } from "../telemetry.js";
import { ListeningServer } from "./admin-server.js";
import { listen } from "./listen.js";
import { httpServer } from "./server.js";

/** How a server is started. */
export interface Start {
  readonly baldur: Baldur;
  readonly settings: AdminSettings;
  readonly clock: Clock;
  /** Whether the process goes on for the server alone. */
  readonly keepsAlive: boolean;
}

/** Listens. Rejects with `ConfigurationError`, and with Node's own error where the port is taken. */
export async function startServer({ baldur, settings, clock, keepsAlive }: Start): Promise<ListeningServer> {
  const { bind, port, requestTimeout } = settings;
  const telemetry = telemetryOf(baldur);
  const policy = policyOf(settings, {}, bind);
  const isLocal = isLoopbackName(bindName(bind) ?? "");
  if (!isLocal && !policy.keyConfigured) throw new AdminAuthRequiredError(bind);
  const api = new ControlApi(baldur, policy, clock);
  const server = httpServer(api, { requestTimeout, keepsAlive });
  const boundPort = await listen(server, bind, port);
  if (!isLocal && !settings.trustProxy) telemetry.report(bindWarning, { bind });
  telemetry.report(serverStarted, {
    bind,
    port: boundPort,
    routes: api.routes.length,
    key_configured: policy.keyConfigured,
    unlocked: policy.unlock,
  });
  return new ListeningServer({ server, api, bind, boundPort, clock, telemetry });
}
