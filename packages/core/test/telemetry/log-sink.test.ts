import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { defineEvent, type EventOptions, LEVELS, type Level } from "../../src/telemetry/event.js";
import { LogSink } from "../../src/telemetry/sinks/log.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { type SILENT, testRuntime } from "../runtime.js";

type Line = Record<string, unknown>;

let clock: FakeClock;
let hub: TelemetryHub;
let sink: LogSink;
let lines: { method: string; fields: Line; message: string }[];

const logger = Object.fromEntries(
  ["debug", "info", "warn", "error"].map((method) => [
    method,
    (fields: object, message: string) => void lines.push({ method, fields: fields as Line, message }),
  ]),
) as unknown as typeof SILENT;
const define = (name: string, options: Partial<EventOptions> = {}) =>
  defineEvent<Line>()(name, { level: "warning", help: "it", ...options });
const reported = (times: number, level: Level, name = "shop.it_happened") => {
  for (let n = 1; n <= times; n++) hub.report(define(name, { level }), { n });
};
const written = () => lines.map(({ fields }) => fields["event"]);

beforeEach(() => {
  clock = createFakeClock();
  lines = [];
  hub = new TelemetryHub(clock);
  sink = new LogSink(logger, clock, {
    root: "warning",
    dlq: "info",
    cb: "error",
    replay: "info",
    sla: "critical",
  });
  hub.addSink(sink);
});

describe("the log", () => {
  it("has a line with time, level, name and payload per event, and the name as its message", () => {
    hub.report(define("shop.it_happened"), { order: "a" }, "trace-1");
    expect(lines).toEqual([
      {
        method: "warn",
        message: "shop.it_happened",
        fields: {
          timestamp: "2026-01-01T00:00:00.000Z",
          level: "warning",
          event: "shop.it_happened",
          order: "a",
          correlation_id: "trace-1",
        },
      },
    ]);
  });

  it.each<[Level, string]>([
    ["debug", "debug"],
    ["info", "info"],
    ["warning", "warn"],
    ["error", "error"],
    ["critical", "error"],
  ])("writes the level %s through %s() of the logger", (level, method) => {
    hub.report(define("shop.it_happened", { level, always: true }), {});
    expect(lines.map((line) => [line.method, line.fields["level"]])).toEqual([[method, level]]);
  });

  it("keeps quiet about events below the level of their family, else of the root", () => {
    for (const family of [undefined, "dlq", "cb", "sla"] as const) {
      for (const level of LEVELS) {
        const name = `${family ?? "root"}.of_${level}`;
        hub.report(define(name, { level, ...(family !== undefined && { family }) }), {});
      }
    }
    expect(written()).toEqual([
      ...["root.of_warning", "root.of_error", "root.of_critical"],
      ...["dlq.of_info", "dlq.of_warning", "dlq.of_error", "dlq.of_critical"],
      ...["cb.of_error", "cb.of_critical", "sla.of_critical"],
    ]);
  });

  it("writes what is always to be written, at its own level", () => {
    hub.report(define("shop.it_started", { level: "info", always: true, family: "sla" }), {});
    expect(lines.map(({ method }) => method)).toEqual(["info"]);
  });

  it("follows a level that is set later", () => {
    sink.setLevel("root", "debug");
    sink.setLevel("cb", "critical");
    reported(1, "debug");
    hub.report(define("cb.it_happened", { level: "error", family: "cb" }), {});
    expect(written()).toEqual(["shop.it_happened"]);
  });

  it("lets the payload name neither another event, time nor level", () => {
    hub.report(define("shop.it_happened"), { event: "forged", level: "debug", timestamp: "never" });
    expect(lines[0]?.fields).toMatchObject({ event: "shop.it_happened", level: "warning" });
  });
});

describe("the log under a burst", () => {
  it("has ten of one event in ten seconds, and then how many were left out", async () => {
    reported(25, "warning");
    expect(lines.map(({ fields }) => fields["n"])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await clock.advance(9999);
    reported(1, "warning");
    expect(lines).toHaveLength(10);
    await clock.advance(1);
    reported(1, "warning");
    expect(lines.slice(10).map(({ fields }) => fields)).toEqual([
      expect.objectContaining({
        event: "telemetry.events_suppressed",
        suppressed_event: "shop.it_happened",
        suppressed: 16,
      }),
      expect.objectContaining({ event: "shop.it_happened" }),
    ]);
  });

  it("says so once per burst, and nothing after a period without one", async () => {
    reported(11, "warning");
    await clock.advance(10_000);
    reported(3, "warning");
    await clock.advance(10_000);
    reported(1, "warning");
    expect(written().filter((name) => name === "telemetry.events_suppressed")).toHaveLength(1);
    expect(lines).toHaveLength(10 + 1 + 3 + 1);
  });

  it("counts events by name", () => {
    reported(20, "warning", "shop.one_happened");
    reported(5, "warning", "shop.other_happened");
    expect(lines).toHaveLength(15);
  });

  it.each<Level>(["error", "critical"])("never leaves out an event of level %s", (level) => {
    reported(200, level);
    expect(lines).toHaveLength(200);
  });

  it("does not notice a wall clock that is set", async () => {
    reported(11, "warning");
    clock.set(0);
    reported(1, "warning");
    await clock.advance(10_000);
    reported(1, "warning");
    expect(written().slice(10)).toEqual(["telemetry.events_suppressed", "shop.it_happened"]);
  });
});

describe("a logger that throws", () => {
  it("is isolated from whoever reports, and counted", () => {
    const throwing = () => {
      throw new Error("disk full");
    };
    const { baldur } = testRuntime({
      logger: { debug: throwing, info: throwing, warn: throwing, error: throwing },
    });
    const sinkErrors = () =>
      baldur.telemetry.metrics().find(({ name }) => name === "baldur_telemetry_sink_errors_total");
    return expect(
      baldur.control.disable({ actor: "ops", reason: "test" }).then(() => sinkErrors()),
    ).resolves.toMatchObject({ labels: { sink: "log" }, value: expect.any(Number) });
  });
});
