import { sameCircuitBreakerOptions } from "./circuit-breaker/options.js";
import type { Circuits } from "./circuit-breaker/registry.js";
import { invalid } from "./errors.js";
import type { Endpoint } from "./pipeline/endpoint.js";
import { composed } from "./pipeline/events.js";
import type {
  CircuitBreakerOptions,
  FailureCaptureOptions,
  IdempotencyOptions,
  ProtectOptions,
  RetryOptions,
} from "./pipeline/options.js";
import { ORDER } from "./pipeline/order.js";
import type { Plan } from "./pipeline/plan.js";
import type { CallServices } from "./pipeline/services.js";
import type { ProtectSettings } from "./pipeline/settings.js";
import { sizeOf } from "./pipeline/size.js";
import { Chain, type Stage, type StageName } from "./pipeline/stage.js";
import { type RetryPolicy, retryPolicy, sameRetryOptions } from "./retry/policy.js";
import type { RetrySettings } from "./retry/settings.js";
import { isObject, isPositive, isSignal, validateOptions, WRAPPER_OPTIONS } from "./validate.js";

const NO_OPTIONS: ProtectOptions = Object.freeze({});
/** Combinations kept for names that are called in several ways. */
const KEPT = 64;

export interface ComposerParts {
  readonly services: CallServices;
  /** A stage that is absent, because nothing backs it, is in no chain. */
  readonly stages: Readonly<Partial<Record<StageName, Stage>>>;
  readonly protect: ProtectSettings;
  readonly retry: RetrySettings;
  readonly circuits: Circuits;
  readonly circuitBreakerEnabled: boolean;
}

/** Turns the options of a call into the chain of stages that it goes through. */
export class Composer {
  #kept: CallPlan[] = [];

  constructor(private readonly parts: ComposerParts) {}

  /** The plan for these options, and the name's circuit made ready for it. Throws `ConfigurationError`. */
  plan(endpoint: Endpoint, options: ProtectOptions | undefined): Plan {
    if (options !== undefined && !isObject(options)) throw invalid("options", "an object", options);
    const latest = endpoint.plan;
    if (latest?.matches(options)) return latest;
    if (options !== undefined) validateOptions(options, WRAPPER_OPTIONS);
    const plan = this.#kept.find((kept) => kept.matches(options)) ?? this.#compose(options ?? NO_OPTIONS);
    if (plan.usesCircuit) {
      const { policy } = this.parts.circuits.of(endpoint, plan.circuitBreaker);
      endpoint.precise = policy.slowCallDuration !== undefined;
      endpoint.bare &&= !endpoint.precise;
    }
    endpoint.plan = plan;
    this.#report(endpoint, plan);
    return plan;
  }

  #compose(options: ProtectOptions): CallPlan {
    const plan = new CallPlan(this.parts, options);
    this.#kept = [plan, ...this.#kept.slice(0, KEPT - 1)];
    return plan;
  }

  /** Once per name and plan: calls of one name may take turns with their options. */
  #report(endpoint: Endpoint, plan: CallPlan): void {
    if (plan.told.has(endpoint)) return;
    plan.told.add(endpoint);
    const { name } = endpoint;
    const stages = plan.chain.stages.map((stage) => stage.name);
    const timeout = stages.includes("timeout") ? plan.defaultTimeout : null;
    this.parts.services.telemetry.report(composed, { name, stages, timeout });
  }
}

type Presence = "undefined" | "function" | "string" | "object";

class CallPlan implements Plan {
  /** Names that it was reported for. */
  readonly told = new WeakSet<Endpoint>();
  readonly services: CallServices;
  readonly chain: Chain;
  readonly guarantees: Chain;
  readonly onlyCircuit: boolean;
  readonly detached: boolean;
  readonly entersHost: boolean;
  readonly keepsHistory: boolean;
  readonly defaultTimeout: number;
  readonly retry: RetryPolicy | null;
  readonly usesCircuit: boolean;
  readonly circuitBreaker: CircuitBreakerOptions | undefined;
  readonly #given: Given;
  readonly #bare: boolean;

  constructor(parts: ComposerParts, options: ProtectOptions) {
    const { services, protect, retry } = parts;
    const wanted = wantedStages(parts, options);
    const present = ORDER.filter(({ stage }) => wanted.has(stage) && parts.stages[stage] !== undefined);
    this.#given = new Given(options);
    this.services = services;
    this.chain = new Chain(present.map(({ stage }) => parts.stages[stage] as Stage));
    this.guarantees = new Chain(
      present.filter(({ guarantee }) => guarantee).map(({ stage }) => parts.stages[stage] as Stage),
    );
    this.retry = wanted.has("retry")
      ? retryPolicy(retry, isObject(options.retry) ? options.retry : {})
      : null;
    this.usesCircuit = wanted.has("circuit-breaker");
    this.circuitBreaker = this.#given.circuitBreaker;
    this.defaultTimeout = options.timeout ?? protect.defaultTimeout ?? 0;
    const bounded = wanted.has("timeout") || this.retry?.attemptTimeout !== undefined;
    this.detached = bounded || options.signal !== undefined;
    const ownStages = Number(this.usesCircuit) + Number(wanted.has("timeout"));
    this.entersHost = this.detached && (present.length > ownStages || options.classify !== undefined);
    this.onlyCircuit = !this.detached && present.length === 1 && this.usesCircuit;
    this.#bare = this.#given.matches(NO_OPTIONS);
    this.keepsHistory = wanted.has("retry") || wanted.has("failure-capture");
  }

  matches(options: ProtectOptions | undefined): boolean {
    return options === undefined ? this.#bare : this.#given.matches(options);
  }
}

function wantedStages(
  { protect, retry, circuitBreakerEnabled }: ComposerParts,
  options: ProtectOptions,
): Set<StageName> {
  if (!protect.enabled) return new Set();
  const asked: Readonly<Record<StageName, boolean>> = {
    idempotency: options.idempotencyKey !== undefined,
    "failure-capture": (options.dlq ?? protect.defaultDlq) !== false,
    fallback: options.fallback !== undefined,
    bulkhead: options.bulkhead !== undefined,
    "circuit-breaker":
      (options.circuitBreaker ?? protect.defaultCircuitBreaker) !== false && circuitBreakerEnabled,
    timeout: options.timeout !== null && (options.timeout ?? protect.defaultTimeout) !== undefined,
    retry: (options.retry ?? protect.defaultRetry) !== false && retry.enabled,
  };
  return new Set((Object.keys(asked) as StageName[]).filter((stage) => asked[stage]));
}

/**
 * A copy of the options that a plan was made from, and their comparison with others. Spelled out property by property:
 * it runs on every call that gives options, and costs about as much as one look-up in a map.
 */
class Given {
  readonly circuitBreaker: CircuitBreakerOptions | undefined;
  readonly #circuitBreaker: boolean | undefined;
  readonly #retry: RetryOptions | boolean | undefined;
  readonly #timeout: "given" | null | undefined;
  readonly #dlq: FailureCaptureOptions | boolean | undefined;
  readonly #idempotency: IdempotencyOptions | undefined;
  readonly #fallback: Presence;
  readonly #bulkhead: Presence;
  readonly #idempotencyKey: Presence;
  readonly #classify: Presence;
  readonly #context: Presence;
  readonly #domain: Presence;
  readonly #replayOf: Presence;
  readonly #signal: boolean;
  readonly #size: number;
  readonly #retrySize: number;
  readonly #circuitBreakerSize: number;

  constructor(options: ProtectOptions) {
    const { circuitBreaker, retry, dlq, idempotency } = options;
    this.circuitBreaker = isObject(circuitBreaker) ? { ...circuitBreaker } : undefined;
    this.#circuitBreaker = isObject(circuitBreaker) ? undefined : circuitBreaker;
    this.#retry = isObject(retry) ? { ...retry } : retry;
    this.#timeout = typeof options.timeout === "number" ? "given" : options.timeout;
    this.#dlq = isObject(dlq) ? { ...dlq } : dlq;
    this.#idempotency = idempotency === undefined ? undefined : { ...idempotency };
    this.#fallback = presence(options.fallback);
    this.#bulkhead = presence(options.bulkhead);
    this.#idempotencyKey = presence(options.idempotencyKey);
    this.#classify = presence(options.classify);
    this.#context = presence(options.context);
    this.#domain = presence(options.domain);
    this.#replayOf = presence(options.replayOf);
    this.#signal = options.signal !== undefined;
    this.#size = sizeOf(options);
    this.#retrySize = isObject(retry) ? sizeOf(retry) : 0;
    this.#circuitBreakerSize = isObject(circuitBreaker) ? sizeOf(circuitBreaker) : 0;
  }

  matches(options: ProtectOptions): boolean {
    return (
      this.#sameTimeout(options.timeout) &&
      this.#sameCircuitBreaker(options.circuitBreaker) &&
      this.#sameRetry(options.retry) &&
      this.#sameSignal(options.signal) &&
      typeof options.fallback === this.#fallback &&
      typeof options.bulkhead === this.#bulkhead &&
      typeof options.idempotencyKey === this.#idempotencyKey &&
      typeof options.classify === this.#classify &&
      typeof options.context === this.#context &&
      options.context !== null &&
      typeof options.domain === this.#domain &&
      options.domain !== "" &&
      options.idempotencyKey !== "" &&
      !Array.isArray(options.context) &&
      typeof options.replayOf === this.#replayOf &&
      sameCapture(this.#dlq, options.dlq) &&
      sameIdempotency(this.#idempotency, options.idempotency) &&
      // An option that nobody knows must not slip through because all others are as before.
      sizeOf(options) === this.#size
    );
  }

  #sameTimeout(timeout: unknown): boolean {
    return typeof timeout === "number"
      ? this.#timeout === "given" && isPositive(timeout)
      : timeout === this.#timeout;
  }

  #sameCircuitBreaker(options: ProtectOptions["circuitBreaker"]): boolean {
    if (typeof options !== "object")
      return this.circuitBreaker === undefined && options === this.#circuitBreaker;
    return (
      this.circuitBreaker !== undefined &&
      options !== null &&
      sameCircuitBreakerOptions(this.circuitBreaker, options) &&
      sizeOf(options) === this.#circuitBreakerSize
    );
  }

  #sameRetry(options: ProtectOptions["retry"]): boolean {
    const own = this.#retry;
    if (typeof options !== "object" || typeof own !== "object") return options === own;
    return options !== null && sameRetryOptions(own, options) && sizeOf(options) === this.#retrySize;
  }

  #sameSignal(signal: unknown): boolean {
    return signal === undefined ? !this.#signal : this.#signal && isSignal(signal);
  }
}

function presence(value: unknown): Presence {
  return typeof value as Presence;
}

function sameCapture(a: ProtectOptions["dlq"], b: ProtectOptions["dlq"]): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  return (
    b !== null &&
    sizeOf(a) === sizeOf(b) &&
    a.domain === b.domain &&
    a.maxRetries === b.maxRetries &&
    a.onFallback === b.onFallback &&
    a.capture === b.capture &&
    typeof a.failureType === typeof b.failureType
  );
}

function sameIdempotency(a: IdempotencyOptions | undefined, b: IdempotencyOptions | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    b !== null &&
    sizeOf(a) === sizeOf(b) &&
    a.ttl === b.ttl &&
    a.executionTtl === b.executionTtl &&
    a.failOpen === b.failOpen &&
    a.replayResult === b.replayResult
  );
}
