import type { AnyFunction } from "../call.js";
import { type AsyncDecorator, decorator } from "../decorate.js";
import { ConfigurationError, invalid } from "../errors.js";
import type { IdempotencyOptions } from "../pipeline/options.js";
import type { IdempotencyGate } from "./gate.js";
import { type KeySource, operationKey } from "./key.js";

/** Options of `idempotent`. Durations in milliseconds. @public */
export interface IdempotentOptions<A extends unknown[]> extends IdempotencyOptions {
  /**
   * Whose keys these are: functions with the same operation share them. Without `:` and `|`. Default: class and method,
   * known only to `experimentalDecorators` and lost when either is renamed; required everywhere else.
   */
  operation?: string;
  /** Names the fields of the first argument that make the key, or makes it from the arguments. */
  key: KeySource<A>;
}

/**
 * `idempotent({ operation, key })(fn)`: runs the function once per key. A duplicate is refused with
 * `IdempotencyDuplicateError`, or answered with the first result (`replayResult`). Throws `ConfigurationError` for
 * options that break their rules.
 * @public
 */
// biome-ignore lint/suspicious/noExplicitAny: a key function takes the arguments of whatever function is wrapped
export type Idempotent = <A extends unknown[] = any[]>(options: IdempotentOptions<A>) => AsyncDecorator;

/** Makes `idempotent` for a runtime that is looked up at every call. */
export function idempotentGate(gate: () => IdempotencyGate): Idempotent {
  return (options) => {
    validate(options);
    const { operation: given, key: source, ...idempotency } = options;
    const wrap = (fn: AnyFunction, derivedName: string | undefined): AnyFunction => {
      const operation = given ?? derive(derivedName);
      return async function idempotent(this: unknown, ...args: unknown[]): Promise<unknown> {
        const current = gate();
        if (!current.enabled) return fn.apply(this, args);
        const key = operationKey(operation, source as KeySource, args);
        return current.run({ key, domain: operation, options: idempotency }, () => fn.apply(this, args));
      };
    };
    return decorator(wrap, "idempotent") as AsyncDecorator;
  };
}

const CLASS_AND_METHOD = /^[^.]+\.[^.]/;
const OPERATION = /^[^:|]{1,128}$/;
const OPERATION_RULE = "a string of 1 to 128 characters without : and |";

function derive(name: string | undefined): string {
  if (name === undefined || !CLASS_AND_METHOD.test(name)) {
    throw new ConfigurationError(
      "idempotent.operation is required: it cannot be derived from a class and its method here",
    );
  }
  if (!OPERATION.test(name)) throw invalid("idempotent.operation", OPERATION_RULE, name);
  return name;
}

type Rule = readonly [rule: string, keeps: (value: unknown) => boolean];

const A_TIME: Rule = [
  "a positive number of milliseconds",
  (value) => typeof value === "number" && value > 0 && value < Infinity,
];
const A_BOOLEAN: Rule = ["a boolean", (value) => typeof value === "boolean"];
const RULES: Readonly<Record<keyof IdempotentOptions<unknown[]>, Rule>> = {
  operation: [OPERATION_RULE, (value) => typeof value === "string" && OPERATION.test(value)],
  key: ["a field, a list of fields or a function", (value) => typeof value === "function" || isFields(value)],
  ttl: A_TIME,
  executionTtl: A_TIME,
  failOpen: A_BOOLEAN,
  replayResult: A_BOOLEAN,
};

function validate(options: object): void {
  for (const [option, value] of Object.entries({ key: undefined, ...options })) {
    if (!Object.hasOwn(RULES, option)) throw unknown(option);
    const [rule, keeps] = RULES[option as keyof typeof RULES];
    if ((value !== undefined || option === "key") && !keeps(value))
      throw invalid(`idempotent.${option}`, rule, value);
  }
}

function unknown(option: string): ConfigurationError {
  return new ConfigurationError(
    `idempotent.${option} is not an option; known are ${Object.keys(RULES).join(", ")}`,
  );
}

function isFields(value: unknown): boolean {
  const fields = Array.isArray(value) ? value : [value];
  return fields.length > 0 && fields.every((field) => typeof field === "string" && field !== "");
}
