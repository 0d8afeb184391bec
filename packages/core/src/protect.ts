import type { Baldur, ProtectCall, ProtectWithMeta } from "./api.js";
import { defaultReplayHandlers, defaultRuntime } from "./default-runtime.js";
import type { FailedOperation, ReplayHandler } from "./failure-capture/operation.js";
import { createProtected, type Protect } from "./protected.js";

/**
 * Runs a function under the protection of its name: a circuit breaker, and what the options ask for. Resolves to the
 * function's value or the fallback's, and rejects with the function's own error, unchanged, or with `CircuitOpenError`,
 * `TimeoutPolicyError`, `BulkheadFullError`, `IdempotencyDuplicateError`. A bad name or option rejects with
 * `ConfigurationError`. Works without `init()`.
 * @public
 */
export const protect = ((name, fn, options) => defaultRuntime().calls.run(name, fn, options)) as ProtectCall;

/**
 * Like `protect`, and resolves to a record of the call, whatever became of it. Rejects with `ConfigurationError` for a
 * bad name or option only.
 * @public
 */
export const protectWithMeta: ProtectWithMeta = (name, fn, options) =>
  defaultRuntime().protectWithMeta(name, fn, options);

/**
 * Wraps a function so that every call of it is protected, or decorates a method. Throws `ConfigurationError` for a bad
 * name or option. Exported as `protected`.
 * @public
 */
export const protectedFunction: Protect = createProtected(defaultRuntime, defaultReplayHandlers);

/**
 * Says how failed operations of a name are done again. Throws `ConfigurationError` when the name has a handler; disposing
 * the answer takes it away.
 * @public
 */
export function onReplay(
  name: string,
  handler: ReplayHandler | ((operation: FailedOperation) => unknown),
): Disposable {
  return defaultReplayHandlers.register(name, handler);
}

/**
 * Runs a function with a business label in force: failures and duplicates inside are counted under it. Throws
 * `DomainValidationError`.
 * @public
 */
export function domain<T>(name: string, fn: () => T): T {
  return defaultRuntime().domain(name, fn);
}

/**
 * The runtime behind the module functions: for functions of plugins that are given none. Made on first use.
 * @public
 */
export function defaultBaldur(): Baldur {
  return defaultRuntime();
}
