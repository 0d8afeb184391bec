import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { FleetLimiter } from "../../src/rate-limit/fleet-limiter.js";
import { SlidingWindow } from "../../src/rate-limit/sliding-window.js";
import { MemoryRateLimitStore } from "../../src/rate-limit/stores/memory.js";
import { WindowCounter } from "../../src/rate-limit/window-counter.js";
import { runs } from "../runtime.js";

const RULE = { limit: fc.integer({ min: 1, max: 8 }), window: fc.double({ min: 1, max: 1e6, noNaN: true }) };
/** Of a process that has run for up to a month. */
const start = fc.double({ min: 0, max: 3e9, noNaN: true });
/** In windows. */
const upTo = (max: number) => fc.double({ min: 0, max, noNaN: true });
const gap = fc.oneof(fc.constant(0), upTo(0.1), upTo(1.5));
const gaps = fc.array(gap, { minLength: 1, maxLength: 40 });
const FEW = { numRuns: runs(2000) };

describe("who waits for as long as it is told to", () => {
  it("may begin then, by the window that is counted in cells", () => {
    const given = fc.record({ ...RULE, start, gaps, more: fc.nat(20) });
    fc.assert(
      fc.property(given, ({ limit, window, start, gaps, more }) => {
        const counter = new WindowCounter({ limit, window });
        let now = start;
        for (const [n, gap] of gaps.entries()) {
          now += gap * window;
          if (n === gaps.length >> 1) counter.add(more, now); // which nobody has asked for
          const { granted, wait } = counter.take(1, now);
          if (granted === 1) continue;
          now += wait;
          expect(wait).toBeGreaterThan(0);
          expect(counter.take(1, now)).toMatchObject({ granted: 1, wait: 0 });
        }
      }),
      FEW,
    );
  });

  it("waits for at most a twentieth of a window, and a millisecond, more than the window asks for", () => {
    const given = fc.record({ ...RULE, start, gaps });
    fc.assert(
      fc.property(given, ({ limit, window, start, gaps }) => {
        const counter = new WindowCounter({ limit, window });
        const begun: number[] = [];
        let now = start;
        for (const gap of gaps) {
          now += gap * window;
          const { granted, wait } = counter.take(1, now);
          if (granted === 1) begun.push(now);
          else expect(now + wait).toBeLessThanOrEqual((begun.at(-limit) as number) + window * 1.05 + 2);
        }
      }),
      FEW,
    );
  });

  it("may begin then, by the window of a function in one process", () => {
    const given = fc.record({ ...RULE, start, gaps });
    fc.assert(
      fc.property(given, ({ limit, window, start, gaps }) => {
        const limiter = new SlidingWindow(limit, window);
        let now = start;
        for (const gap of gaps) {
          now += gap * window;
          const wait = limiter.take("key", now);
          if (wait === 0) continue;
          now += wait;
          expect(limiter.take("key", now)).toBe(0);
        }
      }),
      FEW,
    );
  });

  it.each([true, false])(
    "may begin then, by the limit of a fleet whose store is there: %p",
    async (available) => {
      const given = fc.record({ ...RULE, start, gaps, emergency: fc.integer({ min: 1, max: 8 }) });
      await fc.assert(
        fc.asyncProperty(given, async ({ limit, window, start, gaps, emergency }) => {
          let now = start;
          const clock = { monotonic: () => now };
          const inner = new MemoryRateLimitStore(clock);
          let isThere = true;
          const store = {
            get available() {
              return isThere;
            },
            take: inner.take.bind(inner),
          };
          const rule = { bucket: "b", batch: 1, limit, window, emergency };
          const limiter = new FleetLimiter(rule);
          for (const [n, gap] of gaps.entries()) {
            now += gap * window;
            if (n === gaps.length >> 1) isThere = available; // what began before counts from then on
            const wait = await limiter.take("key", { store, clock });
            if (wait === 0) continue;
            now += wait;
            expect(await limiter.take("key", { store, clock })).toBe(0);
          }
        }),
        { numRuns: runs(500) },
      );
    },
  );

  it.each([true, false])(
    "may begin then, though it is refused by what is known to be full: %p",
    async (isFirst) => {
      const given = fc.record({ ...RULE, start, later: fc.double({ min: 0, max: 0.9, noNaN: true }) });
      await fc.assert(
        fc.asyncProperty(given, async ({ limit, window, start, later }) => {
          let now = start;
          const clock = { monotonic: () => now };
          const store = new MemoryRateLimitStore(clock);
          const limiter = new FleetLimiter({ bucket: "b", batch: 1, limit, window, emergency: 1 });
          for (let n = 0; n < limit; n++) await limiter.take("key", { store, clock });
          let wait = await limiter.take("key", { store, clock });
          if (!isFirst) {
            now += later * wait;
            wait = await limiter.take("key", { store, clock });
          }
          now += wait;
          expect(await limiter.take("key", { store, clock })).toBe(0);
        }),
        { numRuns: runs(500) },
      );
    },
  );
});
