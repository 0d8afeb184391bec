import { types } from "node:util";
import { causesOf, factsOf } from "./errors.js";
import { cut } from "./quote.js";

const LONGEST_NAME = 80;

/** What a property is taken for whose getter threw. */
export const UNREADABLE: unique symbol = Symbol("unreadable");

/** What JSON has no word for, and nothing brings back. */
export function oddity(value: unknown): string {
  if (value === UNREADABLE) return "[unreadable]";
  const name = typeof value === "symbol" ? cut(value.description ?? "", LONGEST_NAME) : nameOf(value);
  return name === "" ? `[${typeof value}]` : `[${typeof value} ${name}]`;
}

/** The class of an instance. */
export function className(value: object): string {
  return `[${nameOf(Object.getPrototypeOf(value)?.constructor) || "object"}]`;
}

/** What people are shown of an instance, itself where that is its fields. It may throw: it runs the instance's code. */
export function readable(value: object): unknown {
  if (types.isNativeError(value) || value instanceof Error) return errorView(value);
  if (types.isBoxedPrimitive(value)) return value.valueOf();
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === "function" ? toJSON.call(value, "") : value;
}

function errorView(error: unknown): object {
  const causes = causesOf(error);
  return causes.length === 0 ? factsOf(error) : { ...factsOf(error), causes };
}

function nameOf(value: unknown): string {
  try {
    const { name } = value as { name?: unknown };
    return typeof name === "string" ? cut(name, LONGEST_NAME) : "";
  } catch {
    return ""; // a static getter threw
  }
}
