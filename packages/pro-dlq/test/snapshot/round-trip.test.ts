import { isDeepStrictEqual } from "node:util";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { presentable, revive } from "../../src/snapshot/revive.js";
import { again, faithful, stored, take } from "./fixture.js";

describe("a value that is snapshotted and revived", () => {
  it.each<[string, unknown]>([
    ["null", null],
    ["undefined", undefined],
    ["text with quotes, controls and half a pair", '"\\\u0000\n\u2028é😀\ud800 \udc00'],
    ["an empty object and an empty array", [{}, []]],
    ["a BigInt", [1n, -(2n ** 200n)]],
    ["numbers that JSON lacks", [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0]],
    ["undefined in an array and in a property", { list: [1, undefined, 3], none: undefined }],
    ["holes", Object.assign([1], { 2: 3, length: 4 })],
    ["dates", [new Date(0), new Date(8.64e15)]],
    [
      "a map with keys of any kind",
      new Map<unknown, unknown>([
        ["a", 1],
        [{ b: 1n }, new Set([2])],
        [null, undefined],
      ]),
    ],
    ["an empty map and an empty set", [new Map(), new Set()]],
    [
      "bytes",
      [Buffer.from("héllo"), new Uint8Array([1, 2]), new Uint8Array(), new Float64Array([Number.NaN, -0])],
    ],
    ["a view in the middle of a buffer", new Uint8Array([1, 2, 3, 4]).subarray(1, 3)],
    ["a buffer of its own and a view of it", [new Uint8Array([7]).buffer, new DataView(new ArrayBuffer(2))]],
    ["a regular expression", /a\/"b/giu],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 })],
    [
      "an own __proto__ and an own constructor",
      JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":2}}'),
    ],
    ["what looks like a tag", { $baldur: "bigint", v: "1" }],
    ["what looks like a tag within a tag", { $baldur: "object", v: { $baldur: "undefined" } }],
    [
      "a tag in an object without a prototype",
      Object.assign(Object.create(null), { $baldur: "sealed", v: "x" }),
    ],
  ])("is the same: %s", (_, value) => {
    const { altered, masked, truncated } = take(value);
    expect({ altered, masked, truncated }).toEqual({ altered: [], masked: [], truncated: false });
    expect(isDeepStrictEqual(again(value), value)).toBe(true);
  });

  it("keeps where a regular expression was, and each part of a URL", () => {
    const sticky = /a/y;
    sticky.lastIndex = 3;
    expect((again(sticky) as RegExp).lastIndex).toBe(3);
    expect((again(new URL("https://a.example/b?c=d#e")) as URL).href).toBe("https://a.example/b?c=d#e");
  });

  it("keeps an invalid date invalid", () => {
    expect(Number(again(new Date(Number.NaN)))).toBeNaN();
    expect(again(new Date(Number.NaN))).toBeInstanceOf(Date);
    expect(take(new Date(Number.NaN)).altered).toEqual([]);
  });

  it("leaves a hole a hole", () => {
    const holes = Object.assign([1], { 2: undefined, length: 4 });
    expect(Object.keys(again(holes) as object)).toEqual(["0", "2"]);
    expect(again(holes)).toHaveLength(4);
    expect(again(new Array(3))).toHaveLength(3);
  });

  it("does not let __proto__ become the prototype", () => {
    const value = again(JSON.parse('{"__proto__":{"admin":true}}')) as { admin?: boolean };
    expect(value.admin).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(presentable(stored(JSON.parse('{"__proto__":1}'))) as object)).toEqual(["__proto__"]);
  });

  it("takes plain objects and built-ins of another realm as what they are", () => {
    const value = runInNewContext("({ a: [1, new Date(0), new Map([[1, 2]])], b: { c: /x/ } })");
    expect(take(value).altered).toEqual([]);
    expect(again(value)).toEqual({ a: [1, new Date(0), new Map([[1, 2]])], b: { c: /x/ } });
  });

  it("repeats what is only repeated", () => {
    const shared = { a: 1 };
    expect(take([shared, shared]).altered).toEqual([]);
    expect(again({ one: shared, two: [shared] })).toEqual({ one: { a: 1 }, two: [{ a: 1 }] });
  });

  it("is the same for any value that JSON can hold, with anything that a tag can say in it", () => {
    fc.assert(
      fc.property(faithful, (value) => {
        const { json, altered, masked, truncated } = take(value, { isSensitive: () => false });
        expect({ altered, masked, truncated }).toEqual({ altered: [], masked: [], truncated: false });
        return isDeepStrictEqual(revive(JSON.parse(json)), value);
      }),
      { numRuns: 1000 },
    );
  });

  it("is plain JSON where the value is", () => {
    const plain = { a: [1, "é", true, null, { b: "\u2028" }], "c d": -1.5e300 };
    expect(take(plain).json).toBe(JSON.stringify(plain));
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { json } = take(value, { isSensitive: () => false });
        fc.pre(!json.includes("$baldur")); // -0
        expect(json).toBe(JSON.stringify(value));
      }),
    );
  });
});

describe("what was not written by a snapshot", () => {
  it.each<[string, unknown]>([
    ["an unknown tag", { $baldur: "class", v: "Order" }],
    ["a tag that is no text", { $baldur: 1, v: "Order" }],
    ["a tag without its value", { $baldur: "bigint" }],
    ["a number that is none", { $baldur: "bigint", v: "1e3" }],
    ["a map that is none", { $baldur: "map", v: { a: 1 } }],
    ["an entry that is none", { $baldur: "map", v: [1] }],
    ["an object that is none", { $baldur: "dict", v: 1 }],
    ["a URL that is none", { $baldur: "url", v: "nowhere" }],
    ["bytes that no view has", { $baldur: "Float64Array", v: "AAA=" }],
    ["a name of every object", { $baldur: "constructor", v: "" }],
  ])("is refused: %s", (_, json) => {
    expect(() => revive(json)).toThrow();
  });

  it("is shown, however deep it is", () => {
    const deep = JSON.parse(`${"[".repeat(50_000)}${"]".repeat(50_000)}`);
    expect(JSON.stringify(presentable(deep))).toContain("[too deep]");
    expect(presentable({ $baldur: "object", v: 1 })).toEqual({ $baldur: "object", v: 1 });
  });
});
