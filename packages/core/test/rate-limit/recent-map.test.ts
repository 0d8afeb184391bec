import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { RecentMap } from "../../src/rate-limit/recent-map.js";

describe("a map of what was asked for lately", () => {
  it("keeps at least so many, and at most twice as many", () => {
    const keys = fc.array(fc.integer({ min: 0, max: 40 }).map(String), { maxLength: 400 });
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 8 }), (asked, most) => {
        let made = 0;
        const map = new RecentMap<number>(most);
        const told = new Map<string, number>();
        for (const [at, key] of asked.entries()) {
          const value = map.get(key, () => made++);
          const between = new Set(asked.slice(asked.lastIndexOf(key, at - 1) + 1, at));
          if (told.has(key) && between.size < most) expect(value).toBe(told.get(key));
          if (told.has(key) && between.size >= 2 * most) expect(value).not.toBe(told.get(key));
          told.set(key, value);
        }
      }),
    );
  });
});
