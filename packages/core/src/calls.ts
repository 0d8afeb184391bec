import { BulkheadStage } from "./bulkhead/stage.js";
import type { AnyFunction } from "./call.js";
import type { Breaker } from "./circuit-breaker/circuit-breaker.js";
import { DirectCalls } from "./circuit-breaker/direct-call.js";
import { stateGauge } from "./circuit-breaker/metrics.js";
import { Circuits } from "./circuit-breaker/registry.js";
import { CircuitReporter } from "./circuit-breaker/reporter.js";
import { circuitBreakerSettings } from "./circuit-breaker/settings.js";
import { CircuitBreakerStage } from "./circuit-breaker/stage.js";
import { Composer } from "./composer.js";
import { invalid, isBaldurError } from "./errors.js";
import { FailureCaptureStage } from "./failure-capture/stage.js";
import { FallbackStage } from "./fallback/stage.js";
import { IdempotencyGate } from "./idempotency/gate.js";
import { idempotencySettings } from "./idempotency/settings.js";
import { IdempotencyStage } from "./idempotency/stage.js";
import type { IdempotencyStore } from "./idempotency/store.js";
import type { Endpoint } from "./pipeline/endpoint.js";
import { EndpointMetrics } from "./pipeline/endpoint-metrics.js";
import { Endpoints } from "./pipeline/endpoints.js";
import { Execution } from "./pipeline/execution.js";
import type { ProtectedFunction, ProtectOptions } from "./pipeline/options.js";
import type { Plan } from "./pipeline/plan.js";
import { type ProtectResult, resultOf } from "./pipeline/result.js";
import type { CallServices } from "./pipeline/services.js";
import { protectSettings } from "./pipeline/settings.js";
import type { Stage, StageName } from "./pipeline/stage.js";
import { Cooldowns } from "./rate-limit/cooldown.js";
import { rateLimitBackoffSettings } from "./rate-limit/settings.js";
import { RetryBudgets } from "./retry/budget.js";
import { RetryExhaustedError } from "./retry/errors.js";
import { budgetAllowed, budgetUsed } from "./retry/metrics.js";
import { retryBudgetSettings, retrySettings } from "./retry/settings.js";
import { RetryStage } from "./retry/stage.js";
import type { SettingsCatalog } from "./settings/catalog.js";
import { isProduction, runtimeSettings } from "./settings/runtime.js";
import { bulkheadSlot } from "./slots/bulkhead.js";
import { failureRecorderSlot } from "./slots/failure-recorder.js";
import type { SlotTable } from "./slots/slot.js";
import { metricsSettings } from "./telemetry/settings.js";
import { TimeoutStage } from "./timeout/stage.js";

export interface CallsParts {
  readonly services: CallServices;
  readonly settings: SettingsCatalog;
  readonly slots: SlotTable;
  readonly idempotencyStore: IdempotencyStore;
  /** Whether the present call is part of a failed operation that is being done again. */
  isReplaying(): boolean;
  /** Told before the first call of every name. */
  onNewName(): void;
}

/** Makes the protected calls of a runtime. */
export class Calls {
  readonly endpoints: Endpoints;
  readonly circuits: Circuits;
  readonly idempotency: IdempotencyGate;
  /** For the peers of a fleet to join. */
  readonly cooldowns: Cooldowns;
  readonly #parts: CallsParts;
  readonly #stages: Readonly<Partial<Record<StageName, Stage>>>;
  readonly #direct: DirectCalls;
  readonly #control: { readonly mode: number };
  #composer: Composer;

  constructor(parts: CallsParts) {
    const { services, settings } = parts;
    const reporter = new CircuitReporter(services.telemetry);
    const circuitBreaker = settings.of(circuitBreakerSettings);
    const recordsMetrics = settings.of(metricsSettings).enabled;
    this.#parts = parts;
    this.endpoints = new Endpoints({
      limit: circuitBreaker.maxBreakers,
      now: () => services.clock.coarse(),
      onCreated: (endpoint) => {
        if (recordsMetrics) endpoint.metrics = new EndpointMetrics(services.telemetry, endpoint.name);
        parts.onNewName();
      },
      onEvicted: (count) => reporter.evicted(count),
      onOverflow: (limit) => reporter.overflowing(limit),
    });
    this.circuits = new Circuits(this.endpoints, { ...services, reporter }, circuitBreaker);
    this.idempotency = new IdempotencyGate(services.telemetry, {
      store: parts.idempotencyStore,
      settings: settings.of(idempotencySettings),
      allowMemory: !isProduction(settings.of(runtimeSettings)),
    });
    this.cooldowns = new Cooldowns(services, settings.of(rateLimitBackoffSettings));
    this.#control = services.control;
    this.#direct = new DirectCalls(services);
    this.#stages = this.#createStages(reporter);
    this.#composer = this.#createComposer();
  }

  /** Makes one call. `args` and `self` are those of a wrapped function. */
  run(
    name: string,
    fn: AnyFunction,
    options?: ProtectOptions,
    args?: readonly unknown[],
    self?: unknown,
  ): Promise<unknown> {
    let endpoint: Endpoint;
    let plan: Plan;
    try {
      if (typeof fn !== "function") throw invalid("fn", "a function", fn);
      endpoint = this.endpoints.get(name);
      if (endpoint.bare && options === undefined && this.#passes(endpoint)) {
        return this.#direct.run(endpoint, fn, options, args, self);
      }
      plan = this.#composer.plan(endpoint, options);
    } catch (error) {
      return Promise.reject(error);
    }
    if (plan.onlyCircuit && !endpoint.precise && this.#passes(endpoint)) {
      endpoint.bare ||= options === undefined;
      return this.#direct.run(endpoint, fn, options, args, self);
    }
    return new Execution(endpoint, plan, fn, options, args, self).start();
  }

  /** Makes one call and tells all about it. Rejects for programming errors only. */
  async runWithMeta<T>(
    name: string,
    fn: ProtectedFunction,
    options?: ProtectOptions,
  ): Promise<ProtectResult<T>> {
    if (typeof fn !== "function") throw invalid("fn", "a function", fn);
    const endpoint = this.endpoints.get(name);
    const call = new Execution(endpoint, this.#composer.plan(endpoint, options), fn, options);
    call.extras.recordsAttempts = true;
    try {
      return resultOf<T>(call, { value: (await call.start()) as T });
    } catch (error) {
      if (call.attempts === 0 && isBaldurError(error, "ERR_BALDUR_CONFIGURATION")) throw error;
      const { exhausted, latestFailure } = call.extras;
      if (exhausted === undefined || latestFailure?.error !== error) return resultOf<T>(call, { error });
      return resultOf<T>(call, { error: new RetryExhaustedError(name, call.attempts, exhausted, error) });
    }
  }

  #passes(endpoint: Endpoint): boolean {
    return this.#control.mode === 0 && (endpoint.circuit as Breaker).passes;
  }

  /** Composes anew: a plugin may have filled a slot that is a stage. */
  recompose(): void {
    this.#composer = this.#createComposer();
    for (const endpoint of this.endpoints.values()) {
      endpoint.plan = null;
      endpoint.bare = false;
    }
  }

  #createComposer(): Composer {
    const { services, settings, slots } = this.#parts;
    const bulkhead = slots.isFilled(bulkheadSlot)
      ? { bulkhead: new BulkheadStage(services, slots.get(bulkheadSlot)) }
      : {};
    return new Composer({
      services,
      stages: { ...this.#stages, ...bulkhead },
      protect: settings.of(protectSettings),
      retry: settings.of(retrySettings),
      circuits: this.circuits,
      circuitBreakerEnabled: settings.of(circuitBreakerSettings).enabled,
    });
  }

  #createStages(reporter: CircuitReporter): Partial<Record<StageName, Stage>> {
    const { services, settings, slots, isReplaying } = this.#parts;
    const { telemetry, clock } = services;
    const budgets = new RetryBudgets(settings.of(retryBudgetSettings));
    const { maxSeries } = settings.of(metricsSettings);
    const budget = (read: "retries" | "allowed") => () =>
      budgets.states(clock.monotonic()).map(([name, state]): [string[], number] => [[name], state[read]]);
    telemetry.observeGauge(stateGauge, () => this.circuits.states(maxSeries));
    telemetry.observeGauge(budgetUsed, budget("retries"));
    telemetry.observeGauge(budgetAllowed, budget("allowed"));
    const recorder = () => (slots.isFilled(failureRecorderSlot) ? slots.get(failureRecorderSlot) : undefined);
    return {
      idempotency: new IdempotencyStage(this.idempotency),
      "failure-capture": new FailureCaptureStage({ services, recorder, isReplaying }),
      fallback: new FallbackStage(services),
      "circuit-breaker": new CircuitBreakerStage(reporter, clock),
      timeout: new TimeoutStage(services),
      retry: new RetryStage({ services, budgets, cooldown: this.cooldowns }),
    };
  }
}
