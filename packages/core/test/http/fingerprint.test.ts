import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type Fingerprinted, fingerprint } from "../../src/http/fingerprint.js";
import { runs } from "../runtime.js";

const BASE: Fingerprinted = {
  method: "POST",
  url: "/pay",
  credentials: [undefined, undefined],
  body: { a: 1, b: [2, { c: 3 }] },
};
const of = (changed: Partial<Fingerprinted>): string => fingerprint({ ...BASE, ...changed });

/** The same with the keys of every object in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

describe("the fingerprint of a request", () => {
  it("is the same for JSON whose keys are in another order", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const read: unknown = JSON.parse(JSON.stringify(body));
        expect(of({ body: reversed(read) })).toBe(of({ body: read }));
      }),
      { numRuns: runs(200) },
    );
  });

  it("is another one for everything else that differs", () => {
    const variants: Partial<Fingerprinted>[] = [
      {},
      { method: "PATCH" },
      { url: "/pay?dry=1" },
      { credentials: ["Bearer a", undefined] },
      { credentials: [undefined, "Bearer a"] },
      { body: undefined },
      { body: null },
      { body: "" },
      { body: {} },
      { body: [] },
      { body: { a: 1, b: [2, { c: 4 }] } },
      { body: { a: 1, b: [{ c: 3 }, 2] } },
      { body: { a: "1", b: [2, { c: 3 }] } },
      { body: Buffer.from([1, 2, 3]) },
      { body: Buffer.from([1, 2, 4]) },
      { url: "/pa", body: "y" },
    ];
    expect(new Set(variants.map(of)).size).toBe(variants.length);
  });

  it("is refused for what is nested too deep", () => {
    let deep: unknown = 1;
    for (let n = 0; n < 100_000; n++) deep = [deep];
    expect(() => of({ body: deep })).toThrow(RangeError);
  });
});
