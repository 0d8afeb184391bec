import * as circuitEvents from "./circuit-breaker/events.js";
import * as circuitMetrics from "./circuit-breaker/metrics.js";
import { type CircuitBreakerSettings, circuitBreakerSettings } from "./circuit-breaker/settings.js";
import * as controlEvents from "./control/events.js";
import * as controlMetrics from "./control/metrics.js";
import { type ControlSettings, controlSettings } from "./control/settings.js";
import * as documentEvents from "./documents/events.js";
import * as domainEvents from "./domain/events.js";
import * as captureEvents from "./failure-capture/events.js";
import * as captureMetrics from "./failure-capture/metrics.js";
import * as fallbackEvents from "./fallback/events.js";
import * as idempotencyEvents from "./idempotency/events.js";
import * as idempotencyMetrics from "./idempotency/metrics.js";
import { type IdempotencySettings, idempotencySettings } from "./idempotency/settings.js";
import * as pipelineEvents from "./pipeline/events.js";
import * as pipelineMetrics from "./pipeline/metrics.js";
import { type ProtectSettings, protectSettings } from "./pipeline/settings.js";
import * as pluginEvents from "./plugins/events.js";
import { configurationQuarantined, runtimePosture, unknownVariable } from "./posture.js";
import * as rateLimitEvents from "./rate-limit/events.js";
import * as rateLimitMetrics from "./rate-limit/metrics.js";
import {
  type RateLimitBackoffSettings,
  type RateLimitSettings,
  rateLimitBackoffSettings,
  rateLimitSettings,
} from "./rate-limit/settings.js";
import * as retryEvents from "./retry/events.js";
import * as retryMetrics from "./retry/metrics.js";
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
import type { EventDefinition } from "./telemetry/event.js";
import * as telemetryEvents from "./telemetry/events.js";
import type { MetricDefinition } from "./telemetry/metric.js";
import * as telemetryMetrics from "./telemetry/metrics.js";
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
  loggingSettings,
  metricsSettings,
];

const EVENTS: readonly object[] = [
  { configurationQuarantined, runtimePosture, unknownVariable },
  pipelineEvents,
  circuitEvents,
  retryEvents,
  fallbackEvents,
  rateLimitEvents,
  idempotencyEvents,
  captureEvents,
  controlEvents,
  documentEvents,
  domainEvents,
  pluginEvents,
  telemetryEvents,
];

const METRICS: readonly object[] = [
  pipelineMetrics,
  circuitMetrics,
  retryMetrics,
  rateLimitMetrics,
  idempotencyMetrics,
  captureMetrics,
  controlMetrics,
  telemetryMetrics,
];

/** What a package declares, for documentation and for checks. @public */
export interface Declarations {
  readonly settings: readonly SettingsGroup[];
  readonly events: readonly EventDefinition<object>[];
  readonly metrics: readonly MetricDefinition[];
}

/** Everything that core declares. @public */
export function declarations(): Declarations {
  const events = EVENTS.flatMap((module) => Object.values(module)).filter((value) => "journal" in value);
  const metrics = METRICS.flatMap((module) => Object.values(module)).filter(
    (value) => isObject(value) && "kind" in value,
  );
  return {
    settings: SETTINGS,
    events: events as EventDefinition<object>[],
    metrics: metrics as MetricDefinition[],
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
