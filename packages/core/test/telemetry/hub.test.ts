import diagnostics from "node:diagnostics_channel";
import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { ConfigurationError } from "../../src/errors.js";
import { defineEvent, type TelemetryEvent } from "../../src/telemetry/event.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";

const placed = defineEvent<{ order: string }>()("shop.order_placed", { level: "info", help: "an order" });
const paid = defineEvent<{ order: string }>()("shop.order_paid", { level: "info", help: "a payment" });
const create = () => new TelemetryHub(createFakeClock());
const boom = (): never => {
  throw new Error("boom");
};
const errors = (hub: TelemetryHub, sink: string) =>
  hub
    .metrics()
    .find(({ name, labels }) => name === "baldur_telemetry_sink_errors_total" && labels["sink"] === sink)
    ?.value;

describe("the telemetry hub", () => {
  it("tells a listener about every event, with name, level, time, payload and correlation", () => {
    const hub = create();
    const events: TelemetryEvent[] = [];
    hub.subscribe((event) => events.push(event));
    hub.report(placed, { order: "a" }, "trace-1");
    hub.report(paid, { order: "b" });
    expect(events).toEqual([
      {
        name: "shop.order_placed",
        level: "info",
        at: new Date("2026-01-01T00:00:00Z"),
        payload: { order: "a" },
        correlationId: "trace-1",
      },
      expect.objectContaining({ name: "shop.order_paid" }),
    ]);
    expect(events[1]).not.toHaveProperty("correlationId");
  });

  it("tells a listener by name about that event alone", () => {
    const hub = create();
    const events: string[] = [];
    hub.subscribe("shop.order_paid", ({ name }) => events.push(name));
    hub.report(placed, { order: "a" });
    hub.report(paid, { order: "a" });
    expect(events).toEqual(["shop.order_paid"]);
  });

  it("tells a listener nothing after its disposal, and others still", () => {
    const hub = create();
    const events: string[] = [];
    const first = hub.subscribe(() => events.push("first"));
    hub.subscribe(() => events.push("second"));
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    hub.report(placed, { order: "a" });
    expect(events).toEqual(["second"]);
  });

  it("keeps two subscriptions of one function apart", () => {
    const hub = create();
    const events: string[] = [];
    const listener = ({ name }: TelemetryEvent) => void events.push(name);
    hub.subscribe(listener)[Symbol.dispose]();
    hub.subscribe(listener);
    hub.subscribe(listener);
    hub.report(placed, { order: "a" });
    expect(events).toHaveLength(2);
  });

  it.each([[undefined], ["shop.order_paid", undefined]])(
    "refuses a subscription without a function: %j %j",
    (...args) => {
      expect(() => create().subscribe(...(args as [never]))).toThrow(ConfigurationError);
    },
  );

  it("isolates a listener that throws, counts every time and reports it once", () => {
    const hub = create();
    const events: TelemetryEvent[] = [];
    hub.subscribe("shop.order_placed", boom);
    hub.subscribe((event) => events.push(event));
    for (let n = 0; n < 3; n++) expect(() => hub.report(placed, { order: "a" })).not.toThrow();
    expect(events.filter(({ name }) => name === "shop.order_placed")).toHaveLength(3);
    expect(
      events.filter(({ name }) => name === "telemetry.sink_failed").map(({ payload }) => payload),
    ).toEqual([{ sink: "listener", error: "boom" }]);
    expect(errors(hub, "listener")).toBe(3);
  });

  it("reports each of two listeners that throw", () => {
    const hub = create();
    const failed: TelemetryEvent[] = [];
    hub.subscribe("shop.order_placed", boom);
    hub.subscribe("shop.order_paid", boom);
    hub.subscribe("telemetry.sink_failed", (event) => failed.push(event));
    hub.report(placed, { order: "a" });
    hub.report(paid, { order: "a" });
    expect(failed).toHaveLength(2);
  });

  it.each([
    ["undefined", undefined],
    ["null", null],
    ["an object without a prototype", Object.create(null)],
  ])("never throws at whoever reports, whatever a listener throws: %s", (_, thrown) => {
    const hub = create();
    hub.subscribe(() => {
      throw thrown;
    });
    expect(() => hub.report(placed, { order: "a" })).not.toThrow();
  });

  it("names the sink that throws", () => {
    const hub = create();
    hub.addSink({ name: "journal", emit: ({ name }) => (name === "shop.order_placed" ? boom() : undefined) });
    hub.report(placed, { order: "a" });
    expect(errors(hub, "journal")).toBe(1);
  });

  it("lets a sink report, and everyone is told about both events", () => {
    const hub = create();
    const events: string[] = [];
    hub.subscribe("shop.order_placed", () => hub.report(paid, { order: "a" }));
    hub.subscribe(({ name }) => events.push(name));
    hub.report(placed, { order: "a" });
    expect(events.sort()).toEqual(["shop.order_paid", "shop.order_placed"]);
  });

  it("never throws at whoever reports, even when a sink answers every event with another", () => {
    const hub = create();
    let told = 0;
    hub.subscribe(() => {
      told++;
      hub.report(paid, { order: "a" });
    });
    expect(() => hub.report(placed, { order: "a" })).not.toThrow();
    expect(told).toBeGreaterThan(0);
  });

  it("takes a listener that comes or goes while an event is told", () => {
    const hub = create();
    const events: string[] = [];
    const own = hub.subscribe(() => {
      own[Symbol.dispose]();
      hub.subscribe("shop.order_paid", () => events.push("late"));
    });
    hub.report(placed, { order: "a" });
    hub.report(paid, { order: "a" });
    expect(events).toEqual(["late"]);
  });

  it("publishes every event on baldur:event and on a channel of its own, also when nobody subscribed", () => {
    const hub = create();
    const seen: [string, unknown][] = [];
    const listen = (message: unknown, channel: string | symbol) =>
      void seen.push([String(channel), (message as TelemetryEvent).payload]);
    const channels = ["baldur:event", "baldur:shop.order_placed"];
    for (const channel of channels) diagnostics.subscribe(channel, listen);
    try {
      hub.report(placed, { order: "a" });
      hub.report(paid, { order: "b" });
    } finally {
      for (const channel of channels) diagnostics.unsubscribe(channel, listen);
    }
    expect(seen).toEqual([
      ["baldur:event", { order: "a" }],
      ["baldur:shop.order_placed", { order: "a" }],
      ["baldur:event", { order: "b" }],
    ]);
  });
});
