import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import type { TelemetryEvent } from "../../src/telemetry/event.js";
import { defineGauge } from "../../src/telemetry/metric.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { succeeds, testRuntime } from "../runtime.js";

const depth = defineGauge("depth", { help: "how deep", labels: ["queue"], constant: { site: "shop" } });

function create() {
  const hub = new TelemetryHub(createFakeClock());
  const failures: TelemetryEvent[] = [];
  hub.subscribe("telemetry.reader_failed", (event) => failures.push(event));
  const read = () => hub.metrics().filter(({ name }) => name === "depth");
  return { hub, failures, read };
}

describe("an observed gauge", () => {
  it("44.4 is read anew whenever someone asks", () => {
    const { hub, read } = create();
    let now = 1;
    hub.observeGauge(depth, () => [[["mail"], now]]);
    expect(read()).toEqual([
      { name: "depth", type: "gauge", help: "how deep", labels: { site: "shop", queue: "mail" }, value: 1 },
    ]);
    now = 2;
    expect(read()[0]?.value).toBe(2);
  });

  it.each([[undefined], [Number.NaN]])(
    "44.4 whose value is %d is absent, not 0, and its others stay",
    (value) => {
      const { hub, read } = create();
      hub.observeGauge(depth, () => [
        [["mail"], value],
        [["jobs"], 0],
      ]);
      expect(read().map(({ labels, value }) => [labels["queue"], value])).toEqual([["jobs", 0]]);
    },
  );

  it("is held at 0 where it is read to be less, unless it is signed", () => {
    const { hub, read } = create();
    const signed = defineGauge("drift", { help: "a difference", signed: true });
    hub.observeGauge(depth, () => [
      [["mail"], -3],
      [["jobs"], Number.NEGATIVE_INFINITY],
    ]);
    hub.observeGauge(signed, () => [[[], -3]]);
    expect(read().map(({ value }) => value)).toEqual([0, 0]);
    expect(hub.metrics()).toContainEqual(expect.objectContaining({ name: "drift", value: -3 }));
  });

  it("44.4 that cannot be read is absent, not 0, and is reported once", () => {
    const { hub, failures, read } = create();
    hub.observeGauge(depth, () => {
      throw new Error("gone");
    });
    hub.observeGauge(defineGauge("other", { help: "it" }), () => [[[], 7]]);
    for (let n = 0; n < 3; n++) expect(read()).toEqual([]);
    expect(hub.metrics()).toContainEqual(expect.objectContaining({ name: "other", value: 7 }));
    expect(failures.map(({ payload }) => payload)).toEqual([{ metric: "depth", error: "gone" }]);
  });

  it("44.4 that fails half-way through its series is absent as a whole", () => {
    const { hub, failures, read } = create();
    hub.observeGauge(depth, function* () {
      yield [["mail"], 1];
      throw new Error("gone");
    });
    expect(read()).toEqual([]);
    expect(failures).toHaveLength(1);
  });

  it("is there again when it can be read again", () => {
    const { hub, read } = create();
    let broken = true;
    hub.observeGauge(depth, () => {
      if (broken) throw new Error("gone");
      return [[["mail"], 3]];
    });
    expect(read()).toEqual([]);
    broken = false;
    expect(read()[0]?.value).toBe(3);
  });

  it("is gone after its disposal", () => {
    const { hub, read } = create();
    hub.observeGauge(depth, () => [[["mail"], 1]])[Symbol.dispose]();
    expect(read()).toEqual([]);
  });
});

describe("the metrics of a runtime", () => {
  it("#43.19 stay within the cap plus one per metric after 10,000 names", async () => {
    const { baldur } = testRuntime({
      settings: { metrics: { maxSeries: 100 }, circuitBreaker: { maxBreakers: 10_000 } },
    });
    for (let n = 0; n < 10_000; n++) await baldur.protect(`name${n}`, succeeds, { retry: true });
    const counts = new Map<string, number>();
    for (const { name } of baldur.telemetry.metrics()) counts.set(name, (counts.get(name) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > 101)).toEqual([]);
  });
});
