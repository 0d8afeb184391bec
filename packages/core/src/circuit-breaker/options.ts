import { ConfigurationError, invalid } from "../errors.js";
import type { CircuitBreakerOptions } from "../pipeline/options.js";
import type { CircuitBreakerSettings } from "./types.js";

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

const DAY = 86_400_000;
const count = (min: number, max: number): Bounds => ({ min, max, whole: true });
const milliseconds: Bounds = { min: 1, max: DAY, whole: false };
const percent: Bounds = { min: 0, max: 100, whole: false };

const BOUNDS: Readonly<Record<keyof CircuitBreakerOptions, Bounds>> = {
  failureThreshold: count(1, 1000),
  failureRateThreshold: percent,
  minimumCalls: count(1, 1000),
  slidingWindowSize: count(1, 1000),
  recoveryTimeout: milliseconds,
  halfOpenMaxCalls: count(1, 100),
  successThreshold: count(1, 100),
  slowCallDuration: milliseconds,
  slowCallRateThreshold: percent,
  consecutiveFailureThreshold: count(0, 1000),
  probeTimeout: milliseconds,
  fleetQuorum: count(1, 1000),
};

const KEYS = Object.keys(BOUNDS) as (keyof CircuitBreakerOptions)[];

/** Throws a `ConfigurationError` that names the first option that breaks its rule. */
export function validateCircuitBreakerOptions(options: CircuitBreakerOptions, at = "circuitBreaker"): void {
  for (const [key, value] of Object.entries(options)) {
    const bounds = Object.hasOwn(BOUNDS, key) ? BOUNDS[key as keyof CircuitBreakerOptions] : undefined;
    if (bounds === undefined)
      throw new ConfigurationError(`${at}.${key} is not an option; known are ${KEYS.join(", ")}`);
    if (value !== undefined && !within(value, bounds)) throw invalid(`${at}.${key}`, rule(bounds), value);
  }
}

function within(value: unknown, { min, max, whole }: Bounds): boolean {
  if (typeof value !== "number" || !(value >= min && value <= max)) return false;
  return !whole || Number.isInteger(value);
}

function rule({ min, max, whole }: Bounds): string {
  return `${whole ? "an integer" : "a number"} from ${min} to ${max}`;
}

/** What governs one circuit: the settings, what code gave for this name, and what the settings fix for this name. */
export type CircuitPolicy = Readonly<Omit<CircuitBreakerSettings, "overrides" | "maxBreakers" | "enabled">>;

/** A success threshold above the number of probes, or a minimum above the window, could never be reached: they are lowered. */
export function circuitPolicy(
  settings: CircuitBreakerSettings,
  given: CircuitBreakerOptions,
  name: string,
): CircuitPolicy {
  const merged = { ...settings, ...defined(given), ...defined(settings.overrides[name] ?? {}) };
  return {
    ...merged,
    successThreshold: Math.min(merged.successThreshold, merged.halfOpenMaxCalls),
    minimumCalls: Math.min(merged.minimumCalls, merged.slidingWindowSize),
    rateLimitCascadeMinimumCalls: Math.min(merged.rateLimitCascadeMinimumCalls, merged.slidingWindowSize),
  };
}

function defined(options: CircuitBreakerOptions): CircuitBreakerOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Whether two sets of options say the same. Spelled out because it runs on every call that gives them. */
export function sameCircuitBreakerOptions(a: CircuitBreakerOptions, b: CircuitBreakerOptions): boolean {
  return (
    a === b ||
    (a.failureThreshold === b.failureThreshold &&
      a.failureRateThreshold === b.failureRateThreshold &&
      a.minimumCalls === b.minimumCalls &&
      a.slidingWindowSize === b.slidingWindowSize &&
      a.recoveryTimeout === b.recoveryTimeout &&
      a.halfOpenMaxCalls === b.halfOpenMaxCalls &&
      a.successThreshold === b.successThreshold &&
      a.slowCallDuration === b.slowCallDuration &&
      a.slowCallRateThreshold === b.slowCallRateThreshold &&
      a.consecutiveFailureThreshold === b.consecutiveFailureThreshold &&
      a.probeTimeout === b.probeTimeout &&
      a.fleetQuorum === b.fleetQuorum)
  );
}
