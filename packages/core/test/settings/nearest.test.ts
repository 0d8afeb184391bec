import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Environment } from "../../src/settings/environment.js";
import { editDistance, nearest } from "../../src/settings/nearest.js";

describe("the nearest word", () => {
  it.each([
    ["retires", ["retries", "timeout"], "retries"],
    ["tmeout", ["retries", "timeout"], "timeout"],
    ["maxAttempt", ["maxAttempts", "maxDelay"], "maxAttempts"],
    ["retry", ["retry"], "retry"],
    ["abc", ["xyz"], undefined],
    ["a", ["b"], undefined],
    ["", ["a"], undefined],
    ["word", [], undefined],
  ])("to %j among %j is %j", (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected);
  });

  it("is the first of those equally near", () => {
    expect(nearest("cart", ["card", "care"])).toBe("card");
  });
});

describe("the edit distance", () => {
  it.each([
    ["", "", 0],
    ["abc", "", 3],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["ab", "ba", 1],
    ["ca", "abc", 3],
  ])("of %j and %j is %d", (a, b, expected) => {
    expect(editDistance(a, b)).toBe(expected);
  });

  it("is symmetric, zero for equals only, and at most the longer length", () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });

  it("is one after any single insertion", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.nat(12), (word, at) => {
        expect(editDistance(word, `${word.slice(0, at)}#${word.slice(at)}`)).toBe(1);
      }),
    );
  });
});

describe("the environment", () => {
  it("trims values and takes what is empty for unset", () => {
    const environment = new Environment({ A: " x ", B: "", C: " \n", D: undefined });
    expect(["A", "B", "C", "D", "E"].map((name) => environment.get(name))).toEqual([
      "x",
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("is read once: later changes do not reach it", () => {
    const source = { BALDUR_A: "1" };
    const environment = new Environment(source);
    source.BALDUR_A = "2";
    expect(environment.get("BALDUR_A")).toBe("1");
  });

  it("lists the variables that claim to be Baldur's and are set", () => {
    const environment = new Environment({ BALDUR_A: "1", BALDUR_B: " ", MY_BALDUR_C: "1", baldur_d: "1" });
    expect(environment.names()).toEqual(["BALDUR_A"]);
  });
});
