import {
  BulkheadFullError,
  CircuitOpenError,
  IdempotencyDuplicateError,
  IdempotencyUnavailableError,
} from "@baldur/core";
import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type AdaptiveLimits, adapt, adaptiveStart } from "../../src/replay/adaptive.js";
import { isCircuitOpen, messageOf, verdictOn } from "../../src/replay/outcome.js";
import { Pace } from "../../src/replay/pace.js";
import { byPriority } from "../../src/replay/priority.js";
import {
  addBatch,
  addResult,
  blocked,
  emptyBatch,
  failed,
  skippedBecause,
  succeeded,
} from "../../src/replay/results.js";
import { quotas } from "../../src/replay/sweeper.js";
import { runs } from "../queue/runtime.js";

const LIMITS: AdaptiveLimits = {
  adaptiveInitialItems: 50,
  adaptiveMinItems: 10,
  adaptiveMaxItems: 100,
  adaptiveFailureThreshold: 0.2,
};

describe("the size of an adaptive batch", () => {
  it("shrinks by a fifth with every bad batch, down to its floor", () => {
    const sizes: number[] = [];
    let state = adaptiveStart(LIMITS);
    for (let n = 0; n < 9; n++) {
      state = adapt(state, { total: state.size, failed: state.size }, LIMITS);
      sizes.push(state.size);
    }
    expect(sizes).toEqual([40, 32, 25, 20, 16, 12, 10, 10, 10]);
  });

  it("grows by five after three clean batches, up to its ceiling", () => {
    const sizes: number[] = [];
    let state = { size: 92, streak: 0 };
    for (let n = 0; n < 9; n++) {
      state = adapt(state, { total: 5, failed: 0 }, LIMITS);
      sizes.push(state.size);
    }
    expect(sizes).toEqual([92, 92, 97, 97, 97, 100, 100, 100, 100]);
  });

  it.each([
    [1000, 199, 50], // 19.9 %
    [1000, 200, 40], // 20 %
    [10, 1, 50],
    [5, 1, 40],
    [0, 0, 50],
  ])("after a batch of %i with %i failures is %i", (total, failures, size) => {
    expect(adapt({ size: 50, streak: 2 }, { total, failed: failures }, LIMITS).size).toBe(size);
  });

  it("begins its streak anew with any failure, and keeps it through a batch that tried nothing", () => {
    const clean = { total: 1, failed: 0 };
    expect(adapt({ size: 50, streak: 2 }, { total: 100, failed: 1 }, LIMITS)).toEqual({
      size: 50,
      streak: 0,
    });
    expect(adapt({ size: 50, streak: 2 }, { total: 1, failed: 1 }, LIMITS).streak).toBe(0);
    const idle = adapt({ size: 50, streak: 2 }, { total: 0, failed: 0 }, LIMITS);
    expect(idle).toEqual({ size: 50, streak: 2 });
    expect(adapt(idle, clean, LIMITS)).toEqual({ size: 55, streak: 0 });
  });

  it("is within its limits from the start", () => {
    expect(adaptiveStart({ ...LIMITS, adaptiveInitialItems: 5 }).size).toBe(10);
    expect(adaptiveStart({ ...LIMITS, adaptiveInitialItems: 500 }).size).toBe(100);
  });
});

describe("domains by priority", () => {
  it("are the critical ones, the normal ones, the low ones, and then the rest, each by name and once", () => {
    const priorities = { shop: "low", pay: "critical", mail: "normal", auth: "critical" } as const;
    expect(byPriority(["zoo", "shop", "mail", "pay", "auth", "ant", "pay"], priorities)).toEqual([
      "auth",
      "pay",
      "mail",
      "shop",
      "ant",
      "zoo",
    ]);
  });

  it("are of any name", () => {
    expect(byPriority(["constructor", "__proto__", "a"], { a: "low" })).toEqual([
      "a",
      "__proto__",
      "constructor",
    ]);
  });
});

describe("quotas", () => {
  it.each([
    [["a", "b", "c"], 10, [4, 3, 3]],
    [["a", "b", "c"], 9, [3, 3, 3]],
    [["a"], 7, [7]],
  ])("of %j in %i are %j", (kinds, items, expected) => {
    expect(quotas(kinds, items)).toEqual(kinds.map((kind, index) => [kind, expected[index]]));
  });

  it("hand out every item, to the first kinds first, and never more", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 100 }), (kinds, items) => {
        const shares = quotas(
          Array.from({ length: kinds }, (_, n) => n),
          items,
        ).map(([, quota]) => quota);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(items);
        expect(shares).toEqual(shares.toSorted((a, b) => b - a));
        expect((shares[0] ?? 0) - (shares.at(-1) ?? 0)).toBeLessThanOrEqual(1);
      }),
      { numRuns: runs(200) },
    );
  });
});

describe("the pace", () => {
  /** How many are let through in each second. */
  async function perSecond(rate: number, rampUp: number, seconds: number): Promise<number[]> {
    const clock = createFakeClock();
    const pace = new Pace({ clock, rate, rampUp });
    const counts = Array.from({ length: seconds }, () => 0);
    const begin = clock.monotonic();
    while (clock.monotonic() - begin < seconds * 1000) {
      const wait = pace.take();
      if (wait > 0) await clock.advance(wait);
      else {
        const second = Math.floor((clock.monotonic() - begin) / 1000);
        counts[second] = (counts[second] ?? 0) + 1;
      }
    }
    return counts.slice(0, seconds);
  }

  it("is the rate", async () => {
    for (const count of await perSecond(50, 0, 4)) expect(Math.abs(count - 50)).toBeLessThanOrEqual(1);
    expect(await perSecond(1, 0, 3)).toEqual([1, 1, 1]);
    const total = (await perSecond(0.5, 0, 8)).reduce((sum, count) => sum + count, 0);
    expect(Math.abs(total - 4)).toBeLessThanOrEqual(1);
  });

  it("begins with a tenth after a recovery, and grows to the rate", async () => {
    const counts = await perSecond(100, 10_000, 14);
    expect(counts[0]).toBeGreaterThanOrEqual(10);
    expect(counts[0]).toBeLessThanOrEqual(17); // 10 to 19 per second
    for (let second = 1; second < 10; second++) {
      expect(counts[second] ?? 0).toBeGreaterThan(counts[second - 1] ?? 0);
      expect(counts[second] ?? 0).toBeLessThanOrEqual(10 + 9 * (second + 1));
    }
    for (const count of counts.slice(11)) expect(Math.abs(count - 100)).toBeLessThanOrEqual(1);
  });

  it("makes up for no more than a moment", async () => {
    const clock = createFakeClock();
    const pace = new Pace({ clock, rate: 100, rampUp: 0 });
    await clock.advance(3_600_000);
    let atOnce = 0;
    while (pace.take() === 0) atOnce++;
    expect(atOnce).toBe(10);
  });

  it("does not notice the wall clock", async () => {
    const clock = createFakeClock();
    const pace = new Pace({ clock, rate: 10, rampUp: 10_000 });
    const before = pace.rateAt(clock.monotonic());
    for (const day of [1, -1]) {
      clock.set(clock.now() + day * 86_400_000);
      expect(pace.rateAt(clock.monotonic())).toBe(before);
    }
    expect(pace.take()).toBe(0);
    expect(pace.take()).toBeGreaterThan(0);
  });
});

describe("the verdict on a replay", () => {
  const verdict = (error: unknown, ran = false) => verdictOn({ ran, error }, "t", "manual_replay");
  const duplicate = (decision: "skip" | "abort") =>
    new IdempotencyDuplicateError({ key: "k", domain: "d", decision });

  it("is a success for whatever is returned", () => {
    for (const value of [undefined, false, new Error("returned"), null])
      expect(verdictOn({ ran: true, value }, "t", "scheduled_batch")).toEqual({
        type: "succeed",
        token: "t",
        how: "scheduled_batch",
      });
  });

  it("is a duplicate when the work was done, and costs nothing while it is under way", () => {
    expect(verdict(duplicate("skip"))).toMatchObject({ type: "succeed", how: "duplicate_skip" });
    expect(verdict(duplicate("abort"))).toEqual({ type: "defer", token: "t", reason: "in_progress" });
  });

  it("costs nothing where the work was not begun", () => {
    const open = verdict(new CircuitOpenError({ serviceName: "x" } as never));
    expect(open).toEqual({ type: "defer", token: "t", reason: "ERR_BALDUR_CIRCUIT_OPEN" });
    expect(isCircuitOpen(open)).toBe(true);
    for (const error of [
      new BulkheadFullError({} as never),
      new IdempotencyUnavailableError("k", "no store"),
    ]) {
      expect(verdict(error).type).toBe("defer");
      expect(isCircuitOpen(verdict(error))).toBe(false);
    }
  });

  it("is a failure where the handler ran, though what it called refused: the budget bounds how often it runs", () => {
    const nested = new CircuitOpenError({ serviceName: "another" } as never);
    expect(verdict(nested, true).type).toBe("fail");
    expect(verdict(new BulkheadFullError({} as never), true).type).toBe("fail");
  });

  it.each<[unknown, string]>([
    [new TypeError("odd"), "TypeError: odd"],
    ["text", "text"],
    [undefined, "undefined"],
    [null, "null"],
    [Symbol("s"), "Symbol(s)"],
    [5n, "5"],
    [Object.create(null), "unreadable"],
    [
      {
        toString: () => {
          throw new Error("no");
        },
      },
      "unreadable",
    ],
    [{ code: "ERR_BALDUR_CIRCUIT_OPEN" }, "[object Object]"], // not Baldur's own
  ])("is a failure for anything else that is thrown: %p", (error, message) => {
    expect(verdict(error)).toEqual({ type: "fail", token: "t", error: message });
    expect(messageOf(error)).toBe(message);
  });
});

describe("results", () => {
  it("say what they are", () => {
    expect(succeeded("i", "m", { a: 1 })).toEqual({
      success: true,
      dlqId: "i",
      message: "m",
      skipped: false,
      data: { a: 1 },
    });
    expect(failed("i", "e")).toEqual({
      success: false,
      dlqId: "i",
      message: "replay failed",
      error: "e",
      skipped: false,
    });
    expect(skippedBecause("i", "why")).toMatchObject({
      success: true,
      skipped: true,
      data: { skip_reason: "why" },
    });
    expect(blocked("i", "why")).toMatchObject({
      success: false,
      skipped: true,
      data: { blocked: true, block_reason: "why" },
    });
  });

  it("of a batch are counted, skips neither way, and added up", () => {
    const batch = emptyBatch();
    const each = [succeeded("a", "m"), failed("b", "e"), skippedBecause("c", "w"), blocked("d", "w")];
    for (const result of each) addResult(batch, result);
    expect(batch).toMatchObject({
      total: 4,
      successCount: 1,
      failedCount: 1,
      skippedCount: 2,
      results: each,
    });
    const sum = emptyBatch();
    addBatch(sum, batch);
    addBatch(sum, { ...batch, stoppedBy: "circuit_open" });
    addBatch(sum, emptyBatch());
    expect(sum).toMatchObject({ total: 8, successCount: 2, stoppedBy: "circuit_open" });
  });
});
