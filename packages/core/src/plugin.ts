// The entry for plugin authors: what a plugin is made of, the slots that it may fill, and the ports of the stores.

export type { Baldur } from "./api.js";
export type { FleetRow, SharedPin } from "./circuit-breaker/merge.js";
export type { CircuitRecord, CircuitVote, ProbeLease } from "./circuit-breaker/record.js";
export type * from "./circuit-breaker/store.js";
export type { CircuitState } from "./circuit-breaker/types.js";
export { type Clock, ref, unref } from "./clock.js";
export type { Declarations, ErrorDeclaration } from "./declarations.js";
export { declarations } from "./declarations.js";
export { register } from "./default-runtime.js";
export type { CompareAndSetResult, DocumentStore, VersionedDocument } from "./documents/documents.js";
export { normaliseDomain } from "./domain/domain.js";
export { brand, withoutStack } from "./errors.js";
export type {
  EntryStatus,
  FailedOperation,
  NewFailedOperation,
  ReplayEnding,
  ReplayHandler,
  ReplayVerdict,
  RequestData,
} from "./failure-capture/operation.js";
export type { ReplayHandlers } from "./failure-capture/replay-handlers.js";
export { HttpAdapter, type RuntimeSource } from "./http/adapter.js";
export { type HttpAnswer, sendAnswer, unsaid } from "./http/answer.js";
export type { HttpCircuitOptions } from "./http/circuit-gate.js";
export type { RequestContext } from "./http/context.js";
export type { ControlHandler, CreateControlHandler } from "./http/control-api.js";
export type { HttpDeadlineOptions } from "./http/deadline-gate.js";
export { OTHER_ENDPOINT, UNMATCHED_ROUTE } from "./http/endpoint-label.js";
export type { HttpFramework, Instead } from "./http/framework.js";
export { HttpMeasurement, HttpMetrics, type HttpMetricsOptions } from "./http/http-metrics.js";
export type { HttpServer } from "./http/http-server.js";
export type { HttpIdempotencyOptions, IdempotentRequest } from "./http/idempotency.js";
export { Mounts } from "./http/mounts.js";
export type * from "./http/options.js";
export { OwnRoutes, type OwnRoutesParts } from "./http/own-routes.js";
export type { HttpRateLimitOptions } from "./http/rate-gate.js";
export { RouteGuard, type RouteName } from "./http/route-guard.js";
export { type HttpSettings, httpSettings } from "./http/settings.js";
export type {
  Answer,
  ClaimAnswer,
  ClaimRequest,
  ClaimToken,
  IdempotencyRecord,
  IdempotencyStore,
  Settlement,
} from "./idempotency/store.js";
export { KvIdempotencyStore, type KvIdempotencyStoreOptions } from "./idempotency/stores/kv.js";
export * from "./kv/kv.js";
export { MemoryKeyValueStore } from "./kv/stores/memory.js";
export { resolveOperations } from "./operations-settings.js";
export { validateName } from "./pipeline/endpoints.js";
export { type Discovery, type DiscoveryOptions, discoverPlugins } from "./plugins/discovery.js";
export type { Entitlement, EntitlementRequest } from "./plugins/entitlement.js";
export * from "./plugins/plugin.js";
export type * from "./plugins/route.js";
export { defaultBaldur } from "./protect.js";
export { type ProtectedPolicy, policyOf } from "./protected.js";
export type { CooldownPeers, CooldownTable, PeerCooldown } from "./rate-limit/peers.js";
export type { RateLimitRule, RateLimitStore, Taken, TakeRequest } from "./rate-limit/store.js";
export * from "./redis/redis.js";
export { type RedisStores, type RedisStoresOptions, redisStores } from "./redis-stores.js";
export type { SettingsCatalog } from "./settings/catalog.js";
export {
  type Bounds,
  boolean,
  type Common,
  choice,
  defineSettings,
  dictionary,
  duration,
  type Field,
  integer,
  list,
  map,
  number,
  percentage,
  type SettingsGroup,
  type SettingsOf,
  secret,
  text,
  type Unit,
  type Unnamed,
} from "./settings/define.js";
export { nearest } from "./settings/nearest.js";
export type { Parsed } from "./settings/parse.js";
export * from "./slots/audit.js";
export * from "./slots/bulkhead.js";
export * from "./slots/emergency.js";
export * from "./slots/failure-recorder.js";
export * from "./slots/failure-statistics.js";
export * from "./slots/governance.js";
export * from "./slots/leader.js";
export * from "./slots/metrics.js";
export * from "./slots/notifier.js";
export * from "./slots/rollout.js";
export { defineSlot, type Provided, type Slot, type SlotRow, type SlotTable } from "./slots/slot.js";
export { SLOTS } from "./slots/slots.js";
export * from "./slots/throttle.js";
export * from "./slots/watchdog.js";
export * from "./sql/sql.js";
export { type SqlStores, type SqlStoresOptions, sqlStores } from "./sql-stores.js";
export type { StorageKind } from "./storage/requirements.js";
export { storeProblems } from "./store-problems.js";
export {
  defineEvent,
  type EventDefinition,
  type EventFamily,
  type EventOptions,
  type Level,
  type TelemetryEvent,
} from "./telemetry/event.js";
export {
  type Across,
  defineCounter,
  defineGauge,
  defineHistogram,
  type MetricDefinition,
  type MetricKind,
  type MetricOptions,
  type MetricReading,
  type MetricSample,
} from "./telemetry/metric.js";
export { redact } from "./telemetry/redact.js";
export { type MetricsSettings, metricsSettings } from "./telemetry/settings.js";
export type { Sink, Telemetry } from "./telemetry/telemetry.js";
export { type WithinOptions, within } from "./within.js";
