import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Entitlement, EntitlementRequest } from "../../src/plugins/entitlement.js";
import { PluginHost, type Surroundings } from "../../src/plugins/host.js";
import type { Plugin } from "../../src/plugins/plugin.js";
import { SlotTable } from "../../src/slots/slot.js";
import { SLOTS } from "../../src/slots/slots.js";
import type { TelemetryEvent } from "../../src/telemetry/event.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { fails, succeeds, testRuntime } from "../runtime.js";

const DAY = 86_400_000;
const ACTIVE: Entitlement = {
  status: "active",
  organisation: "Acme",
  plan: "annual",
  expires: "2026-12-31",
};
const TERM = { org: "Acme", plan: "annual", expires: "2026-12-31" };
const on = (date: string, time = "12:00:00"): number => Date.parse(`${date}T${time}Z`);

let clock: FakeClock;
let telemetry: TelemetryHub;
let events: TelemetryEvent[];
/** What the entitlement answers now. */
let answer: () => Entitlement | Promise<Entitlement>;
let requests: EntitlementRequest[];
let variables: Record<string, string>;

const entitlement = async (request: EntitlementRequest): Promise<Entitlement> => {
  requests.push(request);
  return answer();
};
const plugin = (name: string, rest: Partial<Plugin> = { entitlement }): Plugin => ({
  name,
  register: () => undefined,
  ...rest,
});

async function boot(...plugins: Plugin[]): Promise<PluginHost> {
  const host = new PluginHost({
    slots: new SlotTable(SLOTS),
    telemetry,
    clock,
    surroundings: () => ({ clock, telemetry }) as unknown as Surroundings,
    env: (name) => variables[name],
  });
  await host.load(plugins);
  await host.start();
  return host;
}

const told = (): [string, object][] =>
  events
    .filter(({ name }) => name.startsWith("entitlement."))
    .map(({ name, payload }) => [name.slice("entitlement.".length), payload]);
const gauge = (name: string): number | undefined =>
  telemetry.metrics().find((sample) => sample.name === `baldur_entitlement_${name}`)?.value;

function startAt(time: number): void {
  clock = createFakeClock(time);
  telemetry = new TelemetryHub(clock);
  telemetry.subscribe((event) => events.push(event));
}

beforeEach(() => {
  events = [];
  requests = [];
  variables = {};
  answer = () => ACTIVE;
  startAt(on("2026-06-15"));
});

describe("an entitlement is asked", () => {
  it("with the environment and the clock, once for all plugins that carry it", async () => {
    variables = { BALDUR_LICENSE_KEY: "token" };
    await boot(plugin("a"), plugin("b"));
    expect(requests).toEqual([{ env: expect.any(Function), clock, force: false }]);
    expect(requests[0]?.env("BALDUR_LICENSE_KEY")).toBe("token");
    expect(requests[0]?.env("OTHER")).toBeUndefined();
  });

  it("by a runtime for its own environment as it is then, trimmed", async () => {
    const env: Record<string, string> = { BALDUR_LICENSE_FILE: " /etc/licence\n", BALDUR_LICENSE_KEY: " " };
    const { baldur } = testRuntime({ env, plugins: [plugin("a")] });
    await baldur.start();
    const [request] = requests;
    expect(request?.env("BALDUR_LICENSE_FILE")).toBe("/etc/licence");
    expect(request?.env("BALDUR_LICENSE_KEY")).toBeUndefined();
    env["BALDUR_LICENSE_KEY"] = "late";
    expect(request?.env("BALDUR_LICENSE_KEY")).toBe("late");
    await baldur.close();
  });
});

describe("at boot, once for all plugins that carry it,", () => {
  it.each([
    ["active", ACTIVE, ["token_validated", TERM], "info"],
    [
      "missing",
      { status: "missing", reason: "none is set" },
      ["token_missing", { reason: "none is set" }],
      "info",
    ],
    [
      "invalid",
      { status: "invalid", reason: "altered" },
      ["token_invalid", { reason: "altered" }],
      "warning",
    ],
    ["expired", { status: "expired", reason: "over" }, ["token_invalid", { reason: "over" }], "warning"],
    [
      "expired for no reason",
      { status: "expired" },
      ["token_invalid", { reason: "it is expired" }],
      "warning",
    ],
  ] as const)("an entitlement that is %s is told", async (_, verdict, event, level) => {
    answer = () => verdict;
    await boot(plugin("a"), plugin("b"));
    expect(told()).toEqual([event]);
    expect(events.find(({ name }) => name.startsWith("entitlement."))?.level).toBe(level);
  });

  it("one that is never needed is told nothing of, and not measured", async () => {
    const host = await boot(plugin("a", {}));
    expect(told()).toEqual([]);
    expect([gauge("status"), gauge("expiry_days")]).toEqual([undefined, undefined]);
    expect(clock.pending).toBe(0);
    await host.close();
  });
});

describe("the end of an entitlement", () => {
  it.each([
    ["2026-12-16", undefined],
    ["2026-12-17", 14],
    ["2026-12-30", 1],
    ["2026-12-31", 0],
  ])("is warned of from 14 days before: on %s it is %s days off", async (date, days) => {
    startAt(on(date, "23:59:59"));
    await boot(plugin("a"), plugin("b"));
    expect(told().slice(1)).toEqual(days === undefined ? [] : [["expires_soon", { ...TERM, days }]]);
  });

  it("is warned of whatever the log level is", async () => {
    startAt(on("2026-12-20"));
    const always: string[] = [];
    telemetry.addSink({
      name: "log",
      emit: ({ name }, definition) => definition.always && always.push(`${definition.level} ${name}`),
    });
    await boot(plugin("a"));
    expect(always).toEqual(["warning entitlement.expires_soon"]);
  });

  it("that comes nearer while the process runs is warned of once a day", async () => {
    startAt(on("2026-12-15"));
    const host = await boot(plugin("a"));
    await clock.advance(DAY);
    expect(told()).toEqual([["token_validated", TERM]]);
    await clock.advance(2 * DAY);
    expect(told().slice(1)).toEqual([
      ["expires_soon", { ...TERM, days: 14 }],
      ["expires_soon", { ...TERM, days: 13 }],
    ]);
    await host.close();
  });

  it.each(["soon", "2026-13-01", "2026-12-31T00:00:00Z", undefined])(
    "may be unknown: %p",
    async (expires) => {
      answer = () => ({ ...ACTIVE, expires: expires as string });
      await boot(plugin("a"));
      expect(told()).toHaveLength(1);
      expect(gauge("expiry_days")).toBeUndefined();
    },
  );
});

describe("the gauges", () => {
  it.each([
    ["missing", 0],
    ["invalid", 1],
    ["expired", 1],
    ["active", 2],
  ] as const)("show %s as %s", async (status, value) => {
    answer = () => ({ status });
    await boot(plugin("a"));
    expect(gauge("status")).toBe(value);
  });

  it("count the days to the last one, and on beyond it", async () => {
    startAt(on("2026-12-30", "00:00:00"));
    const host = await boot(plugin("a"));
    const days: unknown[] = [];
    for (let day = 0; day < 4; day++) {
      days.push(gauge("expiry_days"));
      await clock.advance(DAY);
    }
    expect(days).toEqual([1, 0, -1, -2]);
    await host.close();
  });

  it("are absent until there is an answer, and once the runtime is closed", async () => {
    let settle = (_: Entitlement): void => undefined;
    answer = () => new Promise<Entitlement>((resolve) => (settle = resolve));
    const booted = boot(plugin("a"));
    await clock.advance(0);
    expect(gauge("status")).toBeUndefined();
    settle(ACTIVE);
    const host = await booted;
    expect(gauge("status")).toBe(2);
    await host.close();
    expect(gauge("status")).toBeUndefined();
  });
});

describe("once a day", () => {
  it("an entitlement is asked for by force, once for all plugins, and nothing is told when it is the same", async () => {
    const host = await boot(plugin("a"), plugin("b"));
    await clock.advance(DAY - 1);
    expect(requests).toHaveLength(1);
    await clock.advance(1);
    expect(requests.map(({ force }) => force)).toEqual([false, true]);
    await clock.advance(3 * DAY);
    expect(requests).toHaveLength(5);
    expect(told()).toHaveLength(1);
    await host.close();
  });

  it("a verdict that turns is shown and told, and the plugins that run go on", async () => {
    const host = await boot(plugin("a"));
    answer = () => ({ status: "expired", reason: "it is over" });
    await clock.advance(DAY);
    expect(host.entitlement).toEqual({ status: "expired", reason: "it is over" });
    expect(host.rows()).toEqual([{ name: "a", licensed: true, status: "active" }]);
    expect(gauge("status")).toBe(1);
    expect(told().slice(1)).toEqual([
      ["status_changed", { from: "active", to: "expired" }],
      ["token_invalid", { reason: "it is over" }],
    ]);
    await clock.advance(DAY);
    expect(told()).toHaveLength(3);
    await host.close();
  });

  it("one that became active is shown, and inert plugins wait for the next start", async () => {
    answer = () => ({ status: "missing", reason: "none is set" });
    const registered: string[] = [];
    const host = await boot(plugin("a", { entitlement, register: () => void registered.push("a") }));
    answer = () => ACTIVE;
    await clock.advance(DAY);
    expect(host.entitlement).toEqual(ACTIVE);
    expect(host.rows()).toEqual([{ name: "a", licensed: true, status: "inert", reason: "none is set" }]);
    expect(registered).toEqual([]);
    expect(told().slice(1)).toEqual([
      ["status_changed", { from: "missing", to: "active" }],
      ["token_validated", TERM],
    ]);
    await host.close();
  });

  it("one that hangs or throws is invalid, and is asked again the day after", async () => {
    const host = await boot(plugin("a"));
    answer = () => new Promise(() => undefined);
    await clock.advance(DAY + 10_000);
    expect(host.entitlement).toEqual({ status: "invalid", reason: "it did not end within 10000 ms" });
    answer = () => {
      throw new Error("boom");
    };
    await clock.advance(DAY);
    expect(host.entitlement).toEqual({ status: "invalid", reason: "boom" });
    answer = () => ACTIVE;
    await clock.advance(DAY);
    expect(host.entitlement).toEqual(ACTIVE);
    await host.close();
  });

  it("stops when the runtime closes, in the middle of an answer too", async () => {
    const host = await boot(plugin("a"));
    let settle = (_: Entitlement): void => undefined;
    answer = () => new Promise<Entitlement>((resolve) => (settle = resolve));
    await clock.advance(DAY);
    await host.close();
    settle({ status: "expired" });
    await clock.advance(0);
    expect(told()).toHaveLength(1);
    expect(clock.pending).toBe(0);
    await clock.advance(2 * DAY);
    expect(requests).toHaveLength(2);
  });

  it("leaves no timer when the runtime closes before", async () => {
    const host = await boot(plugin("a"));
    expect(clock.pending).toBe(1);
    await host.close();
    expect(clock.pending).toBe(0);
  });
});

describe("a licence that is garbage", () => {
  /**
   * All that a service does, and everything that is told meanwhile but the verdict itself. The variable is declared by the
   * packages that read it, so that without them it is one that nobody knows.
   */
  async function observe(env: Record<string, string>) {
    answer = () => ({ status: env["BALDUR_LICENSE_KEY"] === undefined ? "missing" : "invalid", reason: "r" });
    const runtime = testRuntime({
      env: { ...env, BALDUR_SUPPRESS_UNKNOWN_ENV_WARNING: "true" },
      plugins: [plugin("pro")],
    });
    const { baldur } = runtime;
    await baldur.start();
    const calls = await Promise.all([
      baldur.protect("a", succeeds),
      baldur.protect("b", fails, { fallback: () => "fallback", dlq: true, bulkhead: "shared" }),
      baldur.protect("c", fails, { dlq: true }).catch((error: Error) => error.message),
    ]);
    const { entitlement: _, ...posture } = baldur.posture();
    const metrics = baldur.telemetry.metrics().filter(({ name }) => !name.includes("entitlement"));
    const report = await baldur.close();
    const names = runtime.telemetry.events.map(({ name }) => name).filter((name) => !name.includes("token_"));
    return { calls, posture, metrics, names, report };
  }

  it("leaves everything else as it is without one", async () => {
    const without = await observe({});
    expect(without.calls).toEqual(["ok", "fallback", "down"]);
    expect(await observe({ BALDUR_LICENSE_KEY: "garbage" })).toEqual(without);
    expect(await observe({ BALDUR_LICENSE_FILE: "/no/such/file" })).toEqual(without);
  });
});
