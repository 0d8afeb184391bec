import { defineCounter, defineGauge, metricsSlot } from "@baldur/core/plugin";
import { recordTelemetry } from "@baldur/testkit";
import { afterEach, describe, expect, it } from "@jest/globals";
import { expose, type Shown } from "./fixture.js";

const hits = defineCounter("test_hits_total", { help: "hits", labels: ["method", "page"] });
const depth = defineGauge("test_depth", { help: "depth", labels: ["queue"] });

let shown: Shown;
const start = async () => {
  shown = await expose({}, { settings: { metrics: { maxSeries: 100 } } });
  const { baldur, context, page } = shown;
  const telemetry = recordTelemetry(baldur);
  const hit = (from: number, to: number): void => {
    for (let i = from; i < to; i++)
      context.telemetry
        .counter(hits)
        .cell(i % 2 ? "GET" : "PUT", `page_${i}`)
        .add();
  };
  const report = () => baldur.slots.get(metricsSlot).cardinality();
  const told = () => telemetry.named("prometheus.cardinality_high");
  return { context, page, hit, report, told };
};
afterEach(() => shown.baldur.close());

describe("the report on cardinality", () => {
  it("has the metric that is nearest to its limit first, and the label that makes it so", async () => {
    const { context, hit, report, page } = await start();
    hit(0, 60);
    context.telemetry.observeGauge(depth, () => [[["mail"], 1]]);
    await page();
    hit(60, 90);
    await page();
    expect(report()[0]).toEqual({
      metric: "test_hits_total",
      series: 90,
      limit: 100,
      growth: 30,
      overflowed: 0,
      labels: [
        { label: "page", values: 90, newest: ["page_89", "page_88", "page_87", "page_86", "page_85"] },
        { label: "method", values: 2, newest: ["GET", "PUT"] },
      ],
    });
    expect(report().find(({ metric }) => metric === "test_depth")).toMatchObject({ series: 1, limit: 100 });
    expect(report().some(({ metric }) => metric === "baldur_circuit_breaker_state")).toBe(false);
  });

  it("counts what found no place", async () => {
    const { hit, report } = await start();
    hit(0, 250);
    expect(report()[0]).toMatchObject({ metric: "test_hits_total", series: 101, overflowed: 150 });
  });

  it("is there before any page was made", async () => {
    const { hit, report } = await start();
    hit(0, 10);
    expect(report()[0]).toMatchObject({ metric: "test_hits_total", series: 10, growth: 0 });
  });
});

describe("a metric at four fifths of its limit", () => {
  it("is told of once, with the label and its newest values, until it was smaller again", async () => {
    const { context, hit, told, page } = await start();
    hit(0, 79);
    await page();
    expect(told()).toEqual([]);
    hit(79, 80);
    for (let i = 0; i < 3; i++) await page();
    expect(told()).toMatchObject([
      {
        level: "warning",
        payload: {
          metric: "test_hits_total",
          series: 80,
          limit: 100,
          label: "page",
          values: 80,
          newest: ["page_79", "page_78", "page_77", "page_76", "page_75"],
        },
      },
    ]);
    for (let i = 0; i < 30; i++) context.telemetry.counter(hits).remove(i % 2 ? "GET" : "PUT", `page_${i}`);
    await page();
    hit(100, 130);
    await page();
    expect(told()).toHaveLength(2);
  });

  it("may have no label at fault", async () => {
    const { context, told, page } = await start();
    context.telemetry.observeGauge(depth, () => Array.from({ length: 95 }, (_, i) => [[`q${i}`], i]));
    await page();
    expect(told().map(({ payload }) => payload["label"])).toEqual(["queue"]);
  });
});
