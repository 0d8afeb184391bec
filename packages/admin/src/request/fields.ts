import type { AdminField, AdminFields } from "@baldur/core/plugin";
import { badRequest, invalidField } from "../response/problem.js";

/** Throws a problem that names the first field of a body that its route does not know, or that breaks its rule. */
export function checkBody(body: unknown, fields: AdminFields): void {
  const given = body ?? {};
  if (!isObject(given)) throw badRequest("the body must be a JSON object");
  checkKnown("field", Object.keys(given), fields);
  for (const [name, field] of Object.entries(fields)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined && field.required) throw badRequest(`${name} is needed`, name);
    if (value !== undefined && !fits(value, field)) throw invalidField(name, ruleOf(field), value);
  }
}

/** The same for the parameters of a query, each of which may be given once. */
export function checkQuery(query: URLSearchParams, fields: AdminFields): void {
  checkKnown("parameter", [...query.keys()], fields);
  for (const [name, field] of Object.entries(fields)) {
    const [value, ...more] = query.getAll(name);
    if (more.length > 0) throw badRequest(`${name} is given more than once`, name);
    if (value === undefined && field.required) throw badRequest(`${name} is needed`, name);
    if (value !== undefined && !fits(read(value, field), field))
      throw invalidField(name, ruleOf(field), value);
  }
}

function checkKnown(what: string, names: readonly string[], fields: AdminFields): void {
  const unknown = names.find((name) => !Object.hasOwn(fields, name));
  if (unknown === undefined) return;
  const known = Object.keys(fields);
  const hint = known.length === 0 ? "there are none" : `known are ${known.join(", ")}`;
  throw badRequest(
    `${shown(unknown)} is not a ${what} of this route; ${hint}`,
    unknown.slice(0, LONGEST_SHOWN),
  );
}

/** A parameter is text, whatever it stands for. */
function read(value: string, field: AdminField): unknown {
  if (!("type" in field)) return value;
  if (field.type === "integer") return /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (field.type === "boolean") return value === "true" ? true : value === "false" ? false : value;
  return value;
}

function fits(value: unknown, field: AdminField): boolean {
  if (!("type" in field)) return field.anyOf.some((each) => fits(value, each));
  switch (field.type) {
    case "string":
      return (
        typeof value === "string" &&
        isWithin(value.length, field.minLength, field.maxLength) &&
        (!field.minLength || value.trim() !== "") &&
        isWord(value, field.enum)
      );
    case "integer":
      return Number.isInteger(value) && isWithin(Number(value), field.minimum, field.maximum);
    case "boolean":
      return typeof value === "boolean" && (field.const === undefined || value === field.const);
    case "array":
      return (
        Array.isArray(value) &&
        isWithin(value.length, undefined, field.maxItems) &&
        value.every((item) => fits(item, field.items))
      );
    case "object":
      return isObject(value);
  }
}

function isWithin(size: number, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): boolean {
  return size >= least && size <= most;
}

function isWord(value: string, words: readonly string[] | undefined): boolean {
  return words === undefined || words.includes(value);
}

/** The rule of a field, for people. */
function ruleOf(field: AdminField): string {
  if (!("type" in field)) return field.anyOf.map(ruleOf).join(", or ");
  switch (field.type) {
    case "string":
      return field.enum
        ? `one of ${field.enum.join(", ")}`
        : `a string${range(field.minLength, field.maxLength, " characters")}${field.minLength ? ", not blank" : ""}`;
    case "integer":
      return `an integer${range(field.minimum, field.maximum)}`;
    case "boolean":
      return field.const === undefined ? "true or false" : String(field.const);
    case "array":
      return `an array${range(undefined, field.maxItems, " items")}, each ${ruleOf(field.items)}`;
    case "object":
      return "an object";
  }
}

function range(least: number | undefined, most: number | undefined, unit = ""): string {
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}${unit}`;
  if (least !== undefined) return ` of at least ${least}${unit}`;
  return most === undefined ? "" : ` of at most ${most}${unit}`;
}

const LONGEST_SHOWN = 80;

function shown(name: string): string {
  return JSON.stringify(name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}…` : name);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
