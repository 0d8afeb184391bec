import type { Call, CallContext } from "../call.js";
import type { BulkheadOptions } from "../slots/bulkhead.js";
import type { Classification } from "./outcome.js";

/** Options of one circuit; absent ones come from the settings `circuitBreaker`. Durations in milliseconds. @public */
export interface CircuitBreakerOptions {
  /** Failures in the window that open the circuit. Default 5. */
  failureThreshold?: number;
  /** Percentage of failures in the window that must be reached too; 0 turns this guard off. Default 10. */
  failureRateThreshold?: number;
  /** Calls that the window must hold before it can open the circuit. Default 10. */
  minimumCalls?: number;
  /** Calls that the window holds. Default 100. */
  slidingWindowSize?: number;
  /** Time from opening to the first probe. Default 60,000. */
  recoveryTimeout?: number;
  /** Probes in flight at a time while half-open. Default 3. */
  halfOpenMaxCalls?: number;
  /** Successful probes that close the circuit; at most `halfOpenMaxCalls`. Default 2. */
  successThreshold?: number;
  /** A call that takes longer is slow. Default: no call is. */
  slowCallDuration?: number;
  /** Percentage of slow calls in the window that opens the circuit. Default 50. */
  slowCallRateThreshold?: number;
  /** Failures in a row that open the circuit without any minimum; 0 is off. Default 0. */
  consecutiveFailureThreshold?: number;
  /** A probe that has not ended by then gives its slot back. Default 60,000. */
  probeTimeout?: number;
  /** Instances that must have opened before all do, where state is shared. Default 1. */
  fleetQuorum?: number;
}

/** Milliseconds to wait after so many failed attempts (1 after the first). @public */
export type BackoffFunction = (attempt: number, error: unknown) => number;

/** @public */
export type BackoffStrategy = "exponential" | "linear" | "constant" | "decorrelated_jitter";

/** What `onRetry` is told before a wait. @public */
export interface RetryNotice {
  readonly name: string;
  /** Number of the attempt that failed. */
  readonly attempt: number;
  readonly error: unknown;
  /** Milliseconds until the next attempt. */
  readonly delay: number;
}

/** Options of the retry stage; absent ones come from the settings `retry`. Durations in milliseconds. @public */
export interface RetryOptions {
  /** Total tries, the first included. Default 3. */
  maxAttempts?: number;
  /** Default "exponential". */
  backoff?: BackoffStrategy | BackoffFunction;
  /** Default 1,000. */
  baseDelay?: number;
  /** Default 60,000. */
  maxDelay?: number;
  /** Default 2. */
  multiplier?: number;
  /** Share of a delay that is drawn at random, 0 to 1. Default 0.2. */
  jitter?: number;
  /** No wait is begun that would end later than this after the first attempt began. Default: none. */
  maxElapsed?: number;
  /** Bounds one attempt. Default: none. */
  attemptTimeout?: number;
  /** Whether an error may be retried at all. Default: what is classified "failure" or "rate_limited". */
  retryOn?: (error: unknown) => boolean;
  /** Whether a value is to be treated as a failed attempt. When attempts run out the last value is returned. */
  retryOnResult?: (value: unknown) => boolean;
  /** Calls with the same key share the cooldown that an answer 429 asks for. Default: the protected name. */
  rateLimitKey?: string;
  onRetry?: (notice: RetryNotice) => void;
}

/** Options of the idempotency gate. Durations in milliseconds. @public */
export interface IdempotencyOptions {
  /** How long a completed or failed key is remembered. Default 1,800,000. */
  ttl?: number;
  /** How long a running claim is honoured. Default 1,800,000. */
  executionTtl?: number;
  /** Run the call unguarded when the store cannot answer. Default false: `IdempotencyUnavailableError`. */
  failOpen?: boolean;
  /** Store the JSON of the result, and answer a duplicate of a completed call with it. Default false. */
  replayResult?: boolean;
}

/** What is kept of a failed call, where something keeps failed calls. @public */
export interface FailureCaptureOptions {
  domain?: string;
  failureType?: (error: unknown) => string;
  maxRetries?: number;
  /** Whether a failure that a fallback answered is kept too. Default "skip". */
  onFallback?: "skip" | "capture";
  /** Whether the arguments are kept. Default "arguments". */
  capture?: "arguments" | "none";
}

/** Options of one protected call. Durations in milliseconds. @public */
export interface ProtectOptions<T = unknown> {
  /** Default true. */
  circuitBreaker?: boolean | CircuitBreakerOptions;
  /** Default false. */
  retry?: boolean | RetryOptions;
  /** Bounds all attempts and the waits between them. `null`: no deadline, whatever the settings say. */
  timeout?: number | null;
  /** Answers a failure, a timeout, an open circuit and a full bulkhead. */
  fallback?: (error: unknown, call: Call) => T | PromiseLike<T>;
  /** Name of a compartment, or its options. Without a bulkhead installed this does nothing. */
  bulkhead?: string | BulkheadOptions;
  /** Keep the call when it finally fails. Without anything that keeps failed calls this discards, and says so once. */
  dlq?: boolean | FailureCaptureOptions;
  /** A field of the context, whose value is the key; or a function that makes the whole key. */
  idempotencyKey?: string | (() => string);
  idempotency?: IdempotencyOptions;
  /** What an error says about the dependency. Default: see `Classification`. */
  classify?: (error: unknown) => Classification;
  context?: CallContext;
  /** The caller's own signal: its abort ends the call at once and counts against nobody. */
  signal?: AbortSignal;
  /** Business label for metrics and captured failures. */
  domain?: string;
  /** The id of the failed operation that this call replays. */
  replayOf?: string;
}

/** The function under protection. @public */
export type ProtectedFunction<T = unknown> = (call: Call) => T | PromiseLike<T>;

/** How the arguments of a wrapped function become JSON and come back. @public */
export interface Codec<A extends readonly unknown[]> {
  encode(args: A): readonly unknown[];
  decode(stored: readonly unknown[]): A;
}

/** Options of a wrapped function. @public */
export interface ProtectedOptions<A extends unknown[] = unknown[], T = unknown>
  extends Omit<ProtectOptions<T>, "idempotencyKey"> {
  /** Makes the context from the arguments. Default: the fields of the first one, where it is a plain object. `false`: none. */
  contextFrom?: ((...args: A) => CallContext) | false;
  /** A field of the context, whose value is the key; or a function of the arguments that makes the whole key. */
  idempotencyKey?: string | ((...args: A) => string);
  /** Default: the arguments are taken to be JSON. */
  args?: Codec<A>;
}
