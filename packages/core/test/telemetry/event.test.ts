import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { declarations } from "../../src/declarations.js";
import { ConfigurationError } from "../../src/errors.js";
import { defineEvent, type EventOptions, LEVELS, type Level } from "../../src/telemetry/event.js";

const define = (name: string, options: Partial<EventOptions> = {}) =>
  defineEvent<object>()(name, { level: "critical", help: "it", ...options });

describe("the definition of an event", () => {
  it("is frozen, and neither journalled nor always printed unless it says so", () => {
    const definition = define("shop.order_placed", { level: "info" });
    expect(definition).toEqual({
      name: "shop.order_placed",
      level: "info",
      help: "it",
      journal: false,
      always: false,
    });
    expect(Object.isFrozen(definition)).toBe(true);
    expect(define("a.b", { journal: true, always: true })).toMatchObject({ journal: true, always: true });
  });

  it.each([
    "",
    "order",
    "shop.",
    ".placed",
    "Shop.placed",
    "shop.Placed",
    "shop.a.b",
    "shop.a-b",
    "shop placed",
    "1.a",
  ])("is refused with the name %j", (name) => {
    expect(() => define(name)).toThrow(ConfigurationError);
    expect(() => define(name)).toThrow(`event ${name} must be named component.entity_action`);
  });

  it.each<[string, Level]>([
    ["write_error", "error"],
    ["write_failed", "warning"],
    ["call_blocked", "warning"],
    ["call_timeout", "warning"],
    ["budget_exhausted", "warning"],
  ])("whose name ends like %s has at least the level %s", (action, least) => {
    for (const level of LEVELS) {
      const make = () => define(`shop.${action}`, { level });
      if (LEVELS.indexOf(level) >= LEVELS.indexOf(least)) expect(make().level).toBe(level);
      else expect(make).toThrow(`event shop.${action} must have level ${least} or above; received ${level}`);
    }
  });

  it("whose name ends otherwise may have any level", () => {
    const action = fc.constantFrom("placed", "error_seen", "failed_over", "erroneous", "unblocked_now");
    fc.assert(
      fc.property(action, fc.constantFrom(...LEVELS), (name, level) => {
        expect(define(`shop.${name}`, { level }).level).toBe(level);
      }),
    );
  });
});

describe("what core declares", () => {
  it("has events with names of their own and a help text", () => {
    const { events } = declarations();
    expect(events.length).toBeGreaterThan(20);
    expect(new Set(events.map(({ name }) => name)).size).toBe(events.length);
    expect(events.filter(({ help }) => help === "")).toEqual([]);
  });

  it("has metrics with names of their own that begin with baldur_, and counters that end with _total", () => {
    const { metrics } = declarations();
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
    expect(metrics.filter(({ name }) => !/^baldur_[a-z0-9_]+$/.test(name))).toEqual([]);
    expect(metrics.filter(({ kind, name }) => kind === "counter" && !name.endsWith("_total"))).toEqual([]);
    expect(metrics.filter(({ kind, name }) => kind !== "counter" && name.endsWith("_total"))).toEqual([]);
  });

  it("has histograms whose bounds ascend and whose common value lies below the highest", () => {
    for (const { kind, name, buckets, common } of declarations().metrics) {
      if (kind !== "histogram") continue;
      expect([name, ...buckets]).toEqual([name, ...[...buckets].sort((a, b) => a - b)]);
      expect(common).toBeLessThanOrEqual(buckets.at(-1) as number);
    }
  });
});
