import { type SharedStateSettings, sharedStateSettings } from "./circuit-breaker/fleet/settings.js";
import { circuitBreakerSettings } from "./circuit-breaker/settings.js";
import type { CircuitBreakerSettings } from "./circuit-breaker/types.js";
import { type ControlSettings, controlSettings } from "./control/settings.js";
import { type IdempotencySettings, idempotencySettings } from "./idempotency/settings.js";
import { type ProtectSettings, protectSettings } from "./pipeline/settings.js";
import {
  type RateLimitBackoffSettings,
  type RateLimitSettings,
  rateLimitBackoffSettings,
  rateLimitSettings,
} from "./rate-limit/settings.js";
import {
  type RetryBudgetSettings,
  type RetrySettings,
  retryBudgetSettings,
  retrySettings,
} from "./retry/settings.js";
import type { SettingsGroup } from "./settings/define.js";
import {
  type RuntimeSettings,
  runtimeSettings,
  type StorageSettings,
  storageSettings,
} from "./settings/runtime.js";
import { type ResilientStorageSettings, resilientStorageSettings } from "./storage/settings.js";
import {
  type LoggingSettings,
  loggingSettings,
  type MetricsSettings,
  metricsSettings,
} from "./telemetry/settings.js";

/** Settings as options, by area; durations in milliseconds. Areas of plugins are checked by their plugins. @public */
export interface SettingsByArea {
  runtime?: Partial<RuntimeSettings>;
  protect?: Partial<ProtectSettings>;
  circuitBreaker?: Partial<CircuitBreakerSettings>;
  retry?: Partial<RetrySettings>;
  retryBudget?: Partial<RetryBudgetSettings>;
  rateLimitBackoff?: Partial<RateLimitBackoffSettings>;
  rateLimit?: Partial<RateLimitSettings>;
  idempotency?: Partial<IdempotencySettings>;
  control?: Partial<ControlSettings>;
  storage?: Partial<StorageSettings>;
  sharedState?: Partial<SharedStateSettings>;
  resilientStorage?: Partial<ResilientStorageSettings>;
  logging?: Partial<LoggingSettings>;
  metrics?: Partial<MetricsSettings>;
  [area: string]: object | undefined;
}

/** Every setting that core reads. */
export const SETTINGS: readonly SettingsGroup[] = [
  runtimeSettings,
  protectSettings,
  circuitBreakerSettings,
  retrySettings,
  retryBudgetSettings,
  rateLimitBackoffSettings,
  rateLimitSettings,
  idempotencySettings,
  controlSettings,
  storageSettings,
  sharedStateSettings,
  resilientStorageSettings,
  loggingSettings,
  metricsSettings,
];
