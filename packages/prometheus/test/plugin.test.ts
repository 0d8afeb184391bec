import { ConfigurationError, createBaldur } from "@baldur/core";
import { defineCounter, defineGauge, metricsSlot } from "@baldur/core/plugin";
import { recordTelemetry } from "@baldur/testkit";
import { afterEach, describe, expect, it } from "@jest/globals";
import { prometheus } from "../src/plugin.js";
import { expose, logger, OPEN_METRICS, type Shown } from "./fixture.js";

let shown: Shown | undefined;
const start = async (...given: Parameters<typeof expose>): Promise<Shown> => {
  shown = await expose(...given);
  return shown;
};
afterEach(async () => {
  await shown?.baldur.close();
  shown = undefined;
});

const fail = () => Promise.reject(new Error("x"));

describe("the plugin", () => {
  it("is what the posture says exposes the metrics", async () => {
    const { baldur } = await start();
    expect(baldur.posture()).toMatchObject({
      metrics: "prometheus",
      plugins: expect.arrayContaining([
        { name: "@baldur/prometheus", status: "active", areas: ["prometheus"] },
      ]),
    });
  });

  it("shows what core has counted, when it is asked", async () => {
    const { baldur, value, read } = await start();
    await baldur.protect("pay", async () => 1);
    await baldur.protect("pay", fail).catch(() => undefined);
    expect(await value("baldur_up")).toBe(1);
    expect(await value("baldur_circuit_breaker_state", { service: "pay" })).toBe(0);
    expect(await value("baldur_circuit_breaker_failures_total", { service: "pay" })).toBe(1);
    expect(await value("baldur_protect_duration_seconds_count", { name: "pay", outcome: "success" })).toBe(1);
    await baldur.protect("pay", async () => 1);
    expect(await value("baldur_protect_duration_seconds_count", { name: "pay", outcome: "success" })).toBe(2);
    const names = [...(await read()).keys()];
    expect(names).toEqual(names.toSorted());
  });

  it("answers in the format that is asked for, with the same values", async () => {
    const { baldur, page, read } = await start();
    await baldur.protect("pay", fail).catch(() => undefined);
    expect((await page()).contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect((await page(OPEN_METRICS)).contentType).toBe(
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
    );
    const plain = (await read()).get("baldur_circuit_breaker_failures_total");
    const open = (await read(OPEN_METRICS)).get("baldur_circuit_breaker_failures");
    expect(plain?.samples).toEqual(open?.samples);
    expect(plain?.samples).toHaveLength(1);
  });

  it("exposes nothing where metrics are switched off", async () => {
    const { baldur } = await start({}, { env: { BALDUR_METRICS_ENABLED: "false" } });
    expect(baldur.posture().metrics).toBe("none");
    expect(await baldur.slots.get(metricsSlot).exposition()).toBeUndefined();
  });

  it("is absent, and the posture says so, where the package is", async () => {
    const baldur = createBaldur({ discover: false, env: {}, logger });
    expect(baldur.posture().metrics).toBe("none");
    expect(await baldur.slots.get(metricsSlot).exposition()).toBeUndefined();
    expect(baldur.slots.get(metricsSlot).cardinality()).toEqual([]);
  });

  it("names its metrics with another prefix, by option or variable", async () => {
    const { read, baldur } = await start({ prefix: "shop" });
    const names = [...(await read()).keys()];
    expect(names).toContain("shop_up");
    expect(names.filter((name) => name.startsWith("baldur"))).toEqual([]);
    await baldur.close();
    const { value } = await start({}, { env: { BALDUR_METRICS_PREFIX: "till" } });
    expect(await value("till_up")).toBe(1);
  });

  it.each(["", "1shop", "shop-1", "ü"])("fails to register, alone, with the prefix %j", async (prefix) => {
    const { baldur } = await start({ prefix });
    expect(baldur.posture()).toMatchObject({
      metrics: "none",
      plugins: expect.arrayContaining([
        expect.objectContaining({ status: "failed", reason: expect.stringMatching(/prefix/i) }),
      ]),
    });
  });

  it("refuses a registry that is none", () => {
    for (const registry of [{}, null, "x", new Map()])
      expect(() => prometheus({ registry: registry as never })).toThrow(ConfigurationError);
  });

  it("tells two runtimes apart", async () => {
    const other = await expose();
    const { baldur, value } = await start();
    await other.baldur.protect("theirs", async () => 1);
    await baldur.protect("ours", async () => 1);
    expect(await value("baldur_circuit_breaker_state", { service: "ours" })).toBe(0);
    expect(await value("baldur_circuit_breaker_state", { service: "theirs" })).toBeUndefined();
    expect(await other.value("baldur_circuit_breaker_state", { service: "theirs" })).toBe(0);
    await other.baldur.close();
  });
});

describe("what cannot be read", () => {
  const depth = defineGauge("test_depth", { help: "depth of a queue", labels: ["queue"] });

  it("[BUG] a gauge froze at its last value: one whose source fails is absent, and back with it", async () => {
    let answer: () => number = () => 7;
    const { context, value, read, baldur } = await start();
    const telemetry = recordTelemetry(baldur);
    context.telemetry.observeGauge(depth, () => [[["mail"], answer()]]);
    expect(await value("test_depth", { queue: "mail" })).toBe(7);
    answer = () => {
      throw new Error("away");
    };
    for (let i = 0; i < 3; i++) expect((await read()).has("test_depth")).toBe(false);
    expect(await value("baldur_up")).toBe(1);
    expect(telemetry.named("telemetry.reader_failed")).toHaveLength(1);
    answer = () => 9;
    expect(await value("test_depth", { queue: "mail" })).toBe(9);
  });

  it("[BUG] an unreadable source printed 0 or 100 %: unknown values of a source that answers are absent too", async () => {
    const { context, read, page } = await start();
    context.telemetry.observeGauge(depth, () => [
      [["known"], 0],
      [["unknown"], undefined],
      [["no number"], Number.NaN],
    ]);
    expect((await read()).get("test_depth")?.samples).toEqual([
      { name: "test_depth", labels: { queue: "known" }, value: 0 },
    ]);
    expect((await page()).body).not.toMatch(/NaN|undefined/);
  });

  it("[BUG] counters that nobody has counted yet are absent, not zero", async () => {
    const { read } = await start();
    expect([...(await read()).keys()].filter((name) => name.endsWith("_total"))).toEqual([]);
  });

  it("[BUG] eviction left series behind: one that ended is gone from the page", async () => {
    const hits = defineCounter("test_hits_total", { help: "hits", labels: ["page"] });
    const { context, value } = await start();
    const family = context.telemetry.counter(hits);
    family.cell("home").add();
    expect(await value("test_hits_total", { page: "home" })).toBe(1);
    family.remove("home");
    expect(await value("test_hits_total", { page: "home" })).toBeUndefined();
    family.cell("home").add(5);
    expect(await value("test_hits_total", { page: "home" })).toBe(5);
  });

  it("[BUG] the cap did not bound what is exported: neither of counters nor of gauges that are read", async () => {
    const { context, read } = await start({}, { settings: { metrics: { maxSeries: 100 } } });
    const names = Array.from({ length: 10_000 }, (_, i) => `queue-${i}`);
    context.telemetry.observeGauge(depth, () => names.map((name) => [[name], 1]));
    const hits = defineCounter("test_hits_total", { help: "hits", labels: ["page"] });
    for (const name of names) context.telemetry.counter(hits).cell(name).add();
    await read(); // what did not fit is counted while the page is made
    const families = await read();
    expect(families.get("test_depth")?.samples).toHaveLength(100);
    expect(families.get("test_hits_total")?.samples).toHaveLength(101);
    const other = families.get("test_hits_total")?.samples.find(({ labels }) => labels["page"] === "OTHER");
    expect(other?.value).toBe(9900);
    const overflow = families.get("baldur_label_overflow_total")?.samples;
    expect(overflow?.map(({ labels }) => labels["metric"]).sort()).toEqual(["test_depth", "test_hits_total"]);
  });

  it("[BUG] a metric of two sources was on the page twice: the first holds", async () => {
    const { context, read } = await start();
    const twin = defineGauge("test_depth", { help: "another copy's", labels: ["queue"] });
    context.telemetry.observeGauge(depth, () => [[["mail"], 1]]);
    context.telemetry.observeGauge(twin, () => [[["mail"], 2]]);
    expect((await read()).get("test_depth")?.samples).toEqual([expect.objectContaining({ value: 1 })]);
  });
});

describe("a page under load", () => {
  it("is whole and consistent, for many who ask at a time while calls are made", async () => {
    const { baldur, read } = await start();
    let calling = true;
    const load = async (worker: number): Promise<void> => {
      for (let i = 0; calling; i++) {
        await baldur
          .protect(`name-${worker}-${i % 20}`, i % 3 === 0 ? fail : async () => i)
          .catch(() => undefined);
        if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const workers = [0, 1, 2, 3].map(load);
    const scrape = async (): Promise<number[]> => {
      const counts: number[] = [];
      for (let i = 0; i < 6; i++) {
        await new Promise((resolve) => setImmediate(resolve));
        const families = await read(i % 2 === 0 ? undefined : OPEN_METRICS);
        const samples = families.get("baldur_protect_duration_seconds")?.samples ?? [];
        counts.push(
          samples.filter(({ name }) => name.endsWith("_count")).reduce((sum, { value }) => sum + value, 0),
        );
      }
      return counts;
    };
    const seen = await Promise.all([scrape(), scrape(), scrape()]).finally(() => {
      calling = false;
    });
    await Promise.all(workers);
    for (const counts of seen) {
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      expect(counts.at(-1)).toBeGreaterThan(counts[0] as number);
    }
  });
});
