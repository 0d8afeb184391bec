import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { runsOf } from "../../src/store/redis/runs.js";
import { runs } from "../queue/runtime.js";

interface Item {
  readonly kind: number;
  readonly position: number;
}

const areAlike = (one: Item, other: Item) => one.kind === other.kind;
const items = fc
  .array(fc.integer({ min: 0, max: 5 }))
  .map((kinds) => kinds.map((kind, position): Item => ({ kind, position })));

describe("runs", () => {
  it("have all items of a kind, in their order, and come in the order of their first", () => {
    fc.assert(
      fc.property(items, (given) => {
        const found = runsOf(given, areAlike);
        const kinds = [...new Set(given.map(({ kind }) => kind))];
        expect(found).toEqual(kinds.map((kind) => given.filter((item) => item.kind === kind)));
      }),
      { numRuns: runs(100) },
    );
  });
});
