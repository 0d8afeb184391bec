import { BulkheadError, BulkheadFullError, BulkheadTimeoutError } from "./bulkhead/errors.js";
import * as bulkheadEvents from "./bulkhead/events.js";
import { CircuitBreakerError, CircuitOpenError } from "./circuit-breaker/errors.js";
import * as circuitEvents from "./circuit-breaker/events.js";
import * as fleetEvents from "./circuit-breaker/fleet/events.js";
import * as fleetMetrics from "./circuit-breaker/fleet/metrics.js";
import * as circuitMetrics from "./circuit-breaker/metrics.js";
import * as controlEvents from "./control/events.js";
import * as controlMetrics from "./control/metrics.js";
import { SETTINGS } from "./declared-settings.js";
import * as documentEvents from "./documents/events.js";
import { DomainValidationError } from "./domain/domain.js";
import * as domainEvents from "./domain/events.js";
import {
  AdapterError,
  AdapterNotFoundError,
  BaldurError,
  ConfigurationError,
  ResilienceError,
} from "./errors.js";
import { DLQError, DLQReplayError } from "./failure-capture/errors.js";
import * as captureEvents from "./failure-capture/events.js";
import * as captureMetrics from "./failure-capture/metrics.js";
import * as fallbackEvents from "./fallback/events.js";
import * as healthMetrics from "./health/metrics.js";
import * as httpEvents from "./http/events.js";
import * as httpMetrics from "./http/metrics.js";
import { IdempotencyDuplicateError, IdempotencyUnavailableError } from "./idempotency/errors.js";
import * as idempotencyEvents from "./idempotency/events.js";
import * as idempotencyMetrics from "./idempotency/metrics.js";
import * as journalEvents from "./journal/events.js";
import * as journalMetrics from "./journal/metrics.js";
import * as lifecycleEvents from "./lifecycle/events.js";
import * as lifecycleMetrics from "./lifecycle/metrics.js";
import { OPERATIONS_SETTINGS } from "./operations-settings.js";
import { TimeoutPolicyError } from "./pipeline/errors.js";
import * as pipelineEvents from "./pipeline/events.js";
import * as pipelineMetrics from "./pipeline/metrics.js";
import * as pluginEvents from "./plugins/events.js";
import * as pluginMetrics from "./plugins/metrics.js";
import { configurationQuarantined, runtimeAdopted, runtimePosture, unknownVariable } from "./posture.js";
import * as cacheEvents from "./precomputed-cache/events.js";
import * as cacheMetrics from "./precomputed-cache/metrics.js";
import { RateLimitDeferredError, RateLimitExceededError } from "./rate-limit/errors.js";
import * as rateLimitEvents from "./rate-limit/events.js";
import * as rateLimitMetrics from "./rate-limit/metrics.js";
import * as redisEvents from "./redis/events.js";
import * as reportEvents from "./report/events.js";
import * as reportMetrics from "./report/metrics.js";
import { RetryExhaustedError } from "./retry/errors.js";
import * as retryEvents from "./retry/events.js";
import * as retryMetrics from "./retry/metrics.js";
import * as schedulerEvents from "./scheduler/events.js";
import * as schedulerMetrics from "./scheduler/metrics.js";
import type { SettingsGroup } from "./settings/define.js";
import * as storageEvents from "./storage/events.js";
import * as storageMetrics from "./storage/metrics.js";
import type { EventDefinition } from "./telemetry/event.js";
import * as telemetryEvents from "./telemetry/events.js";
import type { MetricDefinition } from "./telemetry/metric.js";
import * as telemetryMetrics from "./telemetry/metrics.js";
import * as walEvents from "./wal/events.js";
import * as walMetrics from "./wal/metrics.js";

const EVENTS: readonly object[] = [
  { configurationQuarantined, runtimeAdopted, runtimePosture, unknownVariable },
  pipelineEvents,
  bulkheadEvents,
  circuitEvents,
  fleetEvents,
  retryEvents,
  fallbackEvents,
  rateLimitEvents,
  idempotencyEvents,
  captureEvents,
  controlEvents,
  documentEvents,
  domainEvents,
  pluginEvents,
  storageEvents,
  redisEvents,
  walEvents,
  journalEvents,
  httpEvents,
  lifecycleEvents,
  schedulerEvents,
  reportEvents,
  cacheEvents,
  telemetryEvents,
];

const METRICS: readonly object[] = [
  pipelineMetrics,
  circuitMetrics,
  fleetMetrics,
  retryMetrics,
  rateLimitMetrics,
  idempotencyMetrics,
  captureMetrics,
  controlMetrics,
  pluginMetrics,
  httpMetrics,
  storageMetrics,
  walMetrics,
  journalMetrics,
  lifecycleMetrics,
  schedulerMetrics,
  reportMetrics,
  healthMetrics,
  cacheMetrics,
  telemetryMetrics,
];

/** A class of errors, for documentation. @public */
export interface ErrorDeclaration {
  readonly name: string;
  readonly code: string;
  /** The class that it extends. */
  readonly base: string;
  readonly help: string;
}

type ErrorClass = { readonly name: string; readonly prototype: object };

const ERRORS: readonly [errorClass: ErrorClass, help: string][] = [
  [BaldurError, "base of every error that Baldur itself raises"],
  [ConfigurationError, "an option, name or setting breaks its rule"],
  [AdapterError, "a store, engine or client that Baldur talks to failed"],
  [AdapterNotFoundError, "something is configured whose package is not installed"],
  [CircuitBreakerError, "base of what circuit breakers raise"],
  [CircuitOpenError, "the circuit is open and the call was not made"],
  [ResilienceError, "base of what the other patterns raise"],
  [TimeoutPolicyError, "Baldur's own deadline passed; the function may still have its effect"],
  [RetryExhaustedError, "attempts ran out: in the result of `protectWithMeta`, around the last error"],
  [RateLimitExceededError, "more calls than the gate `rateLimit` allows"],
  [RateLimitDeferredError, "a dependency asked everyone to wait longer than this call may"],
  [BulkheadError, "base of what bulkheads raise"],
  [BulkheadFullError, "the compartment is full and the call was not made"],
  [BulkheadTimeoutError, "the compartment gave no place in time and the call was not made"],
  [IdempotencyDuplicateError, "the work of the key is done or running, and the function was not run"],
  [IdempotencyUnavailableError, "nobody can tell whether the key is new, and the function was not run"],
  [DLQError, "base of what the keeping of failed operations raises"],
  [DLQReplayError, "a failed operation could not be done again"],
  [DomainValidationError, "a word that cannot be a business domain"],
];

/** `CircuitOpenError` → `ERR_BALDUR_CIRCUIT_OPEN`. */
function codeOf(name: string): string {
  const words = name.replace(/Error$/, "").replace(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3_$2$4");
  return words === "Baldur" ? "ERR_BALDUR" : `ERR_BALDUR_${words.toUpperCase()}`;
}

function declareError([errorClass, help]: [ErrorClass, string]): ErrorDeclaration {
  const base: { readonly constructor: { readonly name: string } } = Object.getPrototypeOf(
    errorClass.prototype,
  );
  return { name: errorClass.name, code: codeOf(errorClass.name), base: base.constructor.name, help };
}

/** What a package declares, for documentation and for checks. @public */
export interface Declarations {
  readonly errors: readonly ErrorDeclaration[];
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
    errors: ERRORS.map(declareError),
    settings: [...SETTINGS, ...OPERATIONS_SETTINGS],
    events: events as EventDefinition<object>[],
    metrics: metrics as MetricDefinition[],
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
