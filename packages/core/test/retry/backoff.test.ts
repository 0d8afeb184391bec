import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { delayAfter } from "../../src/retry/backoff.js";
import { STRATEGIES } from "../../src/retry/settings.js";
import { runs } from "../runtime.js";

const plain = {
  strategy: "exponential" as const,
  baseDelay: 100,
  maxDelay: 60_000,
  multiplier: 2,
  increment: 100,
  jitter: 0,
};
const ladder = (policy: Parameters<typeof delayAfter>[0], count: number) =>
  Array.from({ length: count }, (_, n) => delayAfter(policy, n + 1, 0, () => 0.5));

describe("backoff", () => {
  it("M5 44.4 follows its base and multiplier, and the first wait is the base itself", () => {
    expect(ladder(plain, 4)).toEqual([100, 200, 400, 800]);
    expect(ladder({ ...plain, multiplier: 3 }, 4)).toEqual([100, 300, 900, 2700]);
    expect(ladder({ ...plain, strategy: "linear" }, 4)).toEqual([100, 200, 300, 400]);
    expect(ladder({ ...plain, strategy: "constant" }, 4)).toEqual([100, 100, 100, 100]);
  });

  it("44.4 stays a number within its bounds past the 1024th attempt", () => {
    expect(delayAfter(plain, 5000, 0, () => 0.5)).toBe(60_000);
  });

  it("44.4 is never negative, never above the longest, and within its jitter", () => {
    const policy = fc.record({
      strategy: fc.constantFrom(...STRATEGIES),
      baseDelay: fc.nat(10_000),
      maxDelay: fc.nat(100_000),
      multiplier: fc.double({ min: 1, max: 10, noNaN: true }),
      increment: fc.nat(10_000),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(
        policy,
        fc.integer({ min: 1, max: 3000 }),
        fc.nat(100_000),
        chance,
        (given, attempts, previous, value) => {
          const delay = delayAfter(given, attempts, previous, () => value);
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(given.maxDelay);
          if (given.strategy === "decorrelated_jitter") {
            expect(delay).toBeGreaterThanOrEqual(Math.min(given.baseDelay, given.maxDelay));
            return;
          }
          const exact = delayAfter({ ...given, jitter: 0 }, attempts, previous, () => value);
          expect(delay).toBeGreaterThanOrEqual(exact * (1 - given.jitter) - 1e-9);
          expect(delay).toBeLessThanOrEqual(exact * (1 + given.jitter) + 1e-9);
        },
      ),
      { numRuns: runs(500) },
    );
  });
});
