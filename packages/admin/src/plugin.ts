import { isMainThread } from "node:worker_threads";
import { definePlugin, type Plugin, type PluginContext } from "@baldur/core/plugin";
import { serverStartFailed } from "./events.js";
import { runningServer } from "./server/running.js";
import { startServer } from "./server/start.js";
import { onTermination } from "./server/termination.js";
import { type AdminSettings, adminSettings } from "./settings.js";

/** Durations in milliseconds. What is absent comes from the settings `BALDUR_ADMIN_*`. @public */
export type AdminOptions = Partial<AdminSettings>;

/**
 * The admin server: started with the runtime that `init()` makes, on 127.0.0.1:9090, and stopped when that has terminated. A
 * port that is taken is reported, and no failure. Beyond loopback it needs a key, and the plugin fails without.
 * @public
 */
export function admin(options: AdminOptions = {}): Plugin {
  let start: (() => Promise<void>) | undefined;
  return definePlugin({
    name: "@baldur/admin",
    settings: [adminSettings],
    register(context) {
      const settings = context.settings(adminSettings, options);
      start = () => autostart(context, settings);
      // A runtime that was made ahead of the application is taken over by its init().
      context.on("baldur.runtime_adopted", () => void start?.().catch(() => undefined));
    },
    start: async () => start?.(),
  });
}

/** Rejects where a server must not be started as it is configured. */
async function autostart(context: PluginContext, settings: AdminSettings): Promise<void> {
  const { runtime: baldur, clock, telemetry } = context;
  if (!settings.enabled || !settings.autostart || !context.isDefault() || !isMainThread) return;
  const { bind, port } = settings;
  try {
    await runningServer(baldur, async () => {
      const server = await startServer({ baldur, settings, clock, keepsAlive: false });
      onTermination(baldur, () => server.stop());
      return server;
    });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    telemetry.report(serverStartFailed, { bind, port, error: error.code });
  }
}

/** The port is taken, or the address is not there. */
function isSystemError(error: unknown): error is { readonly code: string } {
  return typeof (error as { syscall?: unknown } | null)?.syscall === "string";
}
