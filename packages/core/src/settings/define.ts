import { ConfigurationError } from "../errors.js";
import {
  type Parsed,
  parseBoolean,
  parseChoice,
  parseInteger,
  parseJson,
  parseNumber,
  parseText,
} from "./parse.js";

/** One setting: where it comes from, what it may be, and what it is for. @public */
export interface Field<T> {
  readonly type: string;
  /** Full name of its environment variable. */
  readonly variable: string;
  readonly default: T;
  readonly help: string;
  readonly secret: boolean;
  /** Unit of the variable, where it has one; the option is always in milliseconds. */
  readonly unit?: Unit;
  readonly min?: number;
  readonly max?: number;
  /** Reads the text of the variable. */
  parse(text: string): Parsed<T>;
  /** Checks an option; nothing is converted. */
  check(value: unknown): Parsed<T>;
}

/** @public */
export type Unit = "ms" | "s" | "min" | "h" | "d";

const MILLISECONDS: Readonly<Record<Unit, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The settings of one area, declared once beside the feature that reads them. @public */
export interface SettingsGroup<V extends object = object> {
  /** Key of the area in options. */
  readonly area: string;
  readonly help: string;
  readonly fields: { readonly [K in keyof V]-?: Field<V[K]> };
}

/** @public */
export type SettingsOf<G> = G extends SettingsGroup<infer V> ? V : never;

type Named = { env: string; envName?: never } | { envName: string; env?: never };
/** What every kind of field takes. @public */
export type Common<T> = Named & { help: string; secret?: boolean } & (undefined extends T
    ? { default?: T }
    : { default: T });
/** A field before its group has named its variable. @public */
export type Unnamed<T> = (prefix: string) => Field<T>;

interface Kind<T> {
  readonly type: string;
  readonly unit?: Unit;
  readonly min?: number;
  readonly max?: number;
  parse(text: string): Parsed<unknown>;
  check(value: unknown): Parsed<T>;
}

function field<T>(options: Common<T>, kind: Kind<T>): Unnamed<T> {
  return (prefix) => ({
    ...kind,
    variable: options.envName ?? `${prefix}${options.env}`,
    default: options.default as T,
    help: options.help,
    secret: options.secret ?? false,
    parse: (text) => {
      const parsed = kind.parse(text);
      return "rule" in parsed ? parsed : kind.check(parsed.value);
    },
  });
}

/** @public */
export interface Bounds {
  min?: number;
  max?: number;
}

function numeric<T>(options: Common<T> & Bounds, whole: boolean, type: string): Unnamed<T> {
  const rule = `${whole ? "an integer" : "a number"}${range(options)}`;
  const fits = (value: unknown): boolean => isWithin(value, options) && (!whole || Number.isInteger(value));
  return field<T>(options, {
    type,
    ...bounds(options),
    parse: whole ? parseInteger(rule) : parseNumber(rule),
    check: (value) => (fits(value) ? { value: value as T } : { rule }),
  });
}

/** @public */
export function integer<T extends number | undefined = number>(options: Common<T> & Bounds): Unnamed<T> {
  return numeric(options, true, "integer");
}

/** @public */
export function number<T extends number | undefined = number>(options: Common<T> & Bounds): Unnamed<T> {
  return numeric(options, false, "number");
}

/** A number from 0 to 100. @public */
export function percentage<T extends number | undefined = number>(options: Common<T>): Unnamed<T> {
  return numeric({ ...options, min: 0, max: 100 }, false, "percentage");
}

/** @public */
export function boolean(options: Common<boolean>): Unnamed<boolean> {
  const rule = "true or false";
  return field(options, {
    type: "boolean",
    parse: parseBoolean(rule),
    check: (value) => (typeof value === "boolean" ? { value } : { rule }),
  });
}

/** A time: milliseconds as an option, `unit` as a variable. Bounds and default in milliseconds. @public */
export function duration<T extends number | undefined = number>(
  options: Common<T> & Bounds & { unit: Unit },
): Unnamed<T> {
  const { unit } = options;
  const factor = MILLISECONDS[unit];
  const inUnit = range({ ...scaled("min", options.min, factor), ...scaled("max", options.max, factor) });
  const variableRule = `a number of ${unit}${inUnit}, without a suffix`;
  const optionRule = `a number of milliseconds${range(options)}`;
  const read = parseNumber(variableRule);
  return (prefix) => ({
    ...field<T>(options, {
      type: "duration",
      unit,
      ...bounds(options),
      parse: read,
      check: (value) => (isWithin(value, options) ? { value: value as T } : { rule: optionRule }),
    })(prefix),
    parse: (text) => {
      const parsed = read(text);
      if ("rule" in parsed) return parsed;
      const value = Math.round(parsed.value * factor * 1000) / 1000; // 1.005 s are 1005 ms
      return isWithin(value, options) ? { value: value as T } : { rule: variableRule };
    },
  });
}

/** @public */
export function text<T extends string | undefined = string>(options: Common<T>): Unnamed<T> {
  const rule = "a non-empty string";
  return field<T>(options, {
    type: "text",
    parse: parseText,
    check: (value) => (typeof value === "string" && value !== "" ? { value: value as T } : { rule }),
  });
}

/** Text that is never shown. @public */
export function secret(options: Common<string | undefined>): Unnamed<string | undefined> {
  return text<string | undefined>({ ...options, secret: true });
}

/** One of some words; a variable may write it in any case. @public */
export function choice<T extends string>(options: Common<T> & { values: readonly T[] }): Unnamed<T> {
  const rule = `one of ${options.values.join(", ")}`;
  return field<T>(options, {
    type: options.values.join(" | "),
    parse: parseChoice(options.values, rule),
    check: (value) => (options.values.includes(value as T) ? { value: value as T } : { rule }),
  });
}

/** Words: comma-separated or a JSON list as a variable, an array as an option. @public */
export function list(options: Common<readonly string[] | undefined>): Unnamed<readonly string[] | undefined> {
  const rule = "a list of strings";
  return field<readonly string[] | undefined>(options, {
    type: "list",
    parse: (text) =>
      text.startsWith("[")
        ? parseJson(rule)(text)
        : {
            value: text
              .split(",")
              .map((word) => word.trim())
              .filter(Boolean),
          },
    check: (value) =>
      Array.isArray(value) && value.every((word) => typeof word === "string")
        ? { value: value as string[] }
        : { rule },
  });
}

/** An object by name: JSON as a variable. `validate` throws for an entry that breaks its rules. @public */
export function map<V>(
  options: Common<Record<string, V>> & { validate: (entry: V, at: string) => void },
): Unnamed<Record<string, V>> {
  const rule = "an object whose values are options objects";
  return field<Record<string, V>>(options, {
    type: "map",
    parse: parseJson(rule),
    check: (value) => checkMap(value, options.validate, rule),
  });
}

/** A value by name: JSON as a variable. `rule` says what a value must be, for people. @public */
export function dictionary<V>(
  options: Common<Record<string, V>> & { rule: string; accepts: (value: unknown) => boolean },
): Unnamed<Record<string, V>> {
  const rule = `an object whose values are ${options.rule}`;
  return field<Record<string, V>>(options, {
    type: "dictionary",
    parse: parseJson(rule),
    check: (value) =>
      isObject(value) && Object.values(value).every(options.accepts)
        ? { value: value as Record<string, V> }
        : { rule },
  });
}

function checkMap<V>(
  value: unknown,
  validate: (entry: V, at: string) => void,
  rule: string,
): Parsed<Record<string, V>> {
  if (!isObject(value)) return { rule };
  try {
    for (const [key, entry] of Object.entries(value)) {
      if (!isObject(entry)) return { rule };
      validate(entry as V, key);
    }
    return { value: value as Record<string, V> };
  } catch (error) {
    return { rule: `${rule}, each keeping its own rules (${(error as Error).message})` };
  }
}

/**
 * Declares the settings of an area. `prefix` begins every variable; a field's `envName` names one outside it.
 * @public
 */
export function defineSettings<V extends object>(
  area: string,
  options: { prefix: string; help: string; fields: { readonly [K in keyof V]-?: Unnamed<V[K]> } },
): SettingsGroup<V> {
  if (!options.prefix.startsWith("BALDUR_"))
    throw new ConfigurationError(`prefix of ${area} must begin with BALDUR_`);
  const fields = Object.entries(options.fields as Record<string, Unnamed<unknown>>).map(([key, make]) => [
    key,
    Object.freeze(make(options.prefix)),
  ]);
  return Object.freeze({ area, help: options.help, fields: Object.fromEntries(fields) });
}

function isWithin(
  value: unknown,
  { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Bounds,
): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= min && value <= max;
}

function range({ min, max }: Bounds): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? "" : ` of at most ${max}`;
}

function bounds({ min, max }: Bounds): Bounds {
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}

function scaled(key: "min" | "max", value: number | undefined, factor: number): Bounds {
  return value === undefined ? {} : { [key]: value / factor };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
