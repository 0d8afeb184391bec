import { describe, expect, it } from "@jest/globals";
import { ConfigurationError } from "../../src/errors.js";
import {
  boolean,
  choice,
  defineSettings,
  duration,
  type Field,
  integer,
  list,
  map,
  number,
  percentage,
  secret,
  text,
} from "../../src/settings/define.js";
import { Environment } from "../../src/settings/environment.js";
import { resolveSettings } from "../../src/settings/resolve.js";

type Make = (prefix: string) => Field<unknown>;

const limited = map<{ limit: number }>({
  env: "IT",
  default: {},
  help: "it",
  validate: ({ limit }, at) => {
    if (!(limit > 0)) throw new ConfigurationError(`${at}.limit must be positive`);
  },
});

const KINDS = {
  integer: integer({ env: "IT", default: 5, min: 1, max: 10, help: "it" }),
  number: number({ env: "IT", default: 0.5, min: 0, max: 1, help: "it" }),
  percentage: percentage({ env: "IT", default: 50, help: "it" }),
  boolean: boolean({ env: "IT", default: false, help: "it" }),
  duration: duration({ env: "IT", default: 2000, unit: "s", min: 1000, max: 60_000, help: "it" }),
  text: text<string | undefined>({ env: "IT", help: "it" }),
  secret: secret({ env: "IT", help: "it" }),
  choice: choice({ env: "IT", values: ["active", "Shadow"], default: "active", help: "it" }),
  list: list({ env: "IT", help: "it" }),
  map: limited,
} as unknown as Record<string, Make>;
type Kind = keyof typeof KINDS;

function resolve(kind: Kind, given: { variable?: string; option?: unknown }) {
  const group = defineSettings<{ it: unknown }>("sample", {
    prefix: "BALDUR_SAMPLE_",
    help: "for tests",
    fields: { it: KINDS[kind] as Make },
  });
  const environment = new Environment(
    given.variable === undefined ? {} : { BALDUR_SAMPLE_IT: given.variable },
  );
  const overrides = "option" in given ? { sample: { it: given.option } } : {};
  const { fields, problems } = resolveSettings([group], environment, overrides);
  return { value: fields[0]?.value, source: fields[0]?.source, problems };
}

describe("a setting", () => {
  it.each<[Kind, unknown]>([
    ["integer", 5],
    ["number", 0.5],
    ["percentage", 50],
    ["boolean", false],
    ["duration", 2000],
    ["text", undefined],
    ["secret", undefined],
    ["choice", "active"],
    ["list", undefined],
    ["map", {}],
  ])("of kind %s has its default when it is unset, empty or only spaces", (kind, value) => {
    for (const given of [{}, { variable: "" }, { variable: " \t " }, { option: undefined }]) {
      expect(resolve(kind, given)).toEqual({ value, source: "default", problems: [] });
    }
  });

  it.each<[Kind, string, unknown]>([
    ["integer", "1", 1],
    ["integer", "10", 10],
    ["integer", " 7 ", 7],
    ["integer", "+7", 7],
    ["number", "0", 0],
    ["number", "1", 1],
    ["number", "0.25", 0.25],
    ["percentage", "0", 0],
    ["percentage", "100", 100],
    ["percentage", "12.5", 12.5],
    ["boolean", "TRUE", true],
    ["boolean", "1", true],
    ["boolean", "Yes", true],
    ["boolean", "on", true],
    ["boolean", "0", false],
    ["boolean", "False", false],
    ["boolean", "no", false],
    ["boolean", "OFF", false],
    ["duration", "1", 1000],
    ["duration", "60", 60_000],
    ["duration", "1.5", 1500],
    ["text", " some words ", "some words"],
    ["choice", "ACTIVE", "active"],
    ["choice", "shadow", "Shadow"],
    ["list", "a, b ,,c", ["a", "b", "c"]],
    ["list", '["a, b", "c"]', ["a, b", "c"]],
    ["list", "none", ["none"]],
    ["map", '{"a": {"limit": 1}}', { a: { limit: 1 } }],
  ])("of kind %s reads the variable %j as %j", (kind, variable, value) => {
    expect(resolve(kind, { variable })).toEqual({ value, source: "environment", problems: [] });
  });

  it.each<[Kind, string]>([
    ["integer", "0"],
    ["integer", "11"],
    ["integer", "1.5"],
    ["integer", "0x5"],
    ["integer", "1e0"],
    ["integer", "5s"],
    ["integer", "NaN"],
    ["integer", "five"],
    ["number", "-0.01"],
    ["number", "1.01"],
    ["number", ".5"],
    ["number", "0,5"],
    ["number", "Infinity"],
    ["percentage", "-1"],
    ["percentage", "100.1"],
    ["percentage", "50%"],
    ["boolean", "maybe"],
    ["boolean", "2"],
    ["duration", "0.999"],
    ["duration", "60.001"],
    ["duration", "2s"],
    ["duration", "2 s"],
    ["choice", "passive"],
    ["list", "[1, 2]"],
    ["list", "[broken"],
    ["map", "not json"],
    ["map", "[]"],
    ["map", "null"],
    ["map", '{"a": 1}'],
    ["map", '{"a": {"limit": 0}}'],
  ])("of kind %s refuses the variable %j, says its rule and keeps the default", (kind, variable) => {
    const { value, source, problems } = resolve(kind, { variable });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^BALDUR_SAMPLE_IT must be .+; received /);
    expect({ value, source }).toEqual({ value: resolve(kind, {}).value, source: "default" });
  });

  it.each<[Kind, unknown]>([
    ["integer", "5"],
    ["integer", 0],
    ["integer", 11],
    ["integer", 1.5],
    ["integer", null],
    ["number", Number.NaN],
    ["number", Number.POSITIVE_INFINITY],
    ["number", 1.0000001],
    ["boolean", "true"],
    ["boolean", 1],
    ["duration", 999],
    ["duration", 60_001],
    ["duration", "2000"],
    ["text", ""],
    ["text", 5],
    ["choice", "ACTIVE"],
    ["list", "a,b"],
    ["list", ["a", 1]],
    ["map", [["a", { limit: 1 }]]],
    ["map", { a: { limit: -1 } }],
  ])("of kind %s refuses the option %j and converts nothing", (kind, option) => {
    const { value, problems } = resolve(kind, { option });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^sample\.it must be /);
    expect(value).toEqual(resolve(kind, {}).value);
  });

  it("of kind duration is in milliseconds as an option and in its unit as a variable, also where it is refused", () => {
    expect(resolve("duration", { option: 1500 }).value).toBe(1500);
    expect(resolve("duration", { option: 1 }).problems[0]).toContain(
      "a number of milliseconds from 1000 to 60000",
    );
    expect(resolve("duration", { variable: "1500" }).problems[0]).toContain(
      "a number of s from 1 to 60, without a suffix",
    );
  });

  it("of kind map tells which entry broke which rule", () => {
    expect(resolve("map", { option: { a: { limit: 1 }, b: { limit: 0 } } }).problems[0]).toContain(
      "b.limit must be positive",
    );
  });
});
