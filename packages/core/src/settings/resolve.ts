import { show } from "../errors.js";
import type { Field, SettingsGroup } from "./define.js";
import type { Environment } from "./environment.js";
import { nearest } from "./nearest.js";

/** Options by area and key. @public */
export type SettingsOverrides = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

/** @public */
export type SettingSource = "option" | "environment" | "default";

interface ResolvedField {
  readonly group: SettingsGroup;
  readonly key: string;
  readonly field: Field<unknown>;
  readonly value: unknown;
  readonly source: SettingSource;
}

export interface Resolution {
  readonly fields: readonly ResolvedField[];
  /** Everything that is wrong, one sentence each. */
  readonly problems: readonly string[];
}

/**
 * The value of every setting: option over environment over default. Every problem is collected, and a value that breaks
 * its rule gives way to the default.
 */
export function resolveSettings(
  groups: readonly SettingsGroup[],
  environment: Environment,
  overrides: SettingsOverrides = {},
): Resolution {
  const problems = unknownKeys(groups, overrides);
  const fields = groups.flatMap((group) =>
    fieldsOf(group).map(([key, field]) => resolveField(group, key, field, environment, overrides, problems)),
  );
  return { fields, problems };
}

function resolveField(
  group: SettingsGroup,
  key: string,
  field: Field<unknown>,
  environment: Environment,
  overrides: SettingsOverrides,
  problems: string[],
): ResolvedField {
  const option = overrides[group.area]?.[key];
  if (option !== undefined) {
    const checked = field.check(option);
    if ("value" in checked) return { group, key, field, value: checked.value, source: "option" };
    problems.push(problem(`${group.area}.${key}`, checked.rule, option, field));
  }
  const text = option === undefined ? environment.get(field.variable) : undefined;
  if (text !== undefined) {
    const parsed = field.parse(text);
    if ("value" in parsed) return { group, key, field, value: parsed.value, source: "environment" };
    problems.push(problem(field.variable, parsed.rule, text, field));
  }
  return { group, key, field, value: field.default, source: "default" };
}

function problem(name: string, rule: string, value: unknown, { secret }: Field<unknown>): string {
  return `${name} must be ${rule}; received ${secret ? "a secret" : show(value)}`;
}

function unknownKeys(groups: readonly SettingsGroup[], overrides: SettingsOverrides): string[] {
  const areas = new Map(groups.map((group) => [group.area, group]));
  return Object.entries(overrides).flatMap(([area, values]) => {
    const group = areas.get(area);
    if (group === undefined || values === undefined) return [];
    if (typeof values !== "object" || values === null)
      return [`settings.${area} must be an object; received ${show(values)}`];
    const keys = Object.keys(group.fields);
    return Object.keys(values)
      .filter((key) => !keys.includes(key))
      .map((key) => unknown(`settings.${area}.${key}`, key, keys));
  });
}

function unknown(at: string, word: string, known: Iterable<string>): string {
  const meant = nearest(word, known);
  return `${at} is not a setting${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

/** Variables that claim to be Baldur's and belong to no group, each with the name it most likely meant. */
export function unknownVariables(
  groups: readonly SettingsGroup[],
  environment: Environment,
): { readonly name: string; readonly nearest?: string }[] {
  const known = new Set(groups.flatMap((group) => fieldsOf(group).map(([, field]) => field.variable)));
  return environment
    .names()
    .filter((name) => !known.has(name))
    .map((name) => {
      const meant = nearest(name, known);
      return meant === undefined ? { name } : { name, nearest: meant };
    });
}

export function fieldsOf(group: SettingsGroup): [key: string, field: Field<unknown>][] {
  return Object.entries(group.fields as Record<string, Field<unknown>>);
}
