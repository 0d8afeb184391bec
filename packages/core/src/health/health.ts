import { ConfigurationError } from "../errors.js";
import type { Phase } from "../phase.js";
import type { Cached } from "../precomputed-cache/precomputed-cache.js";

/** @public */
export type HealthStatus = "healthy" | "degraded" | "unhealthy" | "unknown";

/** From best to worst. */
export const STATUSES: readonly HealthStatus[] = ["healthy", "unknown", "degraded", "unhealthy"];

/** @public */
export interface HealthCheck {
  readonly status: HealthStatus;
  readonly detail?: string;
  /** It did not answer in time. */
  readonly timedOut?: boolean;
}

/** @public */
export interface HealthReport extends Partial<Cached> {
  /** The worst of the checks. */
  readonly status: HealthStatus;
  readonly checks: Readonly<Record<string, HealthCheck>>;
}

/** Whether requests are to be sent here. @public */
export interface Readiness {
  readonly ready: boolean;
  readonly phase: Phase;
  readonly checks: Readonly<Record<string, HealthCheck>>;
}

/** @public */
export type PoolStatus = "healthy" | "degraded" | "error";

/** Connections to one server; a number that nobody knows is absent. @public */
export interface PoolRow {
  readonly status: PoolStatus;
  /** Open connections. */
  readonly size?: number;
  readonly idle?: number;
  /** Who waits for one. */
  readonly waiting?: number;
  /** Most connections. */
  readonly limit?: number;
  readonly detail?: string;
}

/** @public */
export interface PoolReport extends Partial<Cached> {
  /** The worst of the pools; healthy without any. */
  readonly status: PoolStatus;
  readonly pools: Readonly<Record<string, PoolRow>>;
}

/** Looks how something is. What throws, or does not answer in time, is unknown. The signal aborts when nobody waits any more. @public */
export type HealthProbe = (signal: AbortSignal) => HealthCheck | PromiseLike<HealthCheck>;

/** How the parts of a runtime are. Never rejects. @public */
export interface Health {
  /** The answer may be some seconds old, unless a fresh one is asked for. */
  check(options?: { readonly fresh?: boolean }): Promise<HealthReport>;
  /** Answers within BALDUR_HEALTH_CHECK_READINESS_PROBE_TIMEOUT_SECONDS. What is merely degraded is ready. */
  ready(): Promise<Readiness>;
  pool(): Promise<PoolReport>;
  /**
   * Adds a check until what it returns is disposed of. With `readiness` it decides about readiness too: "unhealthy" is not
   * ready. Throws `ConfigurationError` before the start, and for a name that is taken.
   */
  add(name: string, probe: HealthProbe, options?: { readonly readiness?: boolean }): Disposable;
}

export const NOT_STARTED: HealthCheck = Object.freeze({
  status: "unknown",
  detail: "the runtime has not started",
});

/** Of a runtime that has not started: nobody knows. */
export const idleHealth: Health = Object.freeze({
  check: async () => ({ status: "unknown" as const, checks: { runtime: NOT_STARTED } }),
  ready: async () => ({ ready: false, phase: "running" as const, checks: { runtime: NOT_STARTED } }),
  pool: async () => ({ status: "healthy" as const, pools: {} }),
  add: () => {
    throw new ConfigurationError("a runtime takes checks once start() was called");
  },
});
