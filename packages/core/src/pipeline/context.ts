import type { CallContext } from "../call.js";
import { watched } from "../isolate.js";
import type { ProtectedOptions, ProtectOptions } from "./options.js";

export const NO_CONTEXT: CallContext = Object.freeze({});

/** The context of a call, made when someone asks: given, or taken from the arguments of a wrapped function. */
export function contextOf(
  options: ProtectOptions | undefined,
  args: readonly unknown[] | undefined,
): CallContext {
  if (options?.context !== undefined) return options.context;
  if (args === undefined) return NO_CONTEXT;
  const { contextFrom } = (options ?? {}) as ProtectedOptions;
  if (typeof contextFrom === "function") return watched(contextFrom(...args), () => undefined);
  const [first] = args;
  return contextFrom !== false && isPlain(first) ? (first as CallContext) : NO_CONTEXT;
}

function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
