import type { CallContext } from "../call.js";
import { invalid } from "../errors.js";
import { watched } from "../isolate.js";

/** What a key may be made of. @public */
export type KeyValue = string | number | bigint | boolean;

/** Fields of the first argument, or a function of the arguments. @public */
export type KeySource<A extends unknown[] = unknown[]> =
  | string
  | readonly string[]
  | ((...args: A) => KeyValue | readonly KeyValue[]);

const LONGEST_KEY = 512;
const NAME_DELIMITERS = /[\\:]/g;
const VALUE_DELIMITERS = /[\\|]/g;

/** What a protected call makes its key of. */
export interface KeyedCall {
  readonly name: string;
  readonly context: CallContext;
  /** Of a wrapped function. */
  readonly args?: readonly unknown[] | undefined;
}

/**
 * The key of a protected call: `name:value` of a field of its context, or what the caller's function answers, verbatim.
 * Throws `ConfigurationError` for a value that identifies nothing.
 */
export function callKey(call: KeyedCall, source: string | ((...args: unknown[]) => string)): string {
  if (typeof source === "function") return checkKey(source(...(call.args ?? [])));
  const value = keyValue(call.context[source], `context.${source}`);
  return checkKey(`${escaped(call.name, NAME_DELIMITERS)}:${value}`);
}

/** The key of a gated function: `operation:value|value`. Throws `ConfigurationError` for a value that identifies nothing. */
export function operationKey(operation: string, source: KeySource, args: readonly unknown[]): string {
  const given = typeof source === "function" ? source(...args) : fieldsOf(args[0], source);
  const values: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (values.length === 0) throw invalid("key", "at least one value", values);
  const parts = values.map((value, index) => escaped(keyValue(value, at(source, index)), VALUE_DELIMITERS));
  return checkKey(`${operation}:${parts.join("|")}`);
}

function fieldsOf(argument: unknown, source: string | readonly string[]): readonly unknown[] {
  if (typeof argument !== "object" || argument === null) {
    throw invalid("the first argument", "an object, for its fields make the key", argument);
  }
  const fields = typeof source === "string" ? [source] : source;
  return fields.map((field) => (argument as Readonly<Record<string, unknown>>)[field]);
}

function at(source: KeySource, index: number): string {
  if (typeof source === "function") return "the answer of key";
  return `field ${typeof source === "string" ? source : source[index]} of the first argument`;
}

function keyValue(value: unknown, name: string): string {
  if (value === "" || !isKeyValue(value))
    throw invalid(name, "a non-empty string, a number or a boolean to make a key", value);
  return String(value);
}

function isKeyValue(value: unknown): value is KeyValue {
  return typeof value === "number"
    ? Number.isFinite(value)
    : ["string", "bigint", "boolean"].includes(typeof value);
}

function checkKey(key: unknown): string {
  watched(key, () => undefined);
  if (typeof key === "string" && key !== "" && key.length <= LONGEST_KEY) return key;
  throw invalid("an idempotency key", `a string of 1 to ${LONGEST_KEY} characters`, key);
}

/** Delimiters inside a part are escaped, so that different parts never make the same key. */
function escaped(part: string, delimiters: RegExp): string {
  return part.replace(delimiters, "\\$&");
}
