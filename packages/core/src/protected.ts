import type { AnyFunction } from "./call.js";
import { type AsyncDecorator, decorator, like } from "./decorate.js";
import { ConfigurationError, invalid } from "./errors.js";
import type { FailedOperation } from "./failure-capture/operation.js";
import type { ReplayHandlers } from "./failure-capture/replay-handlers.js";
import { validateName } from "./pipeline/endpoints.js";
import type { ProtectedOptions, ProtectOptions } from "./pipeline/options.js";
import { validateOptions, WRAPPER_OPTIONS } from "./validate.js";

/** Makes the calls of a wrapper. */
export interface Caller {
  call(
    name: string,
    fn: AnyFunction,
    options: ProtectOptions | undefined,
    args: readonly unknown[],
    self?: unknown,
  ): Promise<unknown>;
}

/** A function that runs protected, with the original within reach. @public */
export type Protected<A extends unknown[], T> = ((...args: A) => Promise<T>) & {
  readonly unprotected: (...args: A) => T | PromiseLike<T>;
};

/** `protected`: wraps a function, or decorates a method. @public */
export interface Protect {
  <A extends unknown[], T>(
    name: string,
    fn: (...args: A) => T | PromiseLike<T>,
    options?: ProtectedOptions<A, T>,
  ): Protected<A, T>;
  // biome-ignore lint/suspicious/noExplicitAny: the arguments are those of whatever method is decorated
  (name: string, options?: ProtectedOptions<any[], any>): AsyncDecorator;
}

/** What a protected function was told to do. @public */
export interface ProtectedPolicy {
  readonly name: string;
  readonly options: ProtectedOptions;
}

/** Found on a wrapper by every copy of this package. */
const POLICY: unique symbol = Symbol.for("@baldur/core.policy");

/** What a function was told to do, where `protected` has made it; undefined for any other value. @public */
export function policyOf(fn: unknown): ProtectedPolicy | undefined {
  return typeof fn === "function" ? (fn as { [POLICY]?: ProtectedPolicy })[POLICY] : undefined;
}

/** Throws `ConfigurationError` for a bad name, option or target, where it is written. */
export function createProtected(caller: () => Caller, handlers: ReplayHandlers): Protect {
  return ((name: string, second?: unknown, third?: unknown): unknown => {
    validateName(name);
    if (typeof second !== "function") {
      if (third !== undefined) throw invalid("fn", "a function", second);
      const options = check(second);
      return decorator((fn, _derivedName, isMethod) => {
        if (!isMethod) registerReplay(caller, handlers, name, fn, options);
        return wrap(caller, name, fn, options);
      }, "protected");
    }
    const fn = second as AnyFunction;
    const options = check(third);
    registerReplay(caller, handlers, name, fn, options);
    return like(fn, wrap(caller, name, fn, options));
  }) as Protect;
}

function wrap(
  caller: () => Caller,
  name: string,
  fn: AnyFunction,
  options: ProtectOptions | undefined,
): AnyFunction {
  function protectedFunction(this: unknown, ...args: unknown[]): Promise<unknown> {
    return caller().call(name, fn, options, args, this);
  }
  return Object.defineProperty(protectedFunction, POLICY, { value: { name, options: options ?? {} } });
}

/** A function that keeps its failed calls can do them again. A method cannot: the object that it was called on is gone. */
function registerReplay(
  caller: () => Caller,
  handlers: ReplayHandlers,
  name: string,
  fn: AnyFunction,
  options: ProtectOptions | undefined,
): void {
  if (options?.dlq === undefined || options.dlq === false) return;
  handlers.registerWrapped(name, fn, (operation, begin) => replay(caller(), fn, options, operation, begin));
}

/**
 * A replay cannot breed a second entry. It claims the idempotency key again: when the work was done meanwhile, by a call of
 * its own, it is not done a second time.
 */
function replay(
  caller: Caller,
  fn: AnyFunction,
  options: ProtectOptions,
  operation: FailedOperation,
  begin: () => void,
): Promise<unknown> {
  const { args: codec } = options as ProtectedOptions;
  const stored = operation.requestData.args ?? [];
  const args = codec === undefined ? stored : codec.decode(stored);
  return caller.call(
    operation.name,
    () => {
      begin();
      return fn(...args);
    },
    { ...options, dlq: false, replayOf: operation.id },
    args,
  );
}

function check(options: unknown): ProtectOptions | undefined {
  if (options === undefined) return undefined;
  validateOptions(options, WRAPPER_OPTIONS);
  const { contextFrom, args, idempotencyKey } = options as ProtectedOptions;
  if (contextFrom !== undefined && contextFrom !== false && typeof contextFrom !== "function") {
    throw invalid("contextFrom", "a function of the arguments, or false", contextFrom);
  }
  if (contextFrom === false && typeof idempotencyKey === "string" && options.context === undefined) {
    throw new ConfigurationError("idempotencyKey names a field of the context, and contextFrom is false");
  }
  if (args !== undefined && (typeof args?.encode !== "function" || typeof args.decode !== "function")) {
    throw invalid("args", "a codec with encode() and decode()", args);
  }
  return options;
}
