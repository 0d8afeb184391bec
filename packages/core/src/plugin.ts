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
export { validateName } from "./pipeline/endpoints.js";
export * from "./plugins/plugin.js";
export { defaultBaldur } from "./protect.js";
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
export type { Parsed } from "./settings/parse.js";
export * from "./slots/audit.js";
export * from "./slots/bulkhead.js";
export * from "./slots/emergency.js";
export * from "./slots/failure-recorder.js";
export * from "./slots/governance.js";
export * from "./slots/leader.js";
export * from "./slots/notifier.js";
export * from "./slots/rollout.js";
export { defineSlot, type Provided, type Slot, type SlotRow, type SlotTable } from "./slots/slot.js";
export { SLOTS } from "./slots/slots.js";
export * from "./slots/throttle.js";
export * from "./slots/watchdog.js";
export * from "./sql/sql.js";
export { type SqlStores, type SqlStoresOptions, sqlStores } from "./sql-stores.js";
export type { StorageKind } from "./storage/requirements.js";
export {
  defineEvent,
  type EventDefinition,
  type EventFamily,
  type EventOptions,
  type Level,
  type TelemetryEvent,
} from "./telemetry/event.js";
export {
  defineCounter,
  defineGauge,
  defineHistogram,
  type MetricDefinition,
  type MetricKind,
  type MetricOptions,
  type MetricSample,
} from "./telemetry/metric.js";
export type { Sink, Telemetry } from "./telemetry/telemetry.js";
