import { ConfigurationError, invalid } from "../errors.js";
import type { FleetRule } from "./fleet-limiter.js";

/** @public */
export interface RateLimitOptions {
  /** Calls that may begin within the window, per key. */
  maxRequests: number;
  /** Milliseconds. Default 60,000. */
  window?: number;
  /** Whose budget a call uses, from its arguments. Default: all calls share one. */
  // biome-ignore lint/suspicious/noExplicitAny: it takes the arguments of whatever function is limited
  key?: (...args: any[]) => string;
  /** Default true: `RateLimitExceededError`. False: the call answers undefined. */
  raiseOnLimit?: boolean;
  /** Default: the calls of this process are counted, those of each wrapped function apart. */
  scope?: "process";
}

/** @public */
export interface FleetRateLimitOptions extends Omit<RateLimitOptions, "scope"> {
  /** The calls of all processes that share a Redis are counted together. The wrapped function becomes asynchronous. */
  scope: "fleet";
  /** Names the budget: every gate with this name and window, in whatever process, uses the same one. */
  bucket: string;
  /**
   * Places that a gate takes at a time and then gives to its calls by itself. Default 1: Redis is asked for every call, and
   * never grants more than `maxRequests` in any window. With more, calls need no round trip while places last, at the price
   * of an error of at most (gates in all processes x batch): so many calls more than `maxRequests` may begin in a window,
   * or so many places stay unused.
   */
  batch?: number;
  /**
   * Calls that each process lets begin within the window while Redis is away, those before included. Default: a tenth of
   * `maxRequests`, rounded up.
   */
  emergencyRequests?: number;
}

const PROCESS_OPTIONS: readonly string[] = ["maxRequests", "window", "key", "raiseOnLimit", "scope"];
const FLEET_OPTIONS: readonly string[] = [...PROCESS_OPTIONS, "bucket", "batch", "emergencyRequests"];
/** Of 10 processes the emergency limits add up to the limit. */
const EMERGENCY_SHARE = 0.1;
const SHORTEST_FLEET_WINDOW = 100;
const LONGEST_BUCKET = 128;
const DELIMITERS = /[\\:]/g;

/** Throws `ConfigurationError` that names the first option that breaks its rule. */
export function validate(
  options: RateLimitOptions | FleetRateLimitOptions,
): RateLimitOptions | FleetRateLimitOptions {
  if (typeof options !== "object" || options === null)
    throw invalid("rateLimit", "an options object", options);
  const { scope } = options;
  if (!["process", "fleet", undefined].includes(scope))
    throw invalid("rateLimit.scope", '"process" or "fleet"', scope);
  const known = scope === "fleet" ? FLEET_OPTIONS : PROCESS_OPTIONS;
  for (const option of Object.keys(options)) {
    if (!known.includes(option)) throw new ConfigurationError(notAnOption(option));
  }
  validateCommon(options);
  if (options.scope === "fleet") validateFleet(options);
  return options;
}

/** What a gate of the fleet counts by. */
export function fleetRule(options: FleetRateLimitOptions, defaultWindow: number): FleetRule {
  const { maxRequests, window = defaultWindow, bucket, batch = 1 } = options;
  const emergency = options.emergencyRequests ?? Math.ceil(maxRequests * EMERGENCY_SHARE);
  return { limit: maxRequests, window, bucket: bucket.replace(DELIMITERS, "\\$&"), batch, emergency };
}

function notAnOption(option: string): string {
  const fleetOnly = FLEET_OPTIONS.includes(option) ? ' without scope: "fleet"' : "";
  return `rateLimit.${option} is not an option${fleetOnly}`;
}

function validateCommon({
  maxRequests,
  window,
  key,
  raiseOnLimit,
}: RateLimitOptions | FleetRateLimitOptions): void {
  validateCount("maxRequests", maxRequests);
  if (window !== undefined && !(window > 0 && window < Number.POSITIVE_INFINITY)) {
    throw invalid("rateLimit.window", "a positive number of milliseconds", window);
  }
  if (key !== undefined && typeof key !== "function")
    throw invalid("rateLimit.key", "a function of the arguments", key);
  if (raiseOnLimit !== undefined && typeof raiseOnLimit !== "boolean")
    throw invalid("rateLimit.raiseOnLimit", "a boolean", raiseOnLimit);
}

function validateFleet({
  window,
  bucket,
  batch,
  emergencyRequests,
  maxRequests,
}: FleetRateLimitOptions): void {
  if (window !== undefined && window < SHORTEST_FLEET_WINDOW)
    throw invalid("rateLimit.window", `at least ${SHORTEST_FLEET_WINDOW} ms for a fleet`, window);
  if (typeof bucket !== "string" || bucket === "" || bucket.length > LONGEST_BUCKET)
    throw invalid("rateLimit.bucket", `a name of 1 to ${LONGEST_BUCKET} characters`, bucket);
  if (batch !== undefined) validateCount("batch", batch);
  if (batch !== undefined && batch > maxRequests)
    throw invalid("rateLimit.batch", `at most maxRequests (${maxRequests})`, batch);
  if (emergencyRequests !== undefined) validateCount("emergencyRequests", emergencyRequests);
}

function validateCount(option: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    throw invalid(`rateLimit.${option}`, "a positive integer", value);
}
