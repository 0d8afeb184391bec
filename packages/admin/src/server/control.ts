import type { Baldur } from "@baldur/core";
import { defaultBaldur, systemClock } from "@baldur/core/plugin";
import { settingsOf } from "../policy.js";
import type { AdminSettings } from "../settings.js";
import type { AdminServer } from "./admin-server.js";
import { runningServer, serverOf } from "./running.js";
import { startServer } from "./start.js";
import { onTermination } from "./termination.js";

/** What is absent comes from the settings `BALDUR_ADMIN_*`. @public */
export interface AdminServerOptions extends Partial<AdminSettings> {
  /** Default: the default runtime. */
  readonly baldur?: Baldur;
  /** Stop the server when the runtime has terminated. Default true. */
  readonly registerShutdown?: boolean;
}

/**
 * Starts the admin server of a runtime, or answers with the one that runs. It keeps the process alive until it is stopped.
 * Rejects with `ConfigurationError` for options or settings that break their rules, with `AdminAuthRequiredError` for an
 * address beyond loopback without a key, and with Node's own error where it cannot listen.
 * @public
 */
export async function startAdminServer(options: AdminServerOptions = {}): Promise<AdminServer> {
  const { baldur = defaultBaldur(), registerShutdown = true, ...overrides } = options;
  const settings = settingsOf(baldur, overrides);
  return runningServer(baldur, async () => {
    const server = await startServer({ baldur, settings, clock: systemClock(), keepsAlive: true });
    if (registerShutdown) onTermination(baldur, () => server.stop());
    return server;
  });
}

/**
 * Stops the admin server of a runtime, if there is one; requests under way may take `timeout` milliseconds (default 1,000).
 * @public
 */
export async function stopAdminServer(
  options: { readonly baldur?: Baldur; readonly timeout?: number } = {},
): Promise<void> {
  const { baldur = defaultBaldur(), ...rest } = options;
  await (await serverOf(baldur))?.stop(rest);
}
