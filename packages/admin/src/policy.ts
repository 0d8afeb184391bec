import type { Baldur } from "@baldur/core";
import { ConfigurationError } from "@baldur/core";
import { Authentication, type Authorize } from "./access/authenticate.js";
import { Keys } from "./access/keys.js";
import { OriginGate } from "./access/origin-gate.js";
import { type AdminSettings, adminSettings } from "./settings.js";

/** What is absent comes from the settings `BALDUR_ADMIN_*`. @public */
export interface AdminHandlerOptions
  extends Partial<Omit<AdminSettings, "enabled" | "autostart" | "bind" | "port">> {
  /** What every path begins with, such as `/api/baldur`. Default: nothing. */
  readonly prefix?: string;
  /** Who somebody is by the application's own means, asked before the key. With it, being local opens nothing. */
  readonly authorize?: Authorize;
}

/** How a handler is part of another server. */
type Mounting = Pick<AdminHandlerOptions, "prefix" | "authorize">;

/** The rules that a handler keeps. */
export interface Policy {
  readonly prefix: string;
  readonly gate: OriginGate;
  readonly authentication: Authentication;
  readonly keyConfigured: boolean;
  readonly unlock: boolean;
  /** Whether the requests come from the server of this package, which outlives the runtime's drain. */
  readonly ownServer: boolean;
  readonly maxBodyBytes: number;
  /** Milliseconds. */
  readonly requestTimeout: number;
  readonly consoleEnabled: boolean;
  readonly openapiEnabled: boolean;
}

const PREFIX = /^(?:\/[A-Za-z0-9._~-]+)*$/;

/** `bind` is where the server of this package listens. Throws `ConfigurationError`. */
export function policyOf(
  settings: AdminSettings,
  { prefix = "", authorize }: Mounting,
  bind?: string,
): Policy {
  if (typeof prefix !== "string" || !PREFIX.test(prefix))
    throw new ConfigurationError('prefix must be a path such as "/api/baldur", without a slash at its end');
  if (authorize !== undefined && typeof authorize !== "function")
    throw new ConfigurationError("authorize must be a function");
  const { key, apiKey, readonlyKey, allowedOrigins, unlock, trustProxy, identityHeader } = settings;
  const keys = new Keys({ full: key ?? apiKey, readonly: readonlyKey });
  const gate = new OriginGate({ bind, allowedOrigins: allowedOrigins ?? [] });
  const { maxBodyBytes, requestTimeout, consoleEnabled, openapiEnabled } = settings;
  return {
    prefix,
    gate,
    authentication: new Authentication({ keys, gate, authorize, unlock, trustProxy, identityHeader }),
    keyConfigured: keys.configured,
    unlock,
    ownServer: bind !== undefined,
    maxBodyBytes,
    requestTimeout,
    consoleEnabled,
    openapiEnabled,
  };
}

/** The settings of a runtime, which has them once it was given the plugin, or is asked here. Throws `ConfigurationError`. */
export function settingsOf({ settings }: Baldur, overrides: Partial<AdminSettings> = {}): AdminSettings {
  // Another copy of this package may have brought them.
  const known = settings.groups().find(({ area }) => area === adminSettings.area);
  const problems = known === undefined ? settings.add([adminSettings]) : [];
  if (problems.length > 0) throw new ConfigurationError(problems.join("\n"), { problems });
  return settings.withOverrides((known ?? adminSettings) as typeof adminSettings, overrides);
}
