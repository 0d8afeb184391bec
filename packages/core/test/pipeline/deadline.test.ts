import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { HotClock } from "../../src/clock.js";
import { Deadlines } from "../../src/pipeline/deadline.js";
import { runs } from "../runtime.js";

/** A clock whose coarse reading stays behind until it is settled, as the system's does within a turn of the event loop. */
function laggingClock() {
  const clock = createFakeClock();
  let reading = 0;
  let listener: (reading: number, lag: number) => void = () => undefined;
  const settle = () => {
    const lag = clock.monotonic() - reading;
    if (lag > 2) listener(reading, lag);
    reading = Math.floor(clock.monotonic());
  };
  const hot: HotClock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout: (callback, delay) => clock.setTimeout(callback, delay),
    clearTimeout: (handle) => clock.clearTimeout(handle),
    coarse: () => reading,
    coarseLag: 2,
    renewals: 0,
    onLag: (told) => (listener = told),
    settle,
    onTurnEnd: (callback) => callback(),
  };
  return { clock, hot, settle };
}

describe("deadlines counted from a coarse reading", () => {
  it("are never early, and late by no more than the reading lagged, a millisecond or two and the step of the clock", async () => {
    const step = fc.record({
      duration: fc.integer({ min: 1, max: 50 }),
      work: fc.nat(30),
      settles: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), async (steps) => {
        const { clock, hot, settle } = laggingClock();
        const deadlines = new Deadlines(hot);
        const fired: { due: number; at: number }[] = [];
        let longest = 0;
        for (const { duration, work, settles } of steps) {
          const due = clock.monotonic() + duration;
          deadlines.add(duration, undefined, () => fired.push({ due, at: clock.monotonic() }));
          await clock.advance(work);
          longest += work;
          if (settles) settle();
        }
        for (let n = 0; n < 200; n++) {
          settle();
          await clock.advance(1);
        }
        expect(fired).toHaveLength(steps.length);
        for (const { due, at } of fired) {
          expect(at).toBeGreaterThanOrEqual(due);
          expect(at).toBeLessThanOrEqual(due + longest + 4);
        }
      }),
      { numRuns: runs(50) },
    );
  });

  it("are left alone by a lag where their reading was exact", async () => {
    const { clock, hot, settle } = laggingClock();
    const deadlines = new Deadlines(hot);
    const fired: string[] = [];
    deadlines.add(300, undefined, () => fired.push("exact"), true);
    deadlines.add(300, undefined, () => fired.push("not known to be"));
    await clock.advance(200); // work in the same turn
    settle();
    await clock.advance(103);
    expect(fired).toEqual(["exact"]);
    for (let n = 0; n < 250; n++) {
      settle();
      await clock.advance(1);
    }
    expect(fired).toEqual(["exact", "not known to be"]);
  });

  it("share lists from so many durations on, and still fire in time", async () => {
    const { clock, hot, settle } = laggingClock();
    const deadlines = new Deadlines(hot);
    const late: number[] = [];
    for (let n = 1; n <= 300; n++) {
      const due = clock.monotonic() + n;
      deadlines.add(n, undefined, () => late.push(clock.monotonic() - due));
    }
    for (let n = 0; n < 400; n++) {
      settle();
      await clock.advance(1);
    }
    expect(late).toHaveLength(300);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThanOrEqual(16);
  });
});
