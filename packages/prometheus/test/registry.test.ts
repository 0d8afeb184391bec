import { defineCounter } from "@baldur/core/plugin";
import { createFakeClock, recordTelemetry } from "@baldur/testkit";
import { afterEach, describe, expect, it } from "@jest/globals";
import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry, Summary } from "prom-client";
import { expose, OPEN_METRICS, type Shown } from "./fixture.js";
import { parse } from "./grammar.js";

let shown: Shown | undefined;
const start = async (...given: Parameters<typeof expose>): Promise<Shown> => {
  shown = await expose(...given);
  return shown;
};
afterEach(async () => {
  await shown?.baldur.close();
  shown = undefined;
});

function hostRegistry(registry = new Registry()) {
  const registers = [registry];
  new Counter({ name: "orders_total", help: "orders", labelNames: ["kind"], registers }).inc(
    { kind: "a" },
    3,
  );
  new Counter({ name: "visits", help: "named before the convention", registers }).inc(2);
  new Gauge({ name: "stock", help: 'says "stock"', labelNames: ["code"], registers }).set({ code: 7 }, -4);
  new Histogram({ name: "weight", help: "weights", buckets: [1, 2.5], registers }).observe(2);
  new Summary({ name: "size", help: "sizes", percentiles: [0.5, 1], registers }).observe(5);
  return registry;
}

describe("a registry of the host", () => {
  it("is on Baldur's page, in both formats", async () => {
    const { read } = await start({ registry: hostRegistry() });
    const text = await read();
    expect(text.get("orders_total")?.samples).toEqual([
      { name: "orders_total", labels: { kind: "a" }, value: 3 },
    ]);
    expect(text.get("visits")?.samples).toEqual([{ name: "visits", labels: {}, value: 2 }]);
    expect(text.get("stock")).toMatchObject({
      help: 'says "stock"',
      samples: [{ name: "stock", labels: { code: "7" }, value: -4 }],
    });
    expect(text.get("weight")?.samples.map(({ labels, value }) => [labels["le"], value])).toEqual([
      ...[
        ["1", 0],
        ["2.5", 1],
        ["+Inf", 1],
      ],
      ...[
        [undefined, 2],
        [undefined, 1],
      ],
    ]);
    expect(text.get("size")?.samples).toHaveLength(4);
    const open = await read(OPEN_METRICS);
    expect(open.get("orders")?.samples[0]?.value).toBe(3);
    expect(open.get("visits")?.samples).toEqual([{ name: "visits_total", labels: {}, value: 2 }]);
    expect(open.get("weight")?.samples.map(({ labels }) => labels["le"])).toEqual([
      ...["1.0", "2.5", "+Inf"],
      ...[undefined, undefined],
    ]);
  });

  it("has Baldur's metrics on its own page, as they are when it is asked", async () => {
    const registry = hostRegistry();
    const { baldur } = await start({ registry });
    const value = async (line: string) =>
      [...parse(await registry.metrics()).values()]
        .flatMap(({ samples }) => samples)
        .find(({ name, labels }) => name === line && (labels["name"] ?? labels["service"] ?? "pay") === "pay")
        ?.value;
    expect(await value("baldur_up")).toBe(1);
    await baldur.protect("pay", async () => 1);
    await registry.metrics(); // a metric's first recording is on the page after next
    expect(await value("baldur_protect_duration_seconds_count")).toBe(1);
    await baldur.protect("pay", async () => 1);
    expect(await value("baldur_protect_duration_seconds_count")).toBe(2);
    expect(await value("baldur_circuit_breaker_state")).toBe(0);
    expect(await value("orders_total")).toBe(3);
  });

  it("shows the same of Baldur as Baldur's page does", async () => {
    const registry = hostRegistry();
    const { baldur, read } = await start({ registry });
    for (const name of ["a", 'b"\\\n'.trim(), "c"]) await baldur.protect(name, async () => 1);
    await read();
    const own = await read();
    const theirs = parse(await registry.metrics());
    for (const [name, { type, help, samples }] of own) {
      expect(theirs.get(name)).toMatchObject({ type, help });
      expect(theirs.get(name)?.samples.map(keyed).sort()).toEqual(samples.map(keyed).sort());
    }
  });

  it("is left as it was when the runtime closes", async () => {
    const registry = hostRegistry();
    const before = await registry.metrics();
    const { baldur, read } = await start({ registry });
    await baldur.protect("pay", async () => 1);
    await read();
    await baldur.close();
    expect(await registry.metrics()).toBe(before);
  });

  it("[BUG] metrics were registered twice on a reload: those of a runtime that never closed are taken over", async () => {
    const registry = new Registry();
    const forgotten = await expose({ registry });
    const { baldur, read } = await start({ registry });
    await baldur.protect("new", async () => 1);
    await registry.metrics();
    const page = await registry.metrics();
    expect(parse(page).get("baldur_circuit_breaker_state")?.samples).toMatchObject([
      { labels: { service: "new" } },
    ]);
    await forgotten.baldur.close();
    expect(parse(await registry.metrics()).has("baldur_up")).toBe(true);
    expect((await read()).has("baldur_up")).toBe(true);
  });

  it("keeps a metric of its own that has a name of Baldur's, which is told once", async () => {
    const registry = new Registry();
    new Gauge({ name: "baldur_up", help: "the host's", registers: [registry] }).set(42);
    const { read, page, events } = await start({ registry });
    expect((await read()).get("baldur_up")?.samples).toHaveLength(1);
    expect((await page()).body.match(/# TYPE baldur_up /g)).toHaveLength(1);
    expect(parse(await registry.metrics()).get("baldur_up")?.samples[0]?.value).toBe(42);
    expect(events.filter(({ name }) => name === "prometheus.name_taken")).toMatchObject([
      { payload: { metric: "baldur_up" } },
    ]);
  });

  it("has its default labels on every series, where the series has none of that name", async () => {
    const registry = hostRegistry();
    registry.setDefaultLabels({ app: "shop", service: "all" });
    const { baldur, read } = await start({ registry });
    await baldur.protect("pay", async () => 1);
    const families = await read();
    expect(families.get("stock")?.samples[0]?.labels).toEqual({ app: "shop", service: "all", code: "7" });
    expect(families.get("baldur_circuit_breaker_state")?.samples[0]?.labels).toEqual({
      app: "shop",
      service: "pay",
    });
  });

  it("whose metric fails costs that metric alone, and is told once", async () => {
    const registry = hostRegistry();
    new Gauge({
      name: "broken",
      help: "x",
      registers: [registry],
      collect: () => {
        throw new Error("away");
      },
    });
    const { baldur, read } = await start({ registry });
    const telemetry = recordTelemetry(baldur);
    for (let i = 0; i < 2; i++) {
      const families = await read();
      expect([families.has("broken"), families.has("stock"), families.has("baldur_up")]).toEqual([
        false,
        true,
        true,
      ]);
    }
    expect(telemetry.named("prometheus.source_failed").map(({ payload }) => payload)).toEqual([
      { metric: "broken", error: "away" },
    ]);
  });

  it("whose metric never answers costs that metric alone, and five seconds", async () => {
    const clock = createFakeClock();
    const registry = hostRegistry();
    const collect = () => new Promise<void>(() => undefined);
    new Gauge({ name: "hanging", help: "x", registers: [registry], collect });
    const { read, events } = await start({ registry }, { clock });
    const page = read();
    await clock.advance(4999);
    expect(events.some(({ name }) => name === "prometheus.source_failed")).toBe(false);
    await clock.advance(1);
    const families = await page;
    expect([families.has("hanging"), families.has("stock"), families.has("baldur_up")]).toEqual([
      false,
      true,
      true,
    ]);
    expect(events.some(({ name }) => name === "prometheus.source_failed")).toBe(true);
  });

  it("may be one of OpenMetrics, with exemplars", async () => {
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const sold = new Counter({ name: "sold_total", help: "x", enableExemplars: true, registers: [registry] });
    sold.inc({ value: 2, exemplarLabels: { trace: "abc" } } as never);
    const { page, read } = await start({ registry: registry as never });
    for (let i = 0; i < 2; i++) {
      expect(parse(await registry.metrics(), true).has("baldur_up")).toBe(true);
      expect((await page(OPEN_METRICS)).body).toMatch(/^sold_total 2 # \{trace="abc"\} 2 [\d.]+$/m);
      expect((await read()).get("sold_total")?.samples[0]?.value).toBe(2);
    }
  });

  it("[BUG] prom-client renames counters for good when it writes OpenMetrics: pages in turn stay the same", async () => {
    const { context, page } = await start({ registry: hostRegistry() });
    context.telemetry
      .counter(defineCounter("test_total", { help: "x" }))
      .cell()
      .add();
    await page();
    const first = [await page(), await page(OPEN_METRICS)];
    const second = [await page(), await page(OPEN_METRICS)];
    expect(second).toEqual(first);
  });
});

describe("the metrics of the process", () => {
  it("are there when they are asked for, once, and not otherwise", async () => {
    const plain = await start();
    expect((await plain.read()).has("process_cpu_user_seconds_total")).toBe(false);
    await plain.baldur.close();
    const registry = new Registry();
    const { read, baldur } = await start({ registry }, { env: { BALDUR_METRICS_DEFAULT_METRICS: "true" } });
    for (const name of [
      "process_cpu_user_seconds_total",
      "nodejs_heap_size_used_bytes",
      "nodejs_version_info",
    ])
      expect((await read()).get(name)?.samples).toHaveLength(1);
    expect((await read(OPEN_METRICS)).has("process_cpu_user_seconds")).toBe(true);
    await baldur.close();
    const again = await start({ registry, defaultMetrics: true });
    expect((await again.read()).has("process_cpu_user_seconds_total")).toBe(true);
  });

  it("need no registry of the host", async () => {
    const { read } = await start({ defaultMetrics: true });
    expect((await read()).has("process_resident_memory_bytes")).toBe(true);
  });
});

function keyed({ name, labels, value }: { name: string; labels: object; value: number }): string {
  return JSON.stringify([name, Object.entries(labels).sort(), value]);
}
