import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { verdictOf } from "../../src/report/dashboard.js";
import { quantile } from "../../src/report/healing.js";
import { defineCounter, defineHistogram } from "../../src/telemetry/metric.js";
import { runs } from "../runtime.js";
import { DAY, HOUR, NOON, overview, Process } from "./fixture.js";

describe("the verdict", () => {
  it.each([
    [0, 0, "healthy"],
    [1, 0, "good"],
    [10, 0, "good"],
    [11, 0, "warning"],
    [0, 1, "warning"],
    [50, 5, "warning"],
    [51, 0, "critical"],
    [0, 6, "critical"],
  ])("of %i that wait and %i that failed is %3$s", (pending, failed, verdict) => {
    expect(verdictOf({ pending, failed })).toBe(verdict);
  });

  it("[BUG] of thousands that wait is critical, however few failed", () => {
    expect(verdictOf({ pending: 10_000, failed: 3 })).toBe("critical");
  });

  it("[BUG] where nothing can be read is unknown, and nothing is 0", async () => {
    const asked = [undefined, async () => undefined, () => Promise.reject(new Error("away"))];
    for (const failures of asked) {
      const summary = await new Process({ ...(failures && { failures }) }).reports.dashboard();
      expect(summary).toMatchObject({ health_status: "unknown", overview: {}, alerts: {} });
      expect(summary.degraded_sources).toContain("dlq");
    }
  });

  it("never gets better with more that waits or failed", () => {
    const order = ["healthy", "good", "warning", "critical"];
    const rank = (pending: number, failed: number) => order.indexOf(verdictOf({ pending, failed }));
    const few = fc.nat(60);
    fc.assert(
      fc.property(few, few, few, few, (pending, failed, more, worse) => {
        expect(rank(pending + more, failed + worse)).toBeGreaterThanOrEqual(rank(pending, failed));
      }),
      { numRuns: runs(200) },
    );
  });
});

describe("the summary", () => {
  it("adds up the states, and says how much was resolved", async () => {
    const states = {
      pending: 2,
      replaying: 1,
      requires_review: 1,
      replayed: 5,
      resolved: 1,
      archived: 3,
      expired: 2,
    };
    const one = new Process({ failures: async () => overview(states) });
    const summary = await one.reports.dashboard();
    expect(summary).toMatchObject({
      timestamp: "2026-03-10T12:00:00.000Z",
      health_status: "warning",
      overview: { total: 15, pending: 3, resolved: 6, failed: 1, archived: 3, resolution_rate_percent: 50 },
      degraded_sources: [],
    });
    expect(summary).not.toHaveProperty("cache");
  });

  it.each([
    [{ resolved: 1, pending: 2 }, 33.33],
    [{ archived: 4 }, 0],
    [{}, 0],
  ])("of %j has a rate of %d %%", async (states, rate) => {
    const { reports } = new Process({ failures: async () => overview(states) });
    expect((await reports.dashboard()).overview.resolution_rate_percent).toBe(rate);
  });

  it("[BUG] shows retries as they are counted, and not at all where they are not", async () => {
    const counted = { ...overview({ pending: 2 }), retries: { average: 6.5, highest: 9 } };
    const { reports } = new Process({ failures: async () => counted });
    expect((await reports.dashboard()).alerts).toEqual({ high_retry_count: 9, avg_retry_count: 6.5 });
  });

  it("has the ten largest of each, the largest first, and says what to do", async () => {
    const types = Object.fromEntries(
      Array.from({ length: 15 }, (_, n) => [`KIND_${n}`, { count: n + 1, domains: [`domain-${n}`] }]),
    );
    const { reports } = new Process({ failures: async () => overview({ requires_review: 120 }, types) });
    const { distribution, recommendations } = await reports.dashboard();
    expect(distribution.by_domain).toHaveLength(10);
    expect(distribution.by_failure_type[0]).toEqual({ name: "KIND_14", count: 15 });
    expect(recommendations).toHaveLength(5);
    expect(recommendations[0]).toBe("120 wait for a person: replay, resolve or reject them");
    expect(recommendations[1]).toContain("15 × KIND_14 in domain-14");
  });

  it("tells what came and was resolved lately", async () => {
    const clock = createFakeClock(NOON - 6 * DAY);
    const one = new Process({ clock, failures: async () => overview({}) });
    const happens = (): void => {
      one.tell("dlq.entry_created", { count: 2 }, "info");
      one.tell("dlq_replay.completed", { success: true }, "debug");
    };
    happens();
    await clock.advance(6 * DAY - 2 * HOUR);
    happens();
    await clock.advance(2 * HOUR);
    const recent = { new_in_24h: 2, resolved_in_24h: 1, new_in_7d: 4, resolved_in_7d: 2 };
    expect((await one.reports.dashboard()).recent_activity).toEqual(recent);
    await clock.advance(23 * HOUR);
    expect((await one.reports.dashboard()).recent_activity).toMatchObject({ new_in_24h: 0, new_in_7d: 4 });
    await clock.advance(2 * DAY);
    expect((await one.reports.dashboard()).recent_activity).toMatchObject({ new_in_24h: 0, new_in_7d: 2 });
  });

  it("says that it knows only part of what happened lately, where it is of this process alone", async () => {
    const given = { failures: async () => overview({}), isShared: false, settings: { enabled: false } };
    const one = new Process(given);
    const begun = new Date(NOON).toISOString();
    expect(await one.reports.dashboard()).toMatchObject({
      degraded_sources: ["recent_activity"],
      recent_activity: { since: begun, new_in_24h: 0 },
    });
    expect(await one.reports.daily()).toMatchObject({ since: begun, circuit_opened: 0 });
    await one.clock.advance(7 * DAY);
    const later = await one.reports.dashboard();
    expect(later.degraded_sources).toEqual([]);
    expect(later.recent_activity).not.toHaveProperty("since");
    expect(await one.reports.daily()).not.toHaveProperty("since");
  });

  it("is made once for all who ask, is kept for a while, and anew when this process sees it change", async () => {
    let asked = 0;
    const one = new Process({
      failures: async () => {
        asked++;
        return overview({});
      },
    });
    const ask = () => one.reports.dashboard();
    await Promise.all([ask(), ask(), ask()]);
    await one.clock.advance(29_000);
    await ask();
    expect(asked).toBe(1);
    await one.clock.advance(2000);
    await ask();
    expect(asked).toBe(2);
    one.tell("dlq.entry_created", { count: 1 }, "info");
    await ask();
    expect(asked).toBe(3);
  });

  it("does not wait for ever for what does not answer", async () => {
    const one = new Process({ failures: () => new Promise(() => undefined) });
    const asked = one.reports.dashboard();
    await one.clock.advance(5000);
    expect((await asked).health_status).toBe("unknown");
  });
});

describe("what was healed", () => {
  const latency = defineHistogram("baldur_http_request_duration_seconds", {
    help: "of a test",
    labels: ["endpoint"],
    buckets: [1, 2, 4],
  });
  const outcomes = defineCounter("baldur_replay_outcomes_total", { help: "of a test", labels: ["outcome"] });

  it("leaves out what is not measured", async () => {
    expect(await new Process().reports.healing()).toEqual({
      since: "2026-03-10T12:00:00.000Z",
      counters: {},
      latency: {},
    });
  });

  it("counts replays that helped, and has latencies over all series", async () => {
    const one = new Process();
    one.hub.counter(outcomes).cell("success").add(3);
    one.hub.counter(outcomes).cell("failure").add(9);
    for (let n = 0; n < 10; n++) one.hub.histogram(latency).cell("a").observe(0.5);
    for (let n = 0; n < 10; n++) one.hub.histogram(latency).cell("b").observe(1.5);
    const { counters, latency: latencies } = await one.reports.healing();
    expect(counters).toEqual({ replayed: 3 });
    expect(latencies).toEqual({ http_p95_seconds: 1.9 });
  });

  it("takes the highest bound for what is above it, and has nothing where nothing was observed", async () => {
    const one = new Process();
    const cell = one.hub.histogram(latency).cell("a");
    expect((await one.reports.healing()).latency).toEqual({});
    cell.observe(100);
    expect((await one.reports.healing()).latency).toEqual({ http_p95_seconds: 4 });
    expect(quantile(0.95, [])).toBeUndefined();
  });
});
