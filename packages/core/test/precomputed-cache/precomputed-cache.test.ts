import { createFakeClock } from "@baldur/testkit";
import { afterEach, describe, expect, it } from "@jest/globals";
import { hotClock } from "../../src/clock.js";
import { PrecomputedCache } from "../../src/precomputed-cache/precomputed-cache.js";
import {
  type PrecomputedCacheSettings,
  precomputedCacheSettings,
} from "../../src/precomputed-cache/settings.js";
import type { TelemetryEvent } from "../../src/telemetry/event.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { defaultsOf } from "../health/fixture.js";
import { turn } from "../runtime.js";

const open: Disposable[] = [];
afterEach(() => {
  for (const cache of open.splice(0)) cache[Symbol.dispose]();
});

function cacheOf(settings: Partial<PrecomputedCacheSettings> = {}, random = () => 0.5) {
  const clock = createFakeClock();
  const telemetry = new TelemetryHub(clock);
  const events: TelemetryEvent[] = [];
  telemetry.subscribe((event) => events.push(event));
  const state = {
    made: 0,
    compute: async (): Promise<{ n: number }> => ({ n: state.made }),
  };
  const cache = new PrecomputedCache<{ n: number }>({
    key: "health",
    clock: hotClock(clock),
    random,
    telemetry,
    settings: { ...defaultsOf(precomputedCacheSettings), ...settings },
    compute: () => {
      state.made++;
      return state.compute();
    },
    fallback: () => ({ n: -1 }),
  });
  open.push(cache);
  const told = (name: string) => events.filter((event) => event.name === `precomputed_cache.${name}`);
  const metric = (name: string, labels: object) =>
    telemetry
      .metrics()
      .find((sample) => sample.name === name && JSON.stringify(sample.labels) === JSON.stringify(labels))
      ?.value;
  const read = async (fresh = false) => {
    const { n, cache: mark } = await cache.read({ fresh });
    return [n, mark.hit];
  };
  return { cache, clock, state, told, metric, read };
}

const fails = async () => {
  throw new Error("no way");
};

describe("a kept answer", () => {
  it("is given again while it is young, and says when it was made", async () => {
    const { cache, clock, read } = cacheOf({ ttl: 2000 });
    expect(await read()).toEqual([1, "MISS"]);
    await clock.advance(1999);
    const { cache: mark } = await cache.read();
    expect(mark).toEqual({ hit: "L1", latency: 0, at: new Date("2026-01-01T00:00:00Z") });
    await clock.advance(1);
    expect(await read()).toEqual([2, "MISS"]);
  });

  it("is made once, however many ask at a time", async () => {
    const { state, read } = cacheOf();
    const all = await Promise.all(Array.from({ length: 20 }, () => read()));
    expect(state.made).toBe(1);
    expect(all.map(([, hit]) => hit)).toEqual(["MISS", ...Array(19).fill("DEDUP")]);
  });

  it("is passed over by who wants a fresh one, who also waits for none that had begun before", async () => {
    const { state, read } = cacheOf();
    const releases: (() => void)[] = [];
    let world = 0;
    state.compute = () => {
      const seen = world;
      return new Promise((resolve) => releases.push(() => resolve({ n: seen })));
    };
    const first = read();
    world = 1;
    const fresh = [read(true), read(true)];
    releases[0]?.();
    await turn();
    releases[1]?.();
    expect(await first).toEqual([0, "MISS"]);
    expect(await Promise.all(fresh)).toEqual([
      [1, "BYPASSED"],
      [1, "BYPASSED"],
    ]);
    expect(state.made).toBe(2);
  });

  it("is not given again after something happened, even if it was being made meanwhile", async () => {
    const { cache, state, read, told } = cacheOf();
    await read();
    cache.invalidate("a circuit opened");
    cache.invalidate("another one opened");
    expect(told("entry_invalidated").map(({ payload }) => payload)).toEqual([
      { cache_key: "health", reason: "a circuit opened" },
    ]);
    let release: () => void = () => undefined;
    state.compute = () => new Promise((resolve) => (release = () => resolve({ n: 7 })));
    const reading = read();
    await turn();
    cache.invalidate("a third one opened");
    release();
    expect(await reading).toEqual([7, "MISS"]);
    state.compute = async () => ({ n: 8 });
    expect(await read()).toEqual([8, "MISS"]);
    expect(await read()).toEqual([8, "L1"]);
  });

  it("is not kept at all where the settings say so, but still made once at a time", async () => {
    const { clock, cache, state, read } = cacheOf({ enabled: false });
    cache.start();
    await Promise.all([read(), read()]);
    expect(state.made).toBe(1);
    expect(await read()).toEqual([2, "MISS"]);
    expect(clock.pending).toBe(0);
  });

  it("tells how many of the questions it served", async () => {
    const { cache, read, metric } = cacheOf();
    cache.start();
    const labels = { cache_key: "health", layer: "l1" };
    expect(metric("baldur_cache_hit_rate", labels)).toBeUndefined();
    for (let n = 0; n < 4; n++) await read();
    expect(metric("baldur_cache_hit_rate", labels)).toBe(0.75);
  });
});

describe("an answer that cannot be made", () => {
  it("is replaced by an older one, which is told once until there is a newer one", async () => {
    const { clock, state, read, told } = cacheOf();
    await read();
    state.compute = fails;
    await clock.advance(5000);
    expect(await read()).toEqual([1, "STALE"]);
    expect(await read()).toEqual([1, "STALE"]);
    expect(told("stale_served").map(({ payload }) => payload)).toEqual([
      { cache_key: "health", reason: "no way", age: 5000 },
    ]);
    state.compute = async () => ({ n: 9 });
    expect(await read()).toEqual([9, "MISS"]);
    state.compute = fails;
    await clock.advance(2000);
    await read();
    expect(told("stale_served")).toHaveLength(2);
  });

  it("is what the caller of the cache decided, where there is no older one", async () => {
    const { state, read, told, metric } = cacheOf();
    state.compute = fails;
    expect(await read()).toEqual([-1, "ERROR"]);
    expect(told("static_fallback_served")).toHaveLength(1);
    expect(metric("baldur_cache_refresh_total", { cache_key: "health", status: "failure" })).toBe(1);
  });

  it("is not tried for thirty seconds after three failures in a row", async () => {
    const { clock, state, read } = cacheOf();
    state.compute = fails;
    for (let n = 0; n < 3; n++) expect(await read()).toEqual([-1, "ERROR"]);
    expect(await read()).toEqual([-1, "CB_OPEN"]);
    expect(state.made).toBe(3);
    await clock.advance(29_999);
    expect(await read()).toEqual([-1, "CB_OPEN"]);
    await clock.advance(1);
    expect(await read()).toEqual([-1, "ERROR"]);
    expect(await read()).toEqual([-1, "CB_OPEN"]);
    state.compute = async () => ({ n: 5 });
    await clock.advance(30_000);
    expect(await read()).toEqual([5, "MISS"]);
  });

  it("fails one who asks no more than another, and nobody hears of it as an exception", async () => {
    const { state, read } = cacheOf();
    state.compute = fails;
    expect((await Promise.all([read(), read(), read()])).map(([n]) => n)).toEqual([-1, -1, -1]);
    expect(state.made).toBe(1);
  });
});

describe("the background", () => {
  it("makes an answer every ten seconds, give or take a tenth, so that processes do not ask in step", async () => {
    for (const [chance, first] of [
      [0, 9000],
      [0.5, 10_000],
      [1, 11_000],
    ] as const) {
      const { cache, clock, state } = cacheOf({}, () => chance);
      cache.start();
      await clock.advance(first - 1);
      expect(state.made).toBe(0);
      await clock.advance(1);
      expect(state.made).toBe(1);
    }
  });

  it("[BUG] survives an exception: the refresh worker goes on, ever less often and at most every 300 s", async () => {
    const { cache, clock, state, told } = cacheOf();
    state.compute = fails;
    cache.start();
    const at: number[] = [];
    const before = state.compute;
    state.compute = () => {
      at.push(clock.monotonic());
      return before();
    };
    await clock.advance(1_500_000);
    const pauses = at.slice(1).map((time, n) => time - (at[n] as number));
    expect(pauses.slice(0, 6)).toEqual([20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
    expect(told("refresh_failed")).toHaveLength(at.length);
    state.compute = async () => ({ n: 1 });
    await clock.advance(300_000);
    const { made } = state;
    await clock.advance(10_000);
    expect(state.made).toBe(made + 1);
  });

  it("ends when it is disposed of, also while an answer is being made", async () => {
    const { cache, clock, state } = cacheOf();
    let release: () => void = () => undefined;
    state.compute = () => new Promise((resolve) => (release = () => resolve({ n: 1 })));
    cache.start();
    await clock.advance(10_000);
    cache[Symbol.dispose]();
    release();
    await turn();
    expect(clock.pending).toBe(0);
  });
});
