import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { fairShare } from "../../src/store/flights.js";

describe("the share of a flight", () => {
  it("is all of what waits, where that is little, or where there is no other flight", () => {
    expect([1, 10, 49].map((waiting) => fairShare(waiting, 2))).toEqual([1, 10, 49]);
    expect(fairShare(1000, 1)).toBe(1000);
  });

  it("leaves as much to each of the others", () => {
    expect(fairShare(100, 2)).toBe(50);
    expect(fairShare(101, 2)).toBe(51);
    expect(fairShare(1000, 4)).toBe(250);
  });

  it("leaves nothing behind, and no crumbs", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 8 }), (count, flights) => {
        const shares: number[] = [];
        for (let waiting = count, free = flights; waiting > 0 && free > 0; free--) {
          shares.push(fairShare(waiting, free));
          waiting -= shares.at(-1) as number;
        }
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(count);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
        if (shares.length > 1) expect(Math.min(...shares)).toBeGreaterThanOrEqual(24);
      }),
    );
  });
});
