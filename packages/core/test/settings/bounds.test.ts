import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { declarations } from "../../src/declarations.js";
import type { Field, SettingsGroup } from "../../src/settings/define.js";
import { Environment } from "../../src/settings/environment.js";
import { fieldsOf, resolveSettings } from "../../src/settings/resolve.js";
import { runs } from "../runtime.js";

const SETTINGS = declarations().settings;
const FACTOR = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
const NUMERIC = ["integer", "number", "percentage", "duration"];
const ALL = SETTINGS.flatMap((group) => fieldsOf(group).map(([key, field]) => ({ group, key, field })));
const NUMBERS = ALL.filter(({ field }) => NUMERIC.includes(field.type)).map(
  ({ group, key, field }) => [field.variable, group, key, field] as const,
);
const BOUNDED = NUMBERS.filter(([, , , { min, max }]) => min !== undefined || max !== undefined);

/** Plain decimal notation, as the variable takes it. */
const decimal = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(6));
const whole = ({ type }: Field<unknown>): boolean => type !== "number" && type !== "percentage";
const factorOf = ({ unit }: Field<unknown>): number => (unit === undefined ? 1 : FACTOR[unit]);

/** In the unit of options. */
function inside(field: Field<unknown>): fc.Arbitrary<number> {
  const min = field.min ?? -1e9;
  const max = field.max ?? Math.max(1e9, min * 2);
  return whole(field)
    ? fc.integer({ min: Math.ceil(min), max: Math.floor(max) })
    : fc.double({ min, max, noNaN: true });
}

function outside({ min, max }: Field<unknown>): fc.Arbitrary<number> {
  const above = fc.integer({ min: 1, max: 1_000_000 }).map((by) => (max ?? 0) + by);
  const below = fc.integer({ min: 1, max: 1_000_000 }).map((by) => (min ?? 0) - by);
  if (min === undefined) return above;
  return max === undefined ? below : fc.oneof(above, below);
}

function fromVariable(group: SettingsGroup, key: string, field: Field<unknown>, text: string) {
  const { fields, problems } = resolveSettings([group], new Environment({ [field.variable]: text }));
  return { problems, ...fields.find((resolved) => resolved.key === key) };
}

function fromOption(group: SettingsGroup, key: string, value: unknown) {
  const { fields, problems } = resolveSettings([group], new Environment({}), {
    [group.area]: { [key]: value },
  });
  return { problems, ...fields.find((resolved) => resolved.key === key) };
}

describe("every setting of core", () => {
  it("has a variable of its own that begins with BALDUR_, and a help text", () => {
    const variables = ALL.map(({ field }) => field.variable);
    expect(new Set(variables).size).toBe(variables.length);
    expect(variables.filter((name) => !/^BALDUR_[A-Z0-9_]+$/.test(name))).toEqual([]);
    expect(ALL.filter(({ field }) => field.help === "")).toEqual([]);
  });

  it("has an area of its own", () => {
    expect(new Set(SETTINGS.map(({ area }) => area)).size).toBe(SETTINGS.length);
  });

  it.each(ALL.map(({ field }) => [field.variable, field] as const))(
    "%s keeps its own rule by default",
    (_, field) => {
      if (field.default !== undefined) expect(field.check(field.default)).toEqual({ value: field.default });
    },
  );

  it.each(NUMBERS)("%s accepts its bounds and anything between them as an option", (_, group, key, field) => {
    for (const bound of [field.min, field.max]) {
      if (bound !== undefined)
        expect(fromOption(group, key, bound)).toMatchObject({ value: bound, problems: [] });
    }
    fc.assert(
      fc.property(inside(field), (value) => {
        expect(fromOption(group, key, value)).toMatchObject({ value, source: "option", problems: [] });
      }),
      { numRuns: runs(50) },
    );
  });

  it.each(NUMBERS)("%s accepts its bounds and anything between them in its unit", (_, group, key, field) => {
    const factor = factorOf(field);
    const at = (text: string) => fromVariable(group, key, field, text);
    for (const bound of [field.min, field.max]) {
      if (bound !== undefined)
        expect(at(String(bound / factor))).toMatchObject({ value: bound, problems: [] });
    }
    fc.assert(
      fc.property(inside(field), (value) => {
        const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = field;
        const text = decimal(value / factor);
        fc.pre(Number(text) * factor >= min && Number(text) * factor <= max);
        const resolved = at(text);
        expect(resolved).toMatchObject({ source: "environment", problems: [] });
        expect(resolved.value).toBeCloseTo(Number(text) * factor, 3);
      }),
      { numRuns: runs(50) },
    );
  });

  it.each(BOUNDED)(
    "%s refuses anything outside, names itself and falls back",
    (variable, group, key, field) => {
      fc.assert(
        fc.property(outside(field), (value) => {
          const text = decimal(value / factorOf(field));
          const parsed = Number(text) * factorOf(field);
          fc.pre(parsed < (field.min ?? parsed) || parsed > (field.max ?? parsed));
          const resolved = fromVariable(group, key, field, text);
          expect(resolved).toMatchObject({ value: field.default, source: "default" });
          expect(resolved.problems).toEqual([expect.stringContaining(`${variable} must be `)]);
          expect(fromOption(group, key, value)).toMatchObject({
            value: field.default,
            problems: [expect.stringContaining(`${group.area}.${key} must be `)],
          });
        }),
        { numRuns: runs(50) },
      );
    },
  );

  it.each(NUMBERS)("%s refuses what is no plain number", (variable, group, key, field) => {
    for (const text of ["x", "1s", "1e3", "0x10", "1 2", "--1", "1.", "NaN", "Infinity"]) {
      const resolved = fromVariable(group, key, field, text);
      expect(resolved).toMatchObject({ value: field.default, source: "default" });
      expect(resolved.problems).toEqual([expect.stringContaining(`${variable} must be `)]);
    }
  });
});
