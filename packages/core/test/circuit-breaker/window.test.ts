import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { FAILURE, OutcomeWindow, RATE_LIMITED, SLOW } from "../../src/circuit-breaker/window.js";
import { runs } from "../runtime.js";

/** What the window must amount to, written the obvious way. */
class NaiveWindow {
  #outcomes: { flags: number; at: number }[] = [];
  constructor(
    private readonly size: number,
    private readonly maxAge: number,
  ) {}
  record(flags: number, now: number): void {
    this.#outcomes = [...this.#outcomes, { flags, at: Math.floor(now) }].slice(-this.size);
  }
  totals(now: number): object {
    this.#outcomes = this.#outcomes.filter(({ at }) => at >= Math.floor(now) - this.maxAge);
    const count = (flag: number) => this.#outcomes.filter(({ flags }) => flags & flag).length;
    return {
      calls: this.#outcomes.length,
      failures: count(FAILURE),
      slow: count(SLOW),
      rateLimited: count(RATE_LIMITED),
    };
  }
}

const totalsOf = ({ calls, failures, slow, rateLimited }: OutcomeWindow) => ({
  calls,
  failures,
  slow,
  rateLimited,
});

describe("the outcome window", () => {
  it("holds what a naive list of the last outcomes would", () => {
    const step = fc.record({
      flags: fc.constantFrom(0, 0, 0, FAILURE, SLOW, FAILURE | SLOW, RATE_LIMITED),
      wait: fc.oneof(fc.nat(3), fc.nat(500), fc.double({ min: 0, max: 40, noNaN: true })),
      many: fc.oneof(fc.constant(1), fc.nat(12)),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.array(step),
        (size, maxAge, steps) => {
          const window = new OutcomeWindow(size, maxAge);
          const naive = new NaiveWindow(size, maxAge);
          let now = 0;
          for (const { flags, wait, many } of steps) {
            now += wait;
            if (flags === 0) window.recordSuccesses(many, now);
            else window.record(flags, now);
            for (let n = 0; n < (flags === 0 ? many : 1); n++) naive.record(flags, now);
            expect(totalsOf(window.totals(now) as OutcomeWindow)).toEqual(naive.totals(now));
          }
        },
      ),
      { numRuns: runs(300) },
    );
  });

  it("M1 forgets old outcomes after an idle hour, whatever comes next", () => {
    const window = new OutcomeWindow(100, 60_000);
    for (let n = 0; n < 4; n++) window.record(FAILURE, n);
    window.record(FAILURE, 3_600_000);
    expect(totalsOf(window)).toEqual({ calls: 1, failures: 1, slow: 0, rateLimited: 0 });
  });
});
