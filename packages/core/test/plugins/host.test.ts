import { createFakeClock } from "@baldur/testkit";
import { beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ConfigurationError } from "../../src/errors.js";
import type { Entitlement } from "../../src/plugins/entitlement.js";
import { PluginHost, type Surroundings } from "../../src/plugins/host.js";
import type { Plugin, PluginContext } from "../../src/plugins/plugin.js";
import { bulkheadSlot, noopBulkhead } from "../../src/slots/bulkhead.js";
import { type FailureRecorder, failureRecorderSlot } from "../../src/slots/failure-recorder.js";
import { SlotTable } from "../../src/slots/slot.js";
import { SLOTS } from "../../src/slots/slots.js";
import { defineEvent, type TelemetryEvent } from "../../src/telemetry/event.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";

const orderPlaced = defineEvent<{ order: string }>()("shop.order_placed", {
  level: "info",
  help: "an order was placed",
});
const recorder: FailureRecorder = { kind: "own", capture: () => ({ captured: false, reason: "disabled" }) };

let clock: ReturnType<typeof createFakeClock>;
let telemetry: TelemetryHub;
let slots: SlotTable;
let events: TelemetryEvent[];
let log: string[];

const plugin = (name: string, rest: Partial<Plugin> = {}): Plugin => ({
  name,
  register: () => void log.push(`register ${name}`),
  start: async () => void log.push(`start ${name}`),
  close: async () => void log.push(`close ${name}`),
  ...rest,
});

const entitled = (verdict: Entitlement): Pick<Plugin, "entitlement"> => ({
  entitlement: async () => verdict,
});
const boom = (): never => {
  throw new Error("boom");
};
const never = (): Promise<never> => new Promise(() => undefined);

const makeHost = (
  surroundings: () => Surroundings = () => ({ clock, telemetry }) as unknown as Surroundings,
): PluginHost => new PluginHost({ slots, telemetry, clock, surroundings });

const reported = (name: string): Record<string, unknown>[] =>
  events.filter((event) => event.name === name).map(({ payload }) => payload);

beforeEach(() => {
  clock = createFakeClock(0);
  telemetry = new TelemetryHub(clock);
  slots = new SlotTable(SLOTS);
  events = [];
  log = [];
  telemetry.subscribe((event) => events.push(event));
});

describe("a plugin that registers", () => {
  it("supplies slots, routes, providers and listeners", async () => {
    const route = { method: "GET", path: "/dlq/{id}", role: "viewer", handler: () => ({}) } as const;
    const factory = (): string => "store";
    const host = makeHost();
    await host.load([
      plugin("a", {
        register: (context) => {
          context.fill(failureRecorderSlot, recorder);
          context.routes(route);
          context.provider("documents", factory);
          context.on(orderPlaced, ({ payload }) => log.push(payload.order));
          context.on("shop.order_placed", ({ name }) => log.push(name));
        },
      }),
    ]);
    telemetry.report(orderPlaced, { order: "o-1" });
    expect(host.rows()).toEqual([{ name: "a", status: "active" }]);
    expect(slots.get(failureRecorderSlot)).toBe(recorder);
    expect(slots.provider(failureRecorderSlot)).toBe("a");
    expect(host.routes()).toEqual([route]);
    expect(host.providers("documents")).toEqual([{ plugin: "a", factory }]);
    expect(host.providers("other")).toEqual([]);
    expect(log).toEqual(["o-1", "shop.order_placed"]);
  });

  it("gets what the runtime supplies, in a context that nobody can change", async () => {
    const received: PluginContext[] = [];
    const host = makeHost();
    await host.load([plugin("a", { register: (context) => void received.push(context) })]);
    expect(received).toEqual([expect.objectContaining({ clock, telemetry })]);
    expect(Object.isFrozen(received[0])).toBe(true);
    expect(received[0]?.slots.get(bulkheadSlot)).toBe(noopBulkhead);
  });

  it("keeps its own this", async () => {
    class Counter implements Plugin {
      readonly name = "counter";
      calls = 0;
      register(): void {
        this.calls++;
      }
      async start(): Promise<void> {
        this.calls++;
      }
      async close(): Promise<void> {
        this.calls++;
      }
      entitlement = async (): Promise<Entitlement> => {
        this.calls++;
        return { status: "active" };
      };
    }
    const counter = new Counter();
    const host = makeHost();
    await host.load([counter]);
    await host.start();
    await host.close();
    expect(counter.calls).toBe(4);
  });

  it("may register nothing more afterwards", async () => {
    const contexts: PluginContext[] = [];
    const host = makeHost();
    await host.load([plugin("a", { register: (context) => void contexts.push(context) })]);
    const [late] = contexts;
    const message = "a must register everything while its register() runs";
    expect(() => late?.fill(failureRecorderSlot, recorder)).toThrow(new ConfigurationError(message));
    expect(() => late?.routes()).toThrow(message);
    expect(() => late?.on(orderPlaced, () => undefined)).toThrow(message);
    expect(() => late?.background("sweep", never)).toThrow(message);
    expect(() => late?.provider("documents", () => ({}))).toThrow(message);
    expect(slots.isFilled(failureRecorderSlot)).toBe(false);
  });
});

describe("a plugin that is not entitled", () => {
  const inert = { status: "missing", reason: "no licence is set" } as const;

  it("leaves the slot table untouched and is asked for nothing else", async () => {
    const host = makeHost();
    const register: Plugin["register"] = (context) => context.fill(failureRecorderSlot, recorder);
    await host.load([plugin("a", { ...entitled(inert), register })]);
    await host.start();
    await host.close();
    expect(slots.rows()).toEqual(new SlotTable(SLOTS).rows());
    expect(log).toEqual([]);
  });

  it("is listed with the reason, in one INFO line that is printed whatever the log level is", async () => {
    const host = makeHost();
    const always: boolean[] = [];
    telemetry.addSink({
      name: "log",
      emit: ({ name }, definition) => name === "plugins.plugin_inert" && always.push(definition.always),
    });
    await host.load([plugin("a", entitled(inert))]);
    await host.start();
    expect(host.rows()).toEqual([
      { name: "a", licensed: true, status: "inert", reason: "no licence is set" },
    ]);
    expect(events.map(({ name }) => name)).toEqual(["entitlement.token_missing", "plugins.plugin_inert"]);
    expect(events[1]).toMatchObject({
      level: "info",
      payload: { name: "a", reason: "no licence is set" },
    });
    expect(always).toEqual([true]);
  });

  it("is given a reason when its verdict has none", async () => {
    const host = makeHost();
    await host.load([plugin("a", entitled({ status: "expired" }))]);
    expect(host.rows()).toEqual([
      { name: "a", licensed: true, status: "inert", reason: "its entitlement is expired" },
    ]);
  });

  it("takes nothing from one that is", async () => {
    const host = makeHost();
    await host.load([plugin("a", entitled(inert)), plugin("b"), plugin("c", entitled({ status: "active" }))]);
    expect(host.rows().map(({ status }) => status)).toEqual(["inert", "active", "active"]);
    expect(log).toEqual(["register b", "register c"]);
  });
});

describe("an entitlement", () => {
  it("is asked for once, however many plugins carry it", async () => {
    let asked = 0;
    const entitlement = async (): Promise<Entitlement> => {
      asked++;
      return { status: "active" };
    };
    const host = makeHost();
    await host.load([plugin("a", { entitlement }), plugin("b", { entitlement })]);
    await host.load([plugin("c", { entitlement })]);
    expect(asked).toBe(1);
    expect(host.rows().map(({ status }) => status)).toEqual(["active", "active", "active"]);
  });

  it.each([
    ["rejects", () => Promise.reject(new Error("unreadable licence")), "unreadable licence"],
    ["rejects with no error", () => Promise.reject("unreadable"), "unreadable"],
    ["throws", boom, "boom"],
    ["answers nothing", async () => undefined, "the entitlement answered undefined"],
    ["answers null", async () => null, "the entitlement answered null"],
    ["answers something else", async () => "active", 'the entitlement answered "active"'],
    ["has an unknown status", async () => ({ status: "grace" }), "the entitlement answered an object"],
  ])("that %s is invalid, and says why", async (_, entitlement, reason) => {
    const host = makeHost();
    await host.load([plugin("a", { entitlement: entitlement as unknown as () => Promise<Entitlement> })]);
    expect(host.rows()).toEqual([{ name: "a", licensed: true, status: "inert", reason }]);
    expect(host.entitlement).toEqual({ status: "invalid", reason });
  });

  it("that hangs is invalid after 10 seconds, and holds nobody up any longer", async () => {
    const host = makeHost();
    const loaded = host.load([plugin("a", { entitlement: never }), plugin("b")]);
    await clock.advance(9_999);
    expect(log).toEqual([]);
    await clock.advance(1);
    await loaded;
    expect(log).toEqual(["register b"]);
    expect(host.rows()[0]).toEqual({
      name: "a",
      licensed: true,
      status: "inert",
      reason: "it did not end within 10000 ms",
    });
  });

  it.each([
    [["missing", "invalid", "active", "expired"], "active"],
    [["missing", "expired", "invalid"], "expired"],
    [["missing", "invalid"], "invalid"],
    [["missing"], "missing"],
  ] as const)("of %j shows the best in the posture", async (statuses, best) => {
    const host = makeHost();
    await host.load(statuses.map((status, index) => plugin(`p${index}`, entitled({ status, plan: status }))));
    expect(host.entitlement).toEqual({ status: best, plan: best });
  });

  it("is missing when no plugin carries one", async () => {
    const host = makeHost();
    await host.load([plugin("a")]);
    expect(host.entitlement).toEqual({ status: "missing" });
  });
});

describe("a plugin that fails to register", () => {
  const registerAndThrow: Plugin["register"] = (context) => {
    context.fill(failureRecorderSlot, recorder);
    context.routes({ method: "GET", path: "/dlq", role: "viewer", handler: boom });
    context.provider("documents", boom);
    context.on(orderPlaced, () => log.push("heard"));
    context.background("sweep", async () => void log.push("swept"));
    boom();
  };

  it("has everything taken back, and says why", async () => {
    const host = makeHost();
    await host.load([plugin("a", { register: registerAndThrow })]);
    await host.start();
    telemetry.report(orderPlaced, { order: "o-1" });
    expect(slots.isFilled(failureRecorderSlot)).toBe(false);
    expect([host.routes(), host.providers("documents"), log]).toEqual([[], [], []]);
    expect(host.rows()).toEqual([{ name: "a", status: "failed", reason: "boom" }]);
    expect(events.find(({ name }) => name === "plugins.registration_failed")).toMatchObject({
      level: "warning",
      payload: { name: "a", error: "boom" },
    });
  });

  it("leaves its slots to the next", async () => {
    const host = makeHost();
    const register: Plugin["register"] = (context) => context.fill(failureRecorderSlot, recorder);
    await host.load([plugin("a", { register: registerAndThrow }), plugin("b", { register })]);
    expect(slots.provider(failureRecorderSlot)).toBe("b");
  });

  it("is neither started nor closed", async () => {
    const host = makeHost();
    await host.load([plugin("a", { register: boom }), plugin("b")]);
    await host.start();
    await host.close();
    expect(log).toEqual(["register b", "start b", "close b"]);
  });

  it("may do so by a promise, and every rejection is handled", async () => {
    const host = makeHost();
    const register = async (context: PluginContext): Promise<void> => registerAndThrow(context);
    await host.load([plugin("a", { register }), plugin("b")]);
    expect(slots.isFilled(failureRecorderSlot)).toBe(false);
    expect(host.rows().map(({ status }) => status)).toEqual(["failed", "active"]);
  });

  it("may do so by never ending", async () => {
    const host = makeHost();
    const loaded = host.load([plugin("a", { register: never }), plugin("b")]);
    await clock.advance(30_000);
    await loaded;
    expect(host.rows()).toEqual([
      { name: "a", status: "failed", reason: "it did not end within 30000 ms" },
      { name: "b", status: "active" },
    ]);
  });

  it("may be the second that wants a slot", async () => {
    const host = makeHost();
    const register: Plugin["register"] = (context) => context.fill(failureRecorderSlot, { ...recorder });
    await host.load([plugin("a", { register }), plugin("b", { register })]);
    expect(slots.provider(failureRecorderSlot)).toBe("a");
    expect(host.rows()[1]).toEqual({
      name: "b",
      status: "failed",
      reason: "b cannot fill slot failure-recorder: a fills it",
    });
  });

  it.each([
    [
      "two loops of one name",
      (c: PluginContext) => [c.background("x", never), c.background("x", never)],
      "background loop x",
    ],
    [
      "two providers of one kind",
      (c: PluginContext) => [c.provider("x", boom), c.provider("x", boom)],
      "provider of x",
    ],
    [
      "a loop that is none",
      (c: PluginContext) => c.background("x", {} as never),
      "background loop x of a must be a function",
    ],
  ])("may have %s", async (_, register, message) => {
    const host = makeHost();
    await host.load([plugin("a", { register: (context) => void register(context) })]);
    expect(host.rows()[0]?.reason).toContain(message);
  });

  it("may be one that the runtime cannot serve", async () => {
    const host = makeHost(boom);
    await host.load([plugin("a")]);
    expect(host.rows()).toEqual([{ name: "a", status: "failed", reason: "boom" }]);
  });
});

describe("plugins with the same name", () => {
  it("are one: the first holds, in this load and in later ones", async () => {
    const host = makeHost();
    await host.load([plugin("a"), plugin("a", { register: boom })]);
    await host.load([plugin("a", { register: boom })]);
    expect(host.rows()).toEqual([{ name: "a", status: "active" }]);
    expect(log).toEqual(["register a"]);
    expect(reported("plugins.duplicate_ignored")).toEqual([{ name: "a" }, { name: "a" }]);
  });
});

describe("a broken package", () => {
  it("is shown and reported, and the others go on", async () => {
    const host = makeHost();
    await host.load([plugin("a")], [{ name: "b", reason: "Cannot find module" }]);
    expect(host.rows()).toEqual([
      { name: "a", status: "active" },
      { name: "b", status: "failed", reason: "Cannot find module" },
    ]);
    expect(reported("plugins.discovery_failed")).toEqual([{ name: "b", error: "Cannot find module" }]);
  });

  it("takes nothing from a plugin of that name that works", async () => {
    const host = makeHost();
    await host.load([plugin("a")]);
    await host.load([], [{ name: "a", reason: "Cannot find module" }]);
    expect(host.rows()).toEqual([{ name: "a", status: "active" }]);
    expect(reported("plugins.discovery_failed")).toHaveLength(1);
  });
});

describe("starting", () => {
  it("goes in the order of registration, once", async () => {
    const host = makeHost();
    await host.load([plugin("a"), plugin("b")]);
    await Promise.all([host.start(), host.start()]);
    await host.start();
    expect(log).toEqual(["register a", "register b", "start a", "start b"]);
  });

  it.each([
    ["rejects", async () => boom(), "boom"],
    ["throws", boom, "boom"],
  ])("takes back what a plugin registered whose start %s", async (_, start, reason) => {
    const host = makeHost();
    const register: Plugin["register"] = (context) => {
      context.fill(failureRecorderSlot, recorder);
      context.background("sweep", async () => void log.push("swept"));
    };
    await host.load([plugin("a", { register, start }), plugin("b")]);
    await host.start();
    expect(host.rows()).toEqual([
      { name: "a", status: "failed", reason },
      { name: "b", status: "active" },
    ]);
    expect(slots.isFilled(failureRecorderSlot)).toBe(false);
    expect(reported("plugins.start_failed")).toEqual([{ name: "a", error: reason }]);
    expect(log).toEqual(["register b", "start b"]);
  });

  it("waits 30 seconds for a plugin that hangs, and goes on without it", async () => {
    const host = makeHost();
    await host.load([plugin("a", { start: never }), plugin("b")]);
    const started = host.start();
    await clock.advance(30_000);
    await started;
    expect(host.rows()[0]).toMatchObject({ status: "failed", reason: "it did not end within 30000 ms" });
    expect(log).toContain("start b");
  });

  it("needs neither start nor close of a plugin", async () => {
    const host = makeHost();
    await host.load([{ name: "a", register: () => undefined }]);
    await host.start();
    expect(await host.close()).toEqual([]);
    expect(host.rows()).toEqual([{ name: "a", status: "active" }]);
  });
});

describe("a background loop", () => {
  const withLoop = (loop: (signal: AbortSignal) => Promise<void>): Plugin =>
    plugin("a", { register: (context) => context.background("sweep", loop) });

  it("runs once all plugins are started, until the runtime closes", async () => {
    const host = makeHost();
    const loop = (signal: AbortSignal): Promise<void> => {
      log.push("loop");
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    };
    await host.load([withLoop(loop), plugin("b")]);
    await host.start();
    expect(log).toEqual(["register b", "start a", "start b", "loop"]);
    expect(await host.close()).toEqual([]);
    expect(log.slice(4)).toEqual(["close b", "close a"]);
  });

  it.each([
    ["throws", boom],
    ["rejects", async () => boom()],
  ])("that %s is reported and shown, and takes nothing else along", async (_, loop) => {
    const host = makeHost();
    await host.load([withLoop(loop), plugin("b")]);
    await host.start();
    await clock.advance(0);
    expect(reported("plugins.background_failed")).toEqual([{ name: "a", loop: "sweep", error: "boom" }]);
    expect(host.rows()).toEqual([
      { name: "a", status: "active", reason: "background loop sweep failed: boom" },
      { name: "b", status: "active" },
    ]);
    expect(await host.close()).toEqual([]);
  });

  it.each([
    ["the signal's reason", (signal: AbortSignal) => signal.reason],
    ["an abort error of Node's", () => Object.assign(new Error("aborted"), { name: "AbortError" })],
  ])("may end with %s when it is stopped", async (_, reasonOf) => {
    const host = makeHost();
    const loop = (signal: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(reasonOf(signal))));
    await host.load([withLoop(loop)]);
    await host.start();
    await host.close();
    expect(reported("plugins.background_failed")).toEqual([]);
    expect(host.rows()).toEqual([{ name: "a", status: "active" }]);
  });

  it("that fails while it is stopped is reported", async () => {
    const host = makeHost();
    const loop = (signal: AbortSignal): Promise<void> =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(new Error("lost the last batch"))),
      );
    await host.load([withLoop(loop)]);
    await host.start();
    await host.close();
    expect(reported("plugins.background_failed")).toHaveLength(1);
  });

  it("that does not stop is given up at the deadline", async () => {
    const host = makeHost();
    await host.load([withLoop(never)]);
    await host.start();
    const closed = host.close(500);
    await clock.advance(500);
    expect(await closed).toEqual(["a"]);
    expect(reported("plugins.close_failed")).toEqual([{ name: "a", error: "it did not end within 500 ms" }]);
    expect(log).toContain("close a");
  });
});

describe("closing", () => {
  it("goes in reverse order, once, and gives everything back", async () => {
    const host = makeHost();
    const register: Plugin["register"] = (context) => context.fill(failureRecorderSlot, recorder);
    await host.load([plugin("a", { register }), plugin("b")]);
    await host.start();
    log = [];
    await Promise.all([host.close(), host.close()]);
    await host.close();
    expect(log).toEqual(["close b", "close a"]);
    expect(slots.isFilled(failureRecorderSlot)).toBe(false);
  });

  it.each([
    ["throws", boom],
    ["rejects", async () => boom()],
  ])("goes on after a plugin that %s", async (_, close) => {
    const host = makeHost();
    await host.load([plugin("a"), plugin("b", { close })]);
    await host.start();
    expect(await host.close()).toEqual(["b"]);
    expect(log.at(-1)).toBe("close a");
    expect(reported("plugins.close_failed")).toEqual([{ name: "b", error: "boom" }]);
  });

  it("leaves every plugin what the others left of the deadline, and calls each in any case", async () => {
    const host = makeHost();
    await host.load([plugin("a"), plugin("b", { close: never })]);
    await host.start();
    const closed = host.close(1_000);
    await clock.advance(1_000);
    expect(await closed).toEqual(["b"]);
    expect(log.at(-1)).toBe("close a");
  });

  it("closes a plugin whose start failed: it may hold something", async () => {
    const host = makeHost();
    await host.load([plugin("a", { start: boom })]);
    await host.start();
    await host.close();
    expect(log).toEqual(["register a", "close a"]);
  });

  it("starts nothing more", async () => {
    const host = makeHost();
    const first = plugin("a", { start: async () => void host.close() });
    await host.load([first, plugin("b")]);
    await host.start();
    expect(log).not.toContain("start b");
  });

  it("needs no start", async () => {
    const host = makeHost();
    await host.load([plugin("a")]);
    expect(await host.close()).toEqual([]);
    expect(log).toEqual(["register a", "close a"]);
  });
});

it("isolates plugins from each other, whatever mixture fails wherever", async () => {
  const fate = fc.constantFrom("fine", "inert", "register", "start", "close");
  const make = (name: string, fails: string): Plugin =>
    plugin(name, {
      entitlement: async () => ({ status: fails === "inert" ? "missing" : "active" }),
      register: (context) => {
        context.provider("thing", () => name);
        if (fails === "register") boom();
      },
      start: async () => (fails === "start" ? boom() : undefined),
      close: async () => (fails === "close" ? boom() : void log.push(name)),
    });
  const expected: Record<string, string> = { inert: "inert", register: "failed", start: "failed" };
  await fc.assert(
    fc.asyncProperty(fc.array(fate, { maxLength: 6 }), async (fates) => {
      log = [];
      const host = makeHost();
      await host.load(fates.map((fails, index) => make(`p${index}`, fails)));
      await host.start();
      expect(host.rows().map(({ status }) => status)).toEqual(
        fates.map((fails) => expected[fails] ?? "active"),
      );
      const working = fates.flatMap((fails, index) =>
        ["fine", "close"].includes(fails) ? [`p${index}`] : [],
      );
      expect(host.providers("thing").map(({ plugin }) => plugin)).toEqual(working);
      const unclean = fates.flatMap((fails, index) => (fails === "close" ? [`p${index}`] : []));
      expect(await host.close()).toEqual(unclean.reverse());
      const closed = fates.flatMap((fails, index) =>
        ["fine", "start"].includes(fails) ? [`p${index}`] : [],
      );
      expect(log).toEqual(closed.reverse());
    }),
  );
});
