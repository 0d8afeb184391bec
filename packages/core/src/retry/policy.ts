import { ConfigurationError, invalid } from "../errors.js";
import type { BackoffStrategy, RetryOptions } from "../pipeline/options.js";
import { type RetrySettings, STRATEGIES } from "./settings.js";

/** What governs the attempts of one call. Callbacks are taken from the call's own options. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly strategy: BackoffStrategy;
  readonly baseDelay: number;
  readonly maxDelay: number;
  readonly multiplier: number;
  readonly increment: number;
  readonly jitter: number;
  readonly maxElapsed: number | undefined;
  readonly attemptTimeout: number | undefined;
}

export function retryPolicy(settings: RetrySettings, options: RetryOptions): RetryPolicy {
  const { backoff } = options;
  return {
    maxAttempts: options.maxAttempts ?? settings.maxAttempts,
    strategy: typeof backoff === "string" ? backoff : settings.backoff,
    baseDelay: options.baseDelay ?? settings.baseDelay,
    maxDelay: options.maxDelay ?? settings.maxDelay,
    multiplier: options.multiplier ?? settings.multiplier,
    increment: settings.increment,
    jitter: options.jitter ?? settings.jitter,
    maxElapsed: options.maxElapsed ?? settings.maxElapsed,
    attemptTimeout: options.attemptTimeout,
  };
}

type Rule = readonly [rule: string, test: (value: unknown) => boolean];

const isNumber = (min: number, max: number) => (value: unknown) =>
  typeof value === "number" && value >= min && value <= max;
const LONGEST = Number.MAX_SAFE_INTEGER;
const aFunction: Rule = ["a function", (value) => typeof value === "function"];
const milliseconds: Rule = ["a positive number of milliseconds", isNumber(Number.MIN_VALUE, LONGEST)];

const RULES: Readonly<Record<keyof RetryOptions, Rule>> = {
  maxAttempts: ["an integer from 1 to 100", (value) => Number.isInteger(value) && isNumber(1, 100)(value)],
  backoff: [
    `a function or one of ${STRATEGIES.join(", ")}`,
    (value) => typeof value === "function" || STRATEGIES.includes(value as BackoffStrategy),
  ],
  baseDelay: ["a number of milliseconds of at least 0", isNumber(0, LONGEST)],
  maxDelay: ["a number of milliseconds of at least 0", isNumber(0, LONGEST)],
  multiplier: ["a number from 1 to 100", isNumber(1, 100)],
  jitter: ["a number from 0 to 1", isNumber(0, 1)],
  maxElapsed: milliseconds,
  attemptTimeout: milliseconds,
  retryOn: aFunction,
  retryOnResult: aFunction,
  rateLimitKey: ["a non-empty string", (value) => typeof value === "string" && value !== ""],
  onRetry: aFunction,
};

/** Throws a `ConfigurationError` that names the first option that breaks its rule. */
export function validateRetryOptions(options: RetryOptions, at = "retry"): void {
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(RULES, key)) {
      throw new ConfigurationError(
        `${at}.${key} is not an option; known are ${Object.keys(RULES).join(", ")}`,
      );
    }
    const [rule, test] = RULES[key as keyof RetryOptions];
    if (value !== undefined && !test(value)) throw invalid(`${at}.${key}`, rule, value);
  }
}

/** Whether two sets of options lead to the same policy. Spelled out because it runs on every call that gives them. */
export function sameRetryOptions(a: RetryOptions, b: RetryOptions): boolean {
  return (
    a.maxAttempts === b.maxAttempts &&
    sameBackoff(a.backoff, b.backoff) &&
    a.baseDelay === b.baseDelay &&
    a.maxDelay === b.maxDelay &&
    a.multiplier === b.multiplier &&
    a.jitter === b.jitter &&
    a.maxElapsed === b.maxElapsed &&
    a.attemptTimeout === b.attemptTimeout &&
    typeof a.retryOn === typeof b.retryOn &&
    typeof a.retryOnResult === typeof b.retryOnResult &&
    typeof a.rateLimitKey === typeof b.rateLimitKey &&
    b.rateLimitKey !== "" &&
    typeof a.onRetry === typeof b.onRetry
  );
}

function sameBackoff(a: RetryOptions["backoff"], b: RetryOptions["backoff"]): boolean {
  return a === b || (typeof a === "function" && typeof b === "function");
}
