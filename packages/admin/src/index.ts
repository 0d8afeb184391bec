import type { Declarations, Plugin } from "@baldur/core/plugin";
import * as events from "./events.js";
import { admin } from "./plugin.js";
import { adminSettings } from "./settings.js";

export type { Authorize, Granted } from "./access/authenticate.js";
export type { AdminRole } from "./access/roles.js";
export { AdminAuthRequiredError } from "./errors.js";
export { type AdminHandler, adminHandler } from "./handler.js";
export { type AdminOptions, admin } from "./plugin.js";
export type { AdminHandlerOptions } from "./policy.js";
export type { RequestInfo } from "./request/info.js";
export type { AdminServer } from "./server/admin-server.js";
export { type AdminServerOptions, startAdminServer, stopAdminServer } from "./server/control.js";
export type { AdminSettings } from "./settings.js";

/** For discovery. @public */
export const plugin = (): Plugin => admin();

/** Everything that the package declares. @public */
export function declarations(): Declarations {
  return {
    errors: [
      {
        name: "AdminAuthRequiredError",
        code: "ERR_BALDUR_ADMIN_AUTH_REQUIRED",
        base: "ConfigurationError",
        help: "the admin server is to listen beyond loopback, and there is no key",
      },
    ],
    settings: [adminSettings],
    events: Object.values(events),
    metrics: [],
  };
}
