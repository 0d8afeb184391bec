export type { Baldur, ProtectCall, ProtectWithMeta } from "./api.js";
export { createBaldur } from "./baldur.js";
export type { Occupancy } from "./bulkhead/errors.js";
export { BulkheadError, BulkheadFullError, BulkheadTimeoutError } from "./bulkhead/errors.js";
export type { Attempt, Call, CallContext } from "./call.js";
export type { CircuitRefusal } from "./circuit-breaker/errors.js";
export { CircuitBreakerError, CircuitOpenError } from "./circuit-breaker/errors.js";
export type {
  CircuitBreaker,
  CircuitBreakerSettings,
  CircuitRow,
  CircuitState,
  ControlResult,
  ManualControl,
  Permit,
} from "./circuit-breaker/types.js";
export type { Clock } from "./clock.js";
export type { ControlChange, ControlState, SystemControl } from "./control/kill-switch.js";
export type { ControlSettings } from "./control/settings.js";
export type { SettingsByArea } from "./declared-settings.js";
export type { AsyncDecorator } from "./decorate.js";
export { init, shutdown } from "./default-runtime.js";
export type { DomainProblem } from "./domain/domain.js";
export { DomainValidationError } from "./domain/domain.js";
export type { ErrorContext } from "./errors.js";
export {
  AdapterError,
  AdapterNotFoundError,
  BaldurError,
  ConfigurationError,
  isBaldurError,
  ResilienceError,
} from "./errors.js";
export { DLQError, DLQReplayError } from "./failure-capture/errors.js";
export type {
  EntryStatus,
  FailedOperation,
  NewFailedOperation,
  ReplayHandler,
  ReplayVerdict,
  RequestData,
} from "./failure-capture/operation.js";
export type {
  Health,
  HealthCheck,
  HealthProbe,
  HealthReport,
  HealthStatus,
  PoolReport,
  PoolRow,
  PoolStatus,
  Readiness,
} from "./health/health.js";
export type { HealthSettings } from "./health/settings.js";
export type { Duplicate } from "./idempotency/errors.js";
export { IdempotencyDuplicateError, IdempotencyUnavailableError } from "./idempotency/errors.js";
export type { IdempotencySettings } from "./idempotency/settings.js";
export type { JournalSettings } from "./journal/settings.js";
export type { Journal, JournalEntry, JournalNote, JournalPage, JournalQuery } from "./journal/types.js";
export type {
  Admission,
  Lifecycle,
  ShutdownHandler,
  ShutdownOptions,
  ShutdownReport,
} from "./lifecycle/lifecycle.js";
export type { ShutdownSettings } from "./lifecycle/settings.js";
export type { Phase } from "./phase.js";
export { TimeoutPolicyError } from "./pipeline/errors.js";
export type {
  BackoffFunction,
  BackoffStrategy,
  CircuitBreakerOptions,
  Codec,
  FailureCaptureOptions,
  IdempotencyOptions,
  ProtectedFunction,
  ProtectedOptions,
  ProtectOptions,
  RetryNotice,
  RetryOptions,
} from "./pipeline/options.js";
export type { Classification, Outcome } from "./pipeline/outcome.js";
export type { ProtectResult } from "./pipeline/result.js";
export type { ProtectSettings } from "./pipeline/settings.js";
export type { Entitlement } from "./plugins/entitlement.js";
export type { Plugin, PluginContext } from "./plugins/plugin.js";
export type { AdminField, AdminFields, AdminRequest, AdminRoute } from "./plugins/route.js";
export type { PluginRow } from "./plugins/row.js";
export type { Posture } from "./posture.js";
export type { Cached, CacheHit } from "./precomputed-cache/precomputed-cache.js";
export type { PrecomputedCacheSettings } from "./precomputed-cache/settings.js";
export { domain, onReplay, protect, protectedFunction as protected, protectWithMeta } from "./protect.js";
export type { Protect, Protected } from "./protected.js";
export { RateLimitDeferredError, RateLimitExceededError } from "./rate-limit/errors.js";
export type { RateLimitBackoffSettings, RateLimitSettings } from "./rate-limit/settings.js";
export type {
  DailyReport,
  DailyReportEntry,
  DailyReportTrend,
  DashboardSummary,
  HealingSummary,
  Reports,
  Share,
  Verdict,
} from "./report/reports.js";
export type { DailyReportSettings, DashboardSettings } from "./report/settings.js";
export { RetryExhaustedError } from "./retry/errors.js";
export type { RetryBudgetOptions, RetryBudgetSettings, RetrySettings } from "./retry/settings.js";
export type { BaldurOptions, StorageOptions } from "./runtime-options.js";
export type { Job, JobRow, Scheduler } from "./scheduler/scheduler.js";
export type { LeaderElectionSettings, SchedulerSettings } from "./scheduler/settings.js";
export type { SettingRow, SettingsCatalog } from "./settings/catalog.js";
export type { Field, SettingsGroup, Unit } from "./settings/define.js";
export type { SettingSource } from "./settings/resolve.js";
export type { RuntimeSettings, StorageSettings } from "./settings/runtime.js";
export type { BulkheadOptions } from "./slots/bulkhead.js";
export type { CaptureRefusal, CaptureResult } from "./slots/failure-recorder.js";
export type { Slot, SlotRow, SlotTable } from "./slots/slot.js";
export type { Level, TelemetryEvent } from "./telemetry/event.js";
export type { Logger } from "./telemetry/logger.js";
export type { MetricKind, MetricSample } from "./telemetry/metric.js";
export type { LoggingSettings, MetricsSettings } from "./telemetry/settings.js";
export type { Telemetry } from "./telemetry/telemetry.js";
export { VERSION } from "./version.js";
