import { describe, expect, it } from "@jest/globals";
import { SettingsCatalog } from "../../src/settings/catalog.js";
import {
  boolean,
  defineSettings,
  integer,
  type SettingsGroup,
  secret,
  text,
} from "../../src/settings/define.js";
import { Environment } from "../../src/settings/environment.js";
import { resolveSettings, unknownVariables } from "../../src/settings/resolve.js";

interface Sample {
  maxItems: number;
  eager: boolean;
  label: string | undefined;
  password: string | undefined;
}

const sample: SettingsGroup<Sample> = defineSettings<Sample>("sample", {
  prefix: "BALDUR_SAMPLE_",
  help: "for tests",
  fields: {
    maxItems: integer({ env: "MAX_ITEMS", default: 5, min: 1, max: 10, help: "how many" }),
    eager: boolean({ env: "EAGER", default: false, help: "whether early" }),
    label: text<string | undefined>({ env: "LABEL", help: "a word" }),
    password: secret({ env: "PASSWORD", help: "never shown" }),
  },
});
const other: SettingsGroup<{ on: boolean }> = defineSettings<{ on: boolean }>("other", {
  prefix: "BALDUR_OTHER_",
  help: "for tests too",
  fields: { on: boolean({ env: "ON", default: true, help: "whether on" }) },
});
const env = (values: Record<string, string | undefined> = {}) => new Environment(values);
const values = ({ fields }: ReturnType<typeof resolveSettings>) =>
  Object.fromEntries(fields.map(({ key, value, source }) => [key, [value, source]]));

describe("the value of a setting", () => {
  it("is the option's before the environment's before the default", () => {
    const environment = env({ BALDUR_SAMPLE_MAX_ITEMS: "6", BALDUR_SAMPLE_EAGER: "yes" });
    const resolution = resolveSettings([sample], environment, { sample: { maxItems: 7 } });
    expect(values(resolution)).toMatchObject({
      maxItems: [7, "option"],
      eager: [true, "environment"],
      label: [undefined, "default"],
    });
  });

  it("is the environment's where the option is undefined, and the option's where it is false", () => {
    const environment = env({ BALDUR_SAMPLE_MAX_ITEMS: "6", BALDUR_SAMPLE_EAGER: "yes" });
    const resolution = resolveSettings([sample], environment, {
      sample: { maxItems: undefined, eager: false },
    });
    expect(values(resolution)).toMatchObject({ maxItems: [6, "environment"], eager: [false, "option"] });
  });

  it("is the default where the option breaks its rule, whatever the environment says", () => {
    const environment = env({ BALDUR_SAMPLE_MAX_ITEMS: "6" });
    const resolution = resolveSettings([sample], environment, { sample: { maxItems: 99 } });
    expect(values(resolution)).toMatchObject({ maxItems: [5, "default"] });
    expect(resolution.problems).toEqual(["sample.maxItems must be an integer from 1 to 10; received 99"]);
  });
});

describe("problems with settings", () => {
  it("are all reported together, in one sentence each", () => {
    const environment = env({ BALDUR_SAMPLE_EAGER: "perhaps", BALDUR_OTHER_ON: "2" });
    const { problems } = resolveSettings([sample, other], environment, {
      sample: { maxItems: 0, label: "", maxItem: 1 },
    });
    expect(problems).toEqual([
      "settings.sample.maxItem is not a setting; did you mean maxItems?",
      "sample.maxItems must be an integer from 1 to 10; received 0",
      'BALDUR_SAMPLE_EAGER must be true or false; received "perhaps"',
      'sample.label must be a non-empty string; received ""',
      'BALDUR_OTHER_ON must be true or false; received "2"',
    ]);
  });

  it("name an unknown key, and no other where none is near", () => {
    const { problems } = resolveSettings([sample], env(), { sample: { quux: 1, constructor: 1 } });
    expect(problems).toEqual([
      "settings.sample.quux is not a setting",
      "settings.sample.constructor is not a setting",
    ]);
  });

  it.each([[null], [5], ["text"]])("name an area that is %j instead of an object", (area) => {
    const { problems, fields } = resolveSettings([sample], env(), { sample: area as never });
    expect(problems).toEqual([expect.stringMatching(/^settings\.sample must be an object; received /)]);
    expect(fields[0]?.value).toBe(5);
  });

  it("are none where an area is undefined: it counts as not given", () => {
    expect(resolveSettings([sample], env(), { sample: undefined }).problems).toEqual([]);
  });

  it("never show a secret, and cut long values short", () => {
    const { problems } = resolveSettings([sample], env({ BALDUR_SAMPLE_EAGER: "x".repeat(500) }), {
      sample: { password: ["hunter2"] },
    });
    expect(problems[1]).toBe("sample.password must be a non-empty string; received a secret");
    expect(problems[0]).toHaveLength("BALDUR_SAMPLE_EAGER must be true or false; received ".length + 80 + 20);
    expect(problems.join()).not.toContain("hunter2");
  });
});

describe("variables that nobody reads", () => {
  it("are named with the known one that was most likely meant", () => {
    const environment = env({
      BALDUR_SAMPLE_MAX_ITEM: "5",
      BALDUR_SAMPLE_EAGRE: "1",
      BALDUR_OTHER_ON: "1",
      BALDUR_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ: "1",
      BALDUR_EMPTY: " ",
      PATH: "/bin",
    });
    expect(unknownVariables([sample, other], environment)).toEqual([
      { name: "BALDUR_SAMPLE_MAX_ITEM", nearest: "BALDUR_SAMPLE_MAX_ITEMS" },
      { name: "BALDUR_SAMPLE_EAGRE", nearest: "BALDUR_SAMPLE_EAGER" },
      { name: "BALDUR_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ" },
    ]);
  });
});

describe("the catalog of settings", () => {
  it("answers the values of a group, and refuses one that was not added", () => {
    const catalog = new SettingsCatalog(env(), { sample: { maxItems: 7 } });
    expect(catalog.add([sample])).toEqual([]);
    expect(catalog.of(sample)).toEqual({ maxItems: 7, eager: false, label: undefined, password: undefined });
    expect(Object.isFrozen(catalog.of(sample))).toBe(true);
    expect(() => catalog.of(other)).toThrow("settings other were not registered");
  });

  it("reports the problems of a group when that is added, and once", () => {
    const catalog = new SettingsCatalog(env(), { sample: { maxItems: 0 }, other: { on: 1 } });
    expect(catalog.add([sample])).toEqual([expect.stringContaining("sample.maxItems")]);
    expect(catalog.add([other])).toEqual([expect.stringContaining("other.on")]);
  });

  it("names areas that no group has, with the nearest, until a group brings them", () => {
    const catalog = new SettingsCatalog(env(), { sampel: {}, other: {}, wholly_different: {} });
    catalog.add([sample]);
    expect(catalog.unknownAreas(["wholly_different"])).toEqual([
      { area: "sampel", nearest: "sample" },
      { area: "other" },
    ]);
    catalog.add([other]);
    expect(catalog.unknownAreas([]).map(({ area }) => area)).toEqual(["sampel", "wholly_different"]);
  });

  it("describes every setting in force, where it came from, and masks secrets that are set", () => {
    const catalog = new SettingsCatalog(env({ BALDUR_SAMPLE_PASSWORD: "hunter2" }), {
      sample: { maxItems: 7 },
    });
    catalog.add([sample, other]);
    const rows = catalog.describe();
    expect(rows.map(({ key }) => key)).toEqual(["maxItems", "eager", "label", "password", "on"]);
    expect(rows[0]).toEqual({
      area: "sample",
      key: "maxItems",
      variable: "BALDUR_SAMPLE_MAX_ITEMS",
      type: "integer",
      min: 1,
      max: 10,
      default: 5,
      value: 7,
      source: "option",
      help: "how many",
    });
    expect(rows[3]).toMatchObject({ value: "***", source: "environment" });
    expect(JSON.stringify(rows)).not.toContain("hunter2");
  });

  it("shows a secret that is unset as unset", () => {
    const catalog = new SettingsCatalog(env());
    catalog.add([sample]);
    expect(catalog.describe()[3]).toMatchObject({ value: undefined, source: "default" });
  });
});
