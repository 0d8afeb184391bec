import type { SettingsCatalog } from "../settings/catalog.js";
import { defineSettings, duration, integer, list, type SettingsGroup } from "../settings/define.js";

/** Settings of the adapters for web frameworks; durations in milliseconds. @public */
export interface HttpSettings {
  rateLimit: number;
  rateLimitWindow: number;
  failureStatusCodes: readonly string[] | undefined;
  controlApiRateLimit: number;
  controlApiRateLimitWindow: number;
  controlApiEmergencyRateLimit: number;
}

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

export const httpSettings: SettingsGroup<HttpSettings> = defineSettings<HttpSettings>("http", {
  prefix: "BALDUR_",
  help: "What the adapters for web frameworks do with every request.",
  fields: {
    rateLimit: integer({
      env: "RATE_LIMIT_MIDDLEWARE_RATE_LIMIT",
      default: 0,
      min: 0,
      max: 10_000,
      help: "requests that a client may send in a window, to each process; 0: no limit; default of the adapters' rateLimit",
    }),
    rateLimitWindow: duration({
      env: "RATE_LIMIT_MIDDLEWARE_WINDOW_SECONDS",
      default: MINUTE,
      unit: "s",
      min: 1000,
      max: DAY,
      help: "the window of that limit",
    }),
    failureStatusCodes: list({
      env: "MIDDLEWARE_CB_STATUS_CODES",
      default: ["500", "502", "503", "504"],
      help: "statuses that count as failures for the circuits of routes",
    }),
    controlApiRateLimit: integer({
      env: "API_RATE_LIMIT_CONTROL_API_RATE_LIMIT",
      default: 100,
      min: 1,
      max: 10_000,
      help: "requests to the control API that a client may send in a window, to all processes that share a Redis",
    }),
    controlApiRateLimitWindow: duration({
      env: "API_RATE_LIMIT_CONTROL_API_WINDOW_SECONDS",
      default: MINUTE,
      unit: "s",
      min: 1000,
      max: DAY,
      help: "the window of that limit",
    }),
    controlApiEmergencyRateLimit: integer({
      env: "API_RATE_LIMIT_CONTROL_API_EMERGENCY_RATE_LIMIT",
      default: 10,
      min: 1,
      max: 10_000,
      help: "the same, to each process while the Redis is away",
    }),
  },
});

/** The settings as they are in a runtime that has started, whichever copy of this package it has. */
export function httpSettingsOf(catalog: SettingsCatalog): Readonly<HttpSettings> {
  const known = catalog.groups().find(({ area }) => area === httpSettings.area);
  return catalog.of((known ?? httpSettings) as SettingsGroup<HttpSettings>);
}
