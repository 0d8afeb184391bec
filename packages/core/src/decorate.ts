import type { AnyFunction } from "./call.js";
import { ConfigurationError } from "./errors.js";

/** Wraps a function, or decorates a method, in either form of decorators. @public */
export interface Decorator {
  <F extends AnyFunction>(fn: F): F;
  /** TC39 decorators. */
  <F extends AnyFunction>(method: F, context: ClassMethodDecoratorContext): F;
  /** `experimentalDecorators`. */
  (target: object, property: string | symbol, descriptor: PropertyDescriptor): PropertyDescriptor;
}

/** Wraps a function, or decorates a method, in either form of decorators. What it makes is always asynchronous. @public */
export interface AsyncDecorator {
  <This, A extends unknown[], R>(
    fn: (this: This, ...args: A) => R,
  ): (this: This, ...args: A) => Promise<Awaited<R>>;
  /** TC39 decorators. */
  <This, A extends unknown[], R>(
    method: (this: This, ...args: A) => Promise<R>,
    context: ClassMethodDecoratorContext,
  ): (this: This, ...args: A) => Promise<R>;
  /** `experimentalDecorators`. */
  (target: object, property: string | symbol, descriptor: PropertyDescriptor): PropertyDescriptor;
}

/** What is known of the thing that is wrapped: a name to derive others from, if it has one, and whether it is a method. */
export type Wrap = (fn: AnyFunction, derivedName: string | undefined, isMethod: boolean) => AnyFunction;

/** One wrapper for functions and for both forms of decorators. */
export function decorator(wrap: Wrap, what: string): Decorator {
  return ((target: unknown, context?: unknown, descriptor?: PropertyDescriptor): unknown => {
    if (descriptor !== undefined) return decorateProperty(wrap, what, target as object, context, descriptor);
    if (typeof target !== "function") throw cannotWrap(what, target);
    const isMethod = isMethodContext(context);
    const name = isMethod ? String(context.name) : target.name || undefined;
    return like(target as AnyFunction, wrap(target as AnyFunction, name, isMethod));
  }) as Decorator;
}

function decorateProperty(
  wrap: Wrap,
  what: string,
  target: object,
  property: unknown,
  descriptor: PropertyDescriptor,
): PropertyDescriptor {
  const method: unknown = descriptor.value;
  if (typeof method !== "function") throw cannotWrap(what, `property ${String(property)}`);
  const owner = typeof target === "function" ? target : target.constructor;
  const wrapped = like(
    method as AnyFunction,
    wrap(method as AnyFunction, `${owner.name}.${String(property)}`, true),
  );
  return { ...descriptor, value: wrapped };
}

function isMethodContext(context: unknown): context is ClassMethodDecoratorContext {
  return typeof context === "object" && context !== null && (context as { kind?: unknown }).kind === "method";
}

function cannotWrap(what: string, target: unknown): ConfigurationError {
  return new ConfigurationError(
    `${what} wraps functions and methods; received ${typeof target === "string" ? target : typeof target}`,
  );
}

/** A wrapper that looks like what it wraps: same name, same length, and the original within reach. */
export function like<F extends AnyFunction>(original: AnyFunction, wrapper: F): F {
  return Object.defineProperties(wrapper, {
    name: { value: original.name, configurable: true },
    length: { value: original.length, configurable: true },
    unprotected: { value: original, configurable: true },
  });
}
