import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { FleetLimiter, type FleetRule } from "../../src/rate-limit/fleet-limiter.js";
import type { RateLimitStore, Taken, TakeRequest } from "../../src/rate-limit/store.js";
import { MemoryRateLimitStore } from "../../src/rate-limit/stores/memory.js";
import { runs, turn } from "../runtime.js";

const WINDOW = 10_000;
/** A place comes free at most so much later than it could. */
const LATE = WINDOW / 20;

/** A store that is away, or fails, when it is told to. */
class SharedStore implements RateLimitStore {
  available = true;
  failing = false;
  onTaken = (_: Taken): void => undefined;
  readonly asked: TakeRequest[] = [];
  readonly #inner: MemoryRateLimitStore;

  constructor(clock: FakeClock) {
    this.#inner = new MemoryRateLimitStore(clock);
  }

  async take(request: TakeRequest): Promise<Taken> {
    this.asked.push(request);
    await turn();
    if (this.failing) throw new Error("no answer");
    const taken = this.#inner.take(request);
    this.onTaken(taken);
    return taken;
  }
}

let clock: FakeClock;
let store: SharedStore;
beforeEach(() => {
  clock = createFakeClock();
  store = new SharedStore(clock);
});

const rule = (given: Partial<FleetRule> = {}): FleetRule => ({
  bucket: "api",
  limit: 10,
  window: WINDOW,
  batch: 1,
  emergency: 2,
  ...given,
});
const limiter = (given?: Partial<FleetRule>): FleetLimiter => new FleetLimiter(rule(given));
const take = async (one: FleetLimiter, key = "*"): Promise<number> => one.take(key, { store, clock });
const taken = async (one: FleetLimiter, count: number): Promise<number> => {
  const waits = await Promise.all(Array.from({ length: count }, () => take(one)));
  return waits.filter((wait) => wait === 0).length;
};

describe("a limit of the fleet", () => {
  it("is shared by all processes, and kept per key", async () => {
    const [one, two] = [limiter(), limiter()];
    expect((await taken(one, 7)) + (await taken(two, 7))).toBe(10);
    await expect(take(one)).resolves.toBeGreaterThan(0);
    await expect(take(one, "other")).resolves.toBe(0);
  });

  it("knows how many the fleet has left, and alone how many this process has", async () => {
    const [one, two] = [limiter(), limiter()];
    await taken(one, 3);
    await take(two);
    expect([one.left("*"), two.left("*")]).toEqual([7, 6]);
    store.available = false;
    const alone = limiter();
    const left = [await take(alone), alone.left("*"), await take(alone), alone.left("*")];
    expect(left).toEqual([0, 1, 0, 0]);
  });

  it("asks once for the calls of one turn", async () => {
    const one = limiter();
    await taken(one, 8);
    expect(store.asked).toHaveLength(1);
    await take(one);
    expect(store.asked).toHaveLength(2);
  });

  it("does not ask again for what is known to be full, until a place may be free", async () => {
    const one = limiter();
    await taken(one, 11);
    const asked = store.asked.length;
    expect(await taken(one, 100)).toBe(0);
    expect(store.asked).toHaveLength(asked);
    await clock.advance(WINDOW + LATE);
    expect(await take(one)).toBe(0);
  });

  it("takes places in stock where it may, more of them when half are used, and never has more than it may", async () => {
    const one = limiter({ batch: 6, limit: 100 });
    let granted = 0;
    store.onTaken = (taken) => void (granted += taken.granted);
    const used = [1, 1, 1, 1, 1, 9, 1, 20, 3];
    let begun = 0;
    for (const count of used) {
      begun += await taken(one, count);
      await turn();
      expect(granted - begun).toBeLessThanOrEqual(6);
      expect(granted - begun).toBeGreaterThanOrEqual(3);
    }
    expect(begun).toBe(used.reduce((sum, count) => sum + count));
    expect(store.asked.length).toBeLessThan(used.length);
    expect(await taken(one, 100)).toBe(100 - begun);
  });

  it("gives places up that it did not use within the window", async () => {
    const one = limiter({ batch: 9 });
    await take(one);
    await clock.advance(WINDOW + LATE);
    await take(one);
    expect(store.asked.map(({ count }) => count)).toEqual([10, 10]);
  });
});

describe("while the store is away", () => {
  it("M17 every process keeps an emergency limit, which includes what it let begin before", async () => {
    const [one, two] = [limiter({ emergency: 4 }), limiter({ emergency: 4 })];
    expect(await taken(one, 3)).toBe(3);
    store.available = false;
    expect(await taken(one, 10)).toBe(1);
    expect(await taken(two, 10)).toBe(4);
    await clock.advance(WINDOW + LATE);
    expect(await taken(one, 10)).toBe(4);
  });

  it("M17 tells the store what began meanwhile when it is back", async () => {
    const [one, two] = [limiter({ emergency: 6 }), limiter({ emergency: 6 })];
    store.available = false;
    expect(await taken(one, 6)).toBe(6);
    store.available = true;
    expect(await taken(one, 10)).toBe(4);
    expect(store.asked.map(({ owed }) => owed)).toEqual([6]);
    expect(await taken(two, 10)).toBe(0);
  });

  it("owes nothing that is longer ago than the window", async () => {
    const one = limiter();
    store.available = false;
    await taken(one, 2);
    await clock.advance(WINDOW);
    store.available = true;
    expect(await taken(one, 20)).toBe(10);
  });

  it("decides alone for calls whose question was not answered, and asks again for the next", async () => {
    const one = limiter();
    store.failing = true;
    expect(await taken(one, 5)).toBe(2);
    store.failing = false;
    expect(await taken(one, 20)).toBe(8);
    expect(store.asked.at(-1)).toMatchObject({ owed: 2 });
  });

  it("owes what it owed until a question is answered", async () => {
    const one = limiter();
    store.available = false;
    expect(await taken(one, 5)).toBe(2);
    store.available = true;
    store.failing = true;
    expect(await taken(one, 5)).toBe(0);
    store.failing = false;
    expect(await taken(one, 20)).toBe(8);
    expect(store.asked.map(({ owed }) => owed)).toEqual([2, 2]);
  });

  it("owes it once, to the first of several questions", async () => {
    const one = limiter();
    store.available = false;
    await taken(one, 2);
    store.available = true;
    const first = take(one);
    await Promise.resolve();
    await Promise.resolve();
    await Promise.all([first, take(one)]);
    expect(store.asked.map(({ owed }) => owed)).toEqual([2, 0]);
  });
});

describe("whatever happens", () => {
  const step = fc.record({
    process: fc.nat(2),
    calls: fc.integer({ min: 1, max: 12 }),
    passes: fc.nat(WINDOW / 4),
  });

  it.each([1, 3, 7])(
    "no more calls begin in any window than the limit and the places in stock: batches of %i",
    async (batch) => {
      const PROCESSES = 3;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          clock = createFakeClock();
          store = new SharedStore(clock);
          const limiters = Array.from({ length: PROCESSES }, () => limiter({ batch }));
          const error = batch === 1 ? 0 : PROCESSES * batch;
          const begun: number[] = [];
          const within = (span: number): number => begun.filter((at) => at > clock.now() - span).length;
          for (const { process, calls, passes } of steps) {
            await clock.advance(passes);
            const count = await taken(limiters[process] as FleetLimiter, calls);
            for (let n = 0; n < count; n++) begun.push(clock.now());
            expect(within(WINDOW)).toBeLessThanOrEqual(10 + error);
            // Refused only where the limit is used up, but for what others hold in stock.
            if (count < calls) expect(within(WINDOW + LATE)).toBeGreaterThanOrEqual(10 - error);
          }
        }),
        { numRuns: runs(60) },
      );
    },
  );

  it("with outages too, no process lets more begin alone than its emergency limit", async () => {
    const outage = fc.record({
      calls: fc.integer({ min: 1, max: 6 }),
      passes: fc.nat(WINDOW / 4),
      isAway: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(outage, { maxLength: 60 }), async (steps) => {
        clock = createFakeClock();
        store = new SharedStore(clock);
        const one = limiter({ emergency: 3 });
        const begun: number[] = [];
        for (const { calls, passes, isAway } of steps) {
          await clock.advance(passes);
          store.available = !isAway;
          const before = begun.filter((at) => at > clock.now() - WINDOW).length;
          const count = await taken(one, calls);
          if (isAway) expect(count).toBeLessThanOrEqual(Math.max(0, 3 - before));
          else expect(before + count).toBeLessThanOrEqual(10);
          for (let n = 0; n < count; n++) begun.push(clock.now());
        }
      }),
      { numRuns: runs(100) },
    );
  });
});
