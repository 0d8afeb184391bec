import type { RateLimitStore, TakeRequest } from "@baldur/core/plugin";
import type { FakeClock } from "../clock.js";
import { testFramework } from "./test-framework.js";

/** What the contract needs of a store under test. @public */
export interface RateLimitStoreSubject {
  readonly name: string;
  create(): Promise<{ readonly store: RateLimitStore; readonly clock: FakeClock; close?(): Promise<void> }>;
}

const WINDOW = 60_000;
/** A place comes free at most so much later than it could. */
const LATE = WINDOW / 20;
const STEPS = 300;

const request = (given: Partial<TakeRequest> = {}): TakeRequest => ({
  bucket: "api",
  limit: 3,
  window: WINDOW,
  count: 1,
  owed: 0,
  ...given,
});

/** The promises of the rate limit store port, as a suite of tests. @public */
export function rateLimitStoreContract(subject: RateLimitStoreSubject): void {
  const { afterEach, describe, expect, it } = testFramework();
  describe(`${subject.name} keeps the contract of rate limit stores`, () => {
    let close: (() => Promise<void>) | undefined;
    const open = async () => {
      const opened = await subject.create();
      close = opened.close?.bind(opened);
      return opened;
    };
    afterEach(async () => {
      await close?.();
      close = undefined;
    });

    it("grants up to the limit, and then says how long to wait", async () => {
      const { store, clock } = await open();
      for (let n = 0; n < 3; n++) expect(await store.take(request())).toMatchObject({ granted: 1, wait: 0 });
      const { granted, wait } = await store.take(request());
      expect(granted).toBe(0);
      expect(wait).toBeGreaterThanOrEqual(WINDOW);
      expect(wait).toBeLessThanOrEqual(WINDOW + LATE);
      await clock.advance(wait);
      expect(await store.take(request())).toMatchObject({ granted: 1, wait: 0 });
    });

    it("grants a part of what is asked for where that is what is left", async () => {
      const { store } = await open();
      expect(await store.take(request({ count: 2 }))).toMatchObject({ granted: 2, wait: 0 });
      expect(await store.take(request({ count: 5 }))).toMatchObject({ granted: 1 });
      expect(await store.take(request({ count: 5 }))).toMatchObject({ granted: 0 });
    });

    it("says how many are left", async () => {
      const { store, clock } = await open();
      expect(await store.take(request())).toMatchObject({ left: 2 });
      expect(await store.take(request())).toMatchObject({ left: 1 });
      expect(await store.take(request({ count: 2 }))).toMatchObject({ granted: 1, left: 0 });
      expect(await store.take(request({ owed: 5 }))).toMatchObject({ left: 0 });
      await clock.advance(WINDOW + LATE);
      expect(await store.take(request({ count: 1, owed: 1 }))).toMatchObject({ granted: 1, left: 1 });
    });

    it("uses nothing up for what it refuses", async () => {
      const { store, clock } = await open();
      await store.take(request({ count: 3 }));
      for (let n = 0; n < 10; n++) {
        await clock.advance(WINDOW / 20);
        expect(await store.take(request())).toMatchObject({ granted: 0 });
      }
      await clock.advance(WINDOW / 2 + LATE);
      expect(await store.take(request({ count: 3 }))).toMatchObject({ granted: 3, wait: 0 });
    });

    it("counts buckets apart, and windows of different lengths", async () => {
      const { store } = await open();
      await store.take(request({ count: 3 }));
      expect(await store.take(request({ bucket: "other" }))).toMatchObject({ granted: 1 });
      expect(await store.take(request({ window: 2 * WINDOW }))).toMatchObject({ granted: 1 });
    });

    it("counts what began without asking, beyond the limit too", async () => {
      const { store, clock } = await open();
      expect(await store.take(request({ owed: 2, count: 2 }))).toMatchObject({ granted: 1 });
      expect(await store.take(request({ owed: 7 }))).toMatchObject({ granted: 0 });
      await clock.advance(WINDOW - 1);
      expect(await store.take(request())).toMatchObject({ granted: 0 });
      await clock.advance(1 + LATE);
      expect(await store.take(request({ count: 3 }))).toMatchObject({ granted: 3, wait: 0 });
    });

    it("lets who waited for as long as it was told begin, whatever began without asking", async () => {
      const { store, clock } = await open();
      for (const window of [101, 777, WINDOW]) {
        for (const [step, n] of [...counts(STEPS / 3)].entries()) {
          await clock.advance(Math.floor((((step * 7919) % 11) * n * window) / 300));
          const asked = request({ window, owed: step % 7 === 0 ? n : 0 });
          const { granted, wait } = await store.take(asked);
          if (granted === 1) continue;
          await clock.advance(wait);
          expect(await store.take({ ...asked, owed: 0 })).toMatchObject({ granted: 1, wait: 0 });
        }
      }
    });

    it("lets so many of concurrent calls through as the limit says", async () => {
      const { store } = await open();
      const taken = await Promise.all(
        Array.from({ length: 50 }, async () => store.take(request({ limit: 10 }))),
      );
      expect(taken.filter(({ granted }) => granted === 1)).toHaveLength(10);
    });

    it("forgets all when nobody came for long", async () => {
      const { store, clock } = await open();
      await store.take(request({ count: 3 }));
      await clock.advance(1000 * WINDOW);
      expect(await store.take(request({ count: 3 }))).toMatchObject({ granted: 3, wait: 0 });
    });

    it("never grants more than the limit in any window, and no less than a slightly longer one allows", async () => {
      const { store, clock } = await open();
      const limit = 20;
      const granted: number[] = [];
      const within = (span: number): number => {
        const from = clock.now() - span;
        return granted.filter((at) => at > from).length;
      };
      for (const [step, count] of [...counts(STEPS)].entries()) {
        await clock.advance(((step * 7919) % 11) * 311 * (step % 5 === 0 ? 9 : 1));
        const least = Math.min(count, limit - within(WINDOW + LATE));
        const taken = await store.take(request({ limit, count }));
        expect(taken.granted).toBeGreaterThanOrEqual(least);
        for (let n = 0; n < taken.granted; n++) granted.push(clock.now());
        expect(within(WINDOW)).toBeLessThanOrEqual(limit);
        if (taken.wait === 0 || step % 4 > 0) continue;
        await clock.advance(Math.ceil(taken.wait));
        expect(await store.take(request({ limit }))).toMatchObject({ granted: 1, wait: 0 });
        granted.push(clock.now());
      }
      expect(granted.length).toBeGreaterThan(limit);
    });
  });
}

/** Numbers from 1 to 5 without an order that anyone would see. */
function* counts(length: number): Generator<number> {
  let state = 42;
  for (let n = 0; n < length; n++) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    yield 1 + (state % 5);
  }
}
