import { describe, expect, it } from "@jest/globals";
import { ConfigurationError } from "../../src/errors.js";
import { boolean, defineSettings, duration } from "../../src/settings/define.js";

describe("the variable of a duration", () => {
  it.each([
    ["ms", 1],
    ["s", 1000],
    ["min", 60_000],
    ["h", 3_600_000],
    ["d", 86_400_000],
  ] as const)("converts from %s", (unit, factor) => {
    const field = duration({ env: "IT", default: 0, unit, help: "it" })("BALDUR_");
    expect(field.parse("2")).toEqual({ value: 2 * factor });
    expect(field.parse("0.5")).toEqual({ value: factor / 2 });
  });

  it.each([
    ["1.005", 1005],
    ["1.001", 1001],
    ["16.1", 16_100],
  ])("reads %s s as exactly %d ms", (variable, value) => {
    const field = duration({ env: "IT", default: 0, unit: "s", help: "it" })("BALDUR_");
    expect(field.parse(variable)).toEqual({ value });
  });
});

describe("a group of settings", () => {
  it("refuses a prefix that is not Baldur's", () => {
    const define = () => defineSettings("sample", { prefix: "OTHER_", help: "it", fields: {} });
    expect(define).toThrow(ConfigurationError);
    expect(define).toThrow("prefix of sample must begin with BALDUR_");
  });

  it("lets a field name a variable outside the prefix", () => {
    const group = defineSettings<{ it: boolean }>("sample", {
      prefix: "BALDUR_SAMPLE_",
      help: "it",
      fields: { it: boolean({ envName: "BALDUR_ELSEWHERE", default: false, help: "it" }) },
    });
    expect(group.fields.it.variable).toBe("BALDUR_ELSEWHERE");
  });
});
