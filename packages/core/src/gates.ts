import type { AnyFunction } from "./call.js";
import { type AsyncDecorator, type Decorator, decorator } from "./decorate.js";
import { defaultRuntime } from "./default-runtime.js";
import { normaliseDomain } from "./domain/domain.js";
import { invalid } from "./errors.js";
import { type Idempotent, idempotentGate } from "./idempotency/idempotent.js";
import type { ProtectedOptions } from "./pipeline/options.js";
import { protectedFunction } from "./protect.js";
import { type RateLimit, rateLimitGate } from "./rate-limit/gate.js";
import { isObject } from "./validate.js";

export type { AnyFunction } from "./call.js";
export type { AsyncDecorator, Decorator } from "./decorate.js";
export type { Idempotent, IdempotentOptions } from "./idempotency/idempotent.js";
export type { KeySource, KeyValue } from "./idempotency/key.js";
export type { IdempotencyOptions, ProtectedOptions } from "./pipeline/options.js";
export type { RateLimit } from "./rate-limit/gate.js";
export type { FleetRateLimitOptions, RateLimitOptions } from "./rate-limit/options.js";

/**
 * `dlqProtect(name, options?)(fn)`: protects a function and keeps its calls when they finally fail. The same as
 * `protected` with `dlq: true`. Throws `ConfigurationError` for a bad name or option.
 * @public
 */
// biome-ignore lint/suspicious/noExplicitAny: the arguments are those of whatever function is wrapped
export function dlqProtect(name: string, options: ProtectedOptions<any[], any> = {}): AsyncDecorator {
  if (!isObject(options)) throw invalid("dlqProtect options", "an object", options);
  return protectedFunction(name, { ...options, dlq: options.dlq ?? true });
}

/**
 * `idempotent({ operation, key })(fn)`: runs the function once per key. A duplicate is refused with
 * `IdempotencyDuplicateError`, or answered with the first result (`replayResult`); a store that cannot answer refuses with
 * `IdempotencyUnavailableError` unless `failOpen`. Throws `ConfigurationError` for options that break their rules.
 * @public
 */
export const idempotent: Idempotent = idempotentGate(() => defaultRuntime().idempotency);

/**
 * `rateLimit({ maxRequests, window })(fn)`: lets at most so many calls begin in any window (milliseconds, default 60,000),
 * counted in this process, per wrapped function and key. Refuses with `RateLimitExceededError`, which uses nothing up.
 * With `scope: "fleet"` and the name of a `bucket` the calls of all processes that share a Redis are counted together, and
 * the function becomes asynchronous; while Redis is away each process keeps an emergency limit. Throws
 * `ConfigurationError` for options that break their rules.
 * @public
 */
export const rateLimit: RateLimit = rateLimitGate(() => defaultRuntime().rateLimiting);

/**
 * `domainTag(domain)(fn)`: runs the function with a business label in force. Throws `DomainValidationError` for a label
 * that is none.
 * @public
 */
export function domainTag(domain: string): Decorator {
  const normal = normaliseDomain(domain);
  return decorator(
    (fn) =>
      function tagged(this: unknown, ...args: unknown[]): unknown {
        return defaultRuntime().domain(normal, () => fn.apply(this, args));
      } satisfies AnyFunction,
    "domainTag",
  );
}
