import { ConfigurationError } from "@baldur/core";

/** What an option must be, and whether a value is; with `needed` it may not be absent. */
export type Rule = readonly [rule: string, keeps: (value: unknown) => boolean, needed?: "needed"];
export type Rules = Readonly<Record<string, Rule>>;

const LONGEST_SHOWN = 100;

/** Throws `ConfigurationError` that names the option, its rule and what was given. */
export function checked(
  option: string,
  rule: string,
  value: unknown,
  keeps: (value: unknown) => boolean,
): void {
  if (!keeps(value)) throw new ConfigurationError(`${option} must be ${rule}; received ${shown(value)}`);
}

/** Options by their rules: throws for what is no object, for an option that there is not, and for one that breaks its rule. */
export function checkAll(what: string, given: unknown, rules: Rules, at = ""): void {
  checked(what, "an object", given, isObject);
  const options = given as Readonly<Record<string, unknown>>;
  const known = `an option (${Object.keys(rules).join(", ")})`;
  for (const option of Object.keys(options))
    checked(`${at}${option}`, known, option, () => Object.hasOwn(rules, option));
  for (const [option, [rule, keeps, needed]] of Object.entries(rules)) {
    const value = options[option];
    if (value !== undefined || needed) checked(`${at}${option}`, rule, value, keeps);
  }
}

export function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isText(value: unknown): boolean {
  return typeof value === "string";
}

export function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

/** From 1 on. */
export function isCount(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1;
}

export function isDuration(value: unknown): boolean {
  return Number.isFinite(value) && Number(value) >= 0;
}

/** A string of so many characters at most. */
export function word(longest: number): (value: unknown) => boolean {
  return (value) => typeof value === "string" && value !== "" && value.length <= longest;
}

function shown(value: unknown): string {
  // An object may have a text of its own making, or none.
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
