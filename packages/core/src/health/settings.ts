import { choice, defineSettings, duration, integer, number, type SettingsGroup } from "../settings/define.js";

const SECOND = 1000;

/** @public */
export interface HealthSettings {
  readinessTimeout: number;
  readinessTimeoutDirection: "not_ready" | "ready";
  readinessCacheTtl: number;
  probeTimeout: number;
  circuitsOpenThreshold: number;
  activeRecoveriesThreshold: number;
  memoryUsageThreshold: number;
}

export const healthSettings: SettingsGroup<HealthSettings> = defineSettings<HealthSettings>("health", {
  prefix: "BALDUR_HEALTH_CHECK_",
  help: "How a process finds out how it is, and whether requests are to be sent to it.",
  fields: {
    readinessTimeout: duration({
      env: "READINESS_PROBE_TIMEOUT_SECONDS",
      unit: "s",
      default: 500,
      min: 50,
      max: 30 * SECOND,
      help: "how long readiness waits for all databases together",
    }),
    readinessTimeoutDirection: choice({
      env: "READINESS_TIMEOUT_FAIL_DIRECTION",
      values: ["not_ready", "ready"],
      default: "not_ready",
      help: "what a database that did not answer in that time means; one that refuses is never ready",
    }),
    readinessCacheTtl: duration({
      env: "READINESS_CACHE_TTL_SECONDS",
      unit: "s",
      default: 5 * SECOND,
      min: 0,
      max: 60 * SECOND,
      help: "how long an answer about readiness is given again; 0: not at all, though all who ask at the same time get one",
    }),
    probeTimeout: duration({
      env: "SOCKET_TIMEOUT_SECONDS",
      unit: "s",
      default: SECOND,
      min: 50,
      max: 30 * SECOND,
      help: "how long a check of health may take before it is unknown",
    }),
    circuitsOpenThreshold: integer({
      env: "PROBE_CB_OPEN_THRESHOLD",
      default: 3,
      min: 1,
      max: 100_000,
      help: "open circuits from which on the process is degraded",
    }),
    activeRecoveriesThreshold: integer({
      env: "PROBE_ACTIVE_RECOVERIES_THRESHOLD",
      default: 10,
      min: 1,
      max: 100_000,
      help: "circuits that are being probed at a time, from which on the process is degraded",
    }),
    memoryUsageThreshold: number({
      env: "PROBE_MEMORY_USAGE_THRESHOLD",
      default: 0.8,
      min: 0.01,
      max: 1,
      help: "share of the memory that the process may have, from which on it is degraded",
    }),
  },
});
