import { ConfigurationError } from "../errors.js";
import type { Phase } from "../phase.js";

/** How a shutdown went. @public */
export interface ShutdownReport {
  /** Everything ended in time. */
  readonly clean: boolean;
  /** Milliseconds. */
  readonly duration: number;
  /** Calls that were in flight and ended. */
  readonly drained: number;
  /** What did not end: requests, protected names with calls in flight, handlers, jobs and plugins. */
  readonly abandoned: readonly string[];
}

/** A request that is counted until it ends. @public */
export interface Admission {
  /** Once; more is no harm. */
  end(): void;
}

/** Takes part in a shutdown. What throws is reported and skipped. @public */
export interface ShutdownHandler {
  /** Unique, for people. */
  readonly name: string;
  /** Readiness has turned. */
  onShutdownStart?(): unknown;
  /** Asked again and again; the drain goes on until it says true, or its time is up. */
  isDrainComplete?(): boolean | PromiseLike<boolean>;
  /** Everything has ended in time. */
  onDrainComplete?(): unknown;
  /** The time is up, and so many requests and calls have not ended. */
  onForceShutdown?(pending: number): unknown;
}

/** @public */
export interface ShutdownOptions {
  /** Milliseconds that requests and calls in flight may take; default BALDUR_RECOVERY_SHUTDOWN_DEFAULT_DRAIN_TIMEOUT_SECONDS. */
  readonly deadline?: number;
  /** Why, for people. */
  readonly reason?: string;
}

/** How a runtime goes out of service without losing requests. @public */
export interface Lifecycle {
  readonly phase: Phase;
  /** Admitted requests that have not ended. */
  readonly inFlight: number;
  /** Milliseconds of the drain that are left; undefined while running. */
  readonly remaining: number | undefined;
  /** For a `Retry-After` header: whole seconds, at least 1. */
  readonly retryAfter: number;
  /** Paths that are answered in a drain too, besides those for liveness and ping. */
  readonly exemptPaths: readonly string[];
  /**
   * Admits a request; undefined when it is to be refused, because this process goes out of service. One that is not ended
   * within BALDUR_RECOVERY_SHUTDOWN_MAX_REQUEST_AGE_SECONDS is no longer counted.
   */
  admit(): Admission | undefined;
  /** Throws `ConfigurationError` before the start, for a second handler of one name, and once a shutdown has begun. */
  onShutdown(handler: ShutdownHandler): Disposable;
  /**
   * Goes out of service: readiness turns, new requests are refused, those in flight are waited for, then the runtime is
   * closed. Idempotent. Rejects with `ConfigurationError` for a deadline that is no time.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>;
}

/** In seconds, where nothing better is known. */
const RETRY_AFTER = 5;

const uncounted: Admission = Object.freeze({ end: () => undefined });

/** Of a runtime that has not started: it serves, and counts nothing. */
export function idleLifecycle(shutdown: Lifecycle["shutdown"]): Lifecycle {
  return Object.freeze({
    phase: "running",
    inFlight: 0,
    remaining: undefined,
    retryAfter: RETRY_AFTER,
    exemptPaths: [],
    admit: () => uncounted,
    onShutdown: notStarted,
    shutdown,
  });
}

function notStarted(): never {
  throw new ConfigurationError("a runtime takes handlers of its shutdown once start() was called");
}
