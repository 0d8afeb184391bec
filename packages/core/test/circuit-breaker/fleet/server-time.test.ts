import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ServerTime } from "../../../src/circuit-breaker/stores/server-time.js";
import { runs } from "../../runtime.js";

const AHEAD = 3_600_000;

describe("the time of a server", () => {
  it("is the host's until the server has said something", () => {
    const clock = createFakeClock();
    const time = new ServerTime(clock);
    expect(time.now()).toBe(clock.now());
  });

  it("is known to within half of what its truest answer took, whatever the other answers took", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(200), fc.nat(200), fc.nat(1000)), { minLength: 1, maxLength: 20 }),
        async (answers) => {
          const clock = createFakeClock();
          const server = (): number => clock.now() + AHEAD;
          const time = new ServerTime(clock);
          let best = Number.POSITIVE_INFINITY;
          for (const [there, back, pause] of answers) {
            await clock.advance(pause);
            const askedAt = clock.monotonic();
            await clock.advance(there);
            const said = server();
            await clock.advance(back);
            time.heard(said, askedAt);
            best = Math.min(best, (there + back) / 2);
            // What a quartz may have gained since.
            const drift = clock.monotonic() / 10_000;
            expect(Math.abs(time.now() - server())).toBeLessThanOrEqual(best + drift + 1);
            expect(time.latest()).toBeGreaterThanOrEqual(server());
            expect(time.latest() - server()).toBeLessThanOrEqual(2 * (best + drift) + 1);
          }
        },
      ),
      { numRuns: runs(100) },
    );
  });

  it("is to be asked for before the first answer, and when the latest true one is old", async () => {
    const clock = createFakeClock();
    const time = new ServerTime(clock);
    expect([time.isFresh, time.latest()]).toEqual([false, clock.now()]);
    time.heard(clock.now(), clock.monotonic());
    await clock.advance(9999);
    expect([time.isFresh, time.latest() - clock.now()]).toEqual([true, 1]);
    await clock.advance(1);
    expect(time.isFresh).toBe(false);
  });

  it("does not follow the wall clock of the host when that is set", async () => {
    const clock = createFakeClock();
    const time = new ServerTime(clock);
    const said = clock.now() + AHEAD;
    time.heard(said, clock.monotonic());
    clock.set(clock.now() - 10 * AHEAD);
    await clock.advance(500);
    expect(time.now()).toBe(said + 500);
  });

  it("follows a server whose clock was set, and another server", async () => {
    const clock = createFakeClock();
    const time = new ServerTime(clock);
    time.heard(1_000_000, clock.monotonic());
    for (const said of [2_000_000, 500_000]) {
      const askedAt = clock.monotonic();
      await clock.advance(100);
      time.heard(said, askedAt);
      expect(Math.abs(time.now() - said)).toBeLessThanOrEqual(50);
    }
  });

  it("is fresh as long as it is heard, also in answers that tell it less well than an earlier one", async () => {
    const clock = createFakeClock();
    const time = new ServerTime(clock);
    const hear = async (took: number): Promise<void> => {
      const askedAt = clock.monotonic();
      await clock.advance(took);
      time.heard(clock.now(), askedAt);
    };
    expect(time.isFresh).toBe(false);
    await hear(1);
    for (let times = 0; times < 30; times++) {
      await clock.advance(1000);
      await hear(20);
      expect(time.isFresh).toBe(true);
    }
    await clock.advance(10_000);
    expect(time.isFresh).toBe(false);
  });
});
