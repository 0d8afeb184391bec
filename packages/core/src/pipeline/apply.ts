import type { AnyFunction } from "../call.js";

/** Calls a wrapped function. Few arguments are passed one by one: twice as fast as from an array. */
export function apply(fn: AnyFunction, self: unknown, args: readonly unknown[]): unknown {
  switch (args.length) {
    case 0:
      return fn.call(self);
    case 1:
      return fn.call(self, args[0]);
    case 2:
      return fn.call(self, args[0], args[1]);
    default:
      return fn.apply(self, args as unknown[]);
  }
}

/** A result as a promise. What is one already needs no look at its constructor. */
export function promised(result: unknown): Promise<unknown> {
  return result instanceof Promise ? result : Promise.resolve(result);
}
