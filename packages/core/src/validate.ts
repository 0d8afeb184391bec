import { validateCircuitBreakerOptions } from "./circuit-breaker/options.js";
import { ConfigurationError, invalid } from "./errors.js";
import type { FailureCaptureOptions, IdempotencyOptions, ProtectOptions } from "./pipeline/options.js";
import { validateRetryOptions } from "./retry/policy.js";

type Check = (value: unknown, at: string) => void;

const is =
  (rule: string, test: (value: unknown) => boolean): Check =>
  (value, at) => {
    if (!test(value)) throw invalid(at, rule, value);
  };

const aBoolean = is("a boolean", (value) => typeof value === "boolean");
const aFunction = is("a function", (value) => typeof value === "function");
const text = is("a non-empty string", (value) => typeof value === "string" && value !== "");
const milliseconds = is("a positive number of milliseconds", isPositive);
const object = is("an object", isObject);
const timeout = is(
  "a positive number of milliseconds, or null",
  (value) => value === null || isPositive(value),
);
const textOrFunction = is("a non-empty string or a function", (value) =>
  typeof value === "string" ? value !== "" : typeof value === "function",
);
const signal = is("an AbortSignal", isSignal);

const orBoolean =
  (check: Check): Check =>
  (value, at) => {
    if (typeof value === "boolean") return;
    if (!isObject(value)) throw invalid(at, "a boolean or an options object", value);
    check(value, at);
  };

const IDEMPOTENCY: Readonly<Record<keyof IdempotencyOptions, Check>> = {
  ttl: milliseconds,
  executionTtl: milliseconds,
  failOpen: aBoolean,
  replayResult: aBoolean,
};

const CAPTURE: Readonly<Record<keyof FailureCaptureOptions, Check>> = {
  domain: text,
  failureType: aFunction,
  maxRetries: is(
    "an integer from 0 to 100",
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 100,
  ),
  onFallback: is('"skip" or "capture"', (value) => value === "skip" || value === "capture"),
  capture: is('"arguments" or "none"', (value) => value === "arguments" || value === "none"),
};

const bulkhead: Check = (value, at) => {
  if (typeof value === "string" ? value === "" : !isObject(value)) {
    throw invalid(at, "the name of a compartment or an options object", value);
  }
};

const OPTIONS: Readonly<Record<keyof ProtectOptions, Check>> = {
  circuitBreaker: orBoolean((value, at) => validateCircuitBreakerOptions(value as object, at)),
  retry: orBoolean((value, at) => validateRetryOptions(value as object, at)),
  timeout,
  fallback: aFunction,
  bulkhead,
  dlq: orBoolean((value, at) => checkFields(value as object, CAPTURE, at)),
  idempotencyKey: textOrFunction,
  idempotency: (value, at) => {
    object(value, at);
    checkFields(value as object, IDEMPOTENCY, at);
  },
  classify: aFunction,
  context: object,
  signal,
  domain: text,
  replayOf: text,
};

/** Options of wrapped functions that a call's stages never see. */
export const WRAPPER_OPTIONS: readonly string[] = ["contextFrom", "args"];

/** Throws a `ConfigurationError` that names the first option that breaks its rule. `also` are options known besides. */
export function validateOptions(
  options: unknown,
  also: readonly string[] = [],
): asserts options is ProtectOptions {
  if (!isObject(options)) throw invalid("options", "an object", options);
  checkFields(options, OPTIONS, "", also);
}

function checkFields(
  given: object,
  checks: Readonly<Record<string, Check>>,
  at: string,
  also: readonly string[] = [],
): void {
  const named = (key: string): string => (at === "" ? key : `${at}.${key}`);
  const known = Object.keys(checks);
  // By name, because an option may be inherited, or be a getter of a class.
  for (const key of known) {
    const value = (given as Record<string, unknown>)[key];
    if (value !== undefined) checks[key]?.(value, named(key));
  }
  for (const key in given) {
    if (known.includes(key) || also.includes(key)) continue;
    throw new ConfigurationError(`${named(key)} is not an option; known are ${known.join(", ")}`);
  }
}

export function isPositive(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value < Number.POSITIVE_INFINITY;
}

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSignal(value: unknown): value is AbortSignal {
  return (
    value instanceof AbortSignal || (isObject(value) && "aborted" in value && "addEventListener" in value)
  );
}
