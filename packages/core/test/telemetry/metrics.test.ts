import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ConfigurationError } from "../../src/errors.js";
import { labelValue } from "../../src/telemetry/label.js";
import { defineCounter, defineGauge, defineHistogram, HistogramCell } from "../../src/telemetry/metric.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";

const hits = defineCounter("hits_total", { help: "hits", labels: ["page"], constant: { site: "shop" } });
const routes = defineCounter("routes_total", { help: "routes", labels: ["method", "path"] });
const all = defineCounter("all_total", { help: "everything" });
const level = defineGauge("level", { help: "a level" });
const drift = defineGauge("drift", { help: "a difference", signed: true });
const seconds = defineHistogram("seconds", { help: "how long", buckets: [0.1, 1, 10], labels: ["page"] });

const create = (maxSeries = 1000) => new TelemetryHub(createFakeClock(), { maxSeries });
const series = (hub: TelemetryHub, metric: string) => hub.metrics().filter(({ name }) => name === metric);
const value = (hub: TelemetryHub, metric: string) => series(hub, metric)[0]?.value;

describe("a counter", () => {
  it("adds up per series, and carries its constant labels", () => {
    const hub = create();
    hub.counter(hits).cell("home").add();
    hub.counter(hits).cell("home").add(2);
    hub.counter(hits).cell("cart").add();
    expect(series(hub, "hits_total")).toEqual([
      { name: "hits_total", type: "counter", help: "hits", labels: { site: "shop", page: "home" }, value: 3 },
      { name: "hits_total", type: "counter", help: "hits", labels: { site: "shop", page: "cart" }, value: 1 },
    ]);
  });

  it("may have no labels, or several", () => {
    const hub = create();
    hub.counter(all).cell().add();
    hub.counter(all).cell().add();
    hub.counter(routes).cell("GET", "x").add();
    hub.counter(routes).cell("GET", "y").add();
    expect(series(hub, "all_total")).toEqual([expect.objectContaining({ labels: {}, value: 2 })]);
    expect(series(hub, "routes_total").map(({ labels }) => labels)).toEqual([
      { method: "GET", path: "x" },
      { method: "GET", path: "y" },
    ]);
  });
});

describe("a gauge", () => {
  it("is held at 0 unless it may be negative", () => {
    const hub = create();
    hub.gauge(level).cell().set(-3);
    hub.gauge(drift).cell().set(-3);
    expect([value(hub, "level"), value(hub, "drift")]).toEqual([0, -3]);
    hub.gauge(level).cell().add(5);
    hub.gauge(level).cell().add(-7);
    hub.gauge(drift).cell().add(-7);
    expect([value(hub, "level"), value(hub, "drift")]).toEqual([0, -10]);
  });
});

describe("a histogram", () => {
  it("counts cumulatively up to each bound, a value on the bound included, and everything in sum and count", () => {
    const hub = create();
    for (const observed of [0.05, 0.1, 0.5, 1, 10, 11]) hub.histogram(seconds).cell("home").observe(observed);
    const [sample] = series(hub, "seconds");
    expect(sample).toMatchObject({
      type: "histogram",
      buckets: [
        { le: 0.1, count: 2 },
        { le: 1, count: 4 },
        { le: 10, count: 5 },
      ],
      count: 6,
    });
    expect(sample?.sum).toBeCloseTo(22.65);
  });

  it("observes the common value as it observes any other", () => {
    const bounds = fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 8 });
    const values = fc.array(fc.integer({ min: 0, max: 150 }), { maxLength: 50 });
    fc.assert(
      fc.property(bounds, values, fc.nat(100), (unsorted, observed, wish) => {
        const sorted = unsorted.sort((a, b) => a - b);
        const common = Math.min(wish, sorted.at(-1) as number);
        const fast = new HistogramCell(sorted, common);
        const plain = new HistogramCell(sorted, common);
        for (const one of observed) {
          plain.observe(one % 2 === 0 ? common : one);
          if (one % 2 === 0) fast.observeCommon();
          else fast.observe(one);
        }
        expect(fast.read()).toEqual(plain.read());
        expect(fast.read()).toEqual(fast.read());
      }),
    );
  });
});

describe("the labels of a metric", () => {
  it.each([
    ["plain_1", "plain_1"],
    ["*", "*"],
    ["a.b-c d/é", "a_b_c_d__"],
    ["", ""],
    ["x".repeat(200), "x".repeat(128)],
  ])("44.4 are written the same way by every metric: %j", (given, written) => {
    expect(labelValue(given)).toBe(written);
    const hub = create();
    hub.counter(hits).cell(given).add();
    hub.observeGauge(defineGauge("seen", { help: "it", labels: ["page"] }), () => [[[given], 1]]);
    expect(series(hub, "hits_total")[0]?.labels["page"]).toBe(written);
    expect(series(hub, "seen")[0]?.labels["page"]).toBe(written);
  });

  it("44.4 join names that differ in punctuation into one series", () => {
    const hub = create();
    hub.counter(hits).cell("a.b").add();
    hub.counter(hits).cell("a-b").add();
    expect(series(hub, "hits_total")).toEqual([expect.objectContaining({ value: 2 })]);
  });
});

describe("the limit on series", () => {
  const overflow = (hub: TelemetryHub, metric: string) =>
    series(hub, "baldur_label_overflow_total").find(({ labels }) => labels["metric"] === metric)?.value;

  it("#43.19 bounds exported series: 10,000 names give at most the cap plus one", () => {
    const hub = create(100);
    for (let n = 0; n < 10_000; n++) hub.counter(hits).cell(`page${n}`).add();
    const samples = series(hub, "hits_total");
    expect(samples).toHaveLength(101);
    expect(samples.at(-1)).toMatchObject({ labels: { page: "OTHER" }, value: 9900 });
    expect(overflow(hub, "hits_total")).toBe(9900);
    expect(samples.reduce((sum, sample) => sum + (sample.value ?? 0), 0)).toBe(10_000);
  });

  it("#43.19 keeps counting the series that it has, and labels every label of the others OTHER", () => {
    const hub = create(1);
    hub.counter(routes).cell("GET", "x").add();
    hub.counter(routes).cell("GET", "y").add();
    hub.counter(routes).cell("GET", "x").add();
    expect(series(hub, "routes_total").map(({ labels, value }) => [labels, value])).toEqual([
      [{ method: "GET", path: "x" }, 2],
      [{ method: "OTHER", path: "OTHER" }, 1],
    ]);
    expect(overflow(hub, "routes_total")).toBe(1);
  });

  it("#43.19 holds for the count of overflows itself, without end", () => {
    const hub = create(2);
    for (let n = 0; n < 10; n++) {
      const own = hub.counter(defineCounter(`m${n}_total`, { help: "it", labels: ["x"] }));
      for (let x = 0; x < 4; x++) own.cell(`v${x}`).add();
    }
    expect(series(hub, "baldur_label_overflow_total")).toHaveLength(3);
  });
});

describe("the definition of a metric", () => {
  it.each(["", "1up", "with-dash", "with space"])("is refused with the name %j", (name) => {
    expect(() => defineCounter(name, { help: "it" })).toThrow(ConfigurationError);
  });

  it("may be repeated alike, and not with other labels, buckets or of another kind", () => {
    const hub = create();
    hub.counter(hits).cell("home").add();
    hub
      .counter(defineCounter("hits_total", { help: "again", labels: ["page"] }))
      .cell("home")
      .add();
    expect(value(hub, "hits_total")).toBe(2);
    const otherLabels = defineCounter("hits_total", { help: "it", labels: ["path"] });
    expect(() => hub.counter(otherLabels)).toThrow("metric hits_total is declared twice");
    expect(() => hub.gauge(defineGauge("hits_total", { help: "it", labels: ["page"] }))).toThrow(
      ConfigurationError,
    );
    hub.histogram(seconds);
    const otherBuckets = defineHistogram("seconds", { help: "it", labels: ["page"], buckets: [1] });
    expect(() => hub.histogram(otherBuckets)).toThrow(ConfigurationError);
  });
});
