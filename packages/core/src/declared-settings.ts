import { type SharedStateSettings, sharedStateSettings } from "./circuit-breaker/fleet/settings.js";
import { circuitBreakerSettings } from "./circuit-breaker/settings.js";
import type { CircuitBreakerSettings } from "./circuit-breaker/types.js";
import { type ControlSettings, controlSettings } from "./control/settings.js";
import type { HealthSettings } from "./health/settings.js";
import { type IdempotencySettings, idempotencySettings } from "./idempotency/settings.js";
import type { JournalSettings } from "./journal/settings.js";
import type { ShutdownSettings } from "./lifecycle/settings.js";
import { type ProtectSettings, protectSettings } from "./pipeline/settings.js";
import type { PrecomputedCacheSettings } from "./precomputed-cache/settings.js";
import {
  type RateLimitBackoffSettings,
  type RateLimitSettings,
  rateLimitBackoffSettings,
  rateLimitSettings,
} from "./rate-limit/settings.js";
import type { DailyReportSettings, DashboardSettings } from "./report/settings.js";
import {
  type RetryBudgetSettings,
  type RetrySettings,
  retryBudgetSettings,
  retrySettings,
} from "./retry/settings.js";
import type { LeaderElectionSettings, SchedulerSettings } from "./scheduler/settings.js";
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
  shutdown?: Partial<ShutdownSettings>;
  health?: Partial<HealthSettings>;
  precomputedCache?: Partial<PrecomputedCacheSettings>;
  scheduler?: Partial<SchedulerSettings>;
  leaderElection?: Partial<LeaderElectionSettings>;
  journal?: Partial<JournalSettings>;
  dailyReport?: Partial<DailyReportSettings>;
  dashboard?: Partial<DashboardSettings>;
  logging?: Partial<LoggingSettings>;
  metrics?: Partial<MetricsSettings>;
  [area: string]: object | undefined;
}

/** The settings that a runtime reads when it is made; those of its operation are in `operations-settings.ts`. */
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
