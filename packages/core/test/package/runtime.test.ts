import { describe, expect, it } from "@jest/globals";
import { Runtime } from "../../src/baldur.js";
import { BulkheadFullError } from "../../src/bulkhead/errors.js";
import type { Plugin } from "../../src/plugins/plugin.js";
import { defineSettings, integer } from "../../src/settings/define.js";
import { bulkheadSlot } from "../../src/slots/bulkhead.js";
import { errorOf, SILENT, succeeds, testRuntime, turn } from "../runtime.js";

const settings = defineSettings<{ size: number }>("acme", {
  prefix: "BALDUR_ACME_",
  help: "of a plugin",
  fields: { size: integer({ env: "SIZE", default: 3, min: 1, max: 9, help: "a number" }) },
});

describe("a runtime", () => {
  it("starts nothing when it is made: no timer, no event but those of calls", () => {
    const { clock, telemetry, baldur } = testRuntime();
    expect(clock.pending).toBe(0);
    expect(telemetry.events).toEqual([]);
    expect(baldur.posture()).toEqual({
      tier: "oss",
      storage: "memory",
      storageMode: "normal",
      metrics: "none",
      entitlement: { status: "missing" },
      plugins: [],
      degraded: [],
    });
  });

  it("tells its posture once, at the first call or at the start", async () => {
    const { baldur, telemetry } = testRuntime();
    await baldur.protect("x", succeeds);
    await baldur.start();
    await baldur.protect("y", succeeds);
    expect(telemetry.named("baldur.runtime_posture")).toHaveLength(1);
  });

  it("is apart from every other runtime", async () => {
    const [one, two] = [testRuntime(), testRuntime()];
    await one.baldur.circuit("x").forceOpen({ actor: "a", reason: "r" });
    expect(two.baldur.circuit("x").state).toBe("closed");
  });

  it("starts once, however often and concurrently it is asked to", async () => {
    let starts = 0;
    const plugin: Plugin = { name: "counting", register: () => undefined, start: async () => void starts++ };
    const { baldur } = testRuntime({ plugins: [plugin] });
    const started = await Promise.all([baldur.start(), baldur.start()]);
    await baldur.start();
    expect(starts).toBe(1);
    expect(started[0]).toBe(baldur);
  });

  it("checks the settings of its plugins with its own, and gives the plugin their values", async () => {
    let size = 0;
    const plugin: Plugin = {
      name: "acme",
      settings: [settings],
      register: (context) => {
        size = context.settings(settings, { size: 5 }).size + context.settings(settings).size;
      },
    };
    const { baldur } = testRuntime({ plugins: [plugin], env: { BALDUR_ACME_SIZE: "7" } });
    await baldur.start();
    expect(size).toBe(12);
    const bad = testRuntime({ plugins: [plugin], env: { BALDUR_ACME_SIZE: "70" } });
    await expect(bad.baldur.start()).rejects.toThrow(
      /BALDUR_ACME_SIZE must be an integer from 1 to 9; received "70"/,
    );
    const unknown = testRuntime({ plugins: [plugin], settings: { acne: { size: 1 } } });
    await expect(unknown.baldur.start()).rejects.toThrow(
      /settings.acne is not an area of settings; did you mean acme/,
    );
  });

  it("warns at the start about variables that nobody reads, with the nearest known name", async () => {
    const env = { BALDUR_CB_FAILURE_TRESHOLD: "3" };
    const { baldur, telemetry } = testRuntime({ env });
    await baldur.start();
    expect(telemetry.named("baldur.unknown_env_var_detected").map(({ payload }) => payload)).toEqual([
      { env_var: "BALDUR_CB_FAILURE_TRESHOLD", nearest: "BALDUR_CB_FAILURE_THRESHOLD" },
    ]);
    const quiet = testRuntime({ env: { ...env, BALDUR_SUPPRESS_UNKNOWN_ENV_WARNING: "true" } });
    await quiet.baldur.start();
    expect(quiet.telemetry.named("baldur.unknown_env_var_detected")).toEqual([]);
  });

  it("names inert plugins with the reason, in its posture and in one line", async () => {
    const plugin: Plugin = {
      name: "licensed",
      entitlement: async () => ({ status: "expired", reason: "ended 2026-01-01" }),
      register: () => {
        throw new Error("never called");
      },
    };
    const { baldur, telemetry } = testRuntime({ plugins: [plugin] });
    await baldur.start();
    expect(baldur.posture()).toMatchObject({
      tier: "oss",
      entitlement: { status: "expired" },
      plugins: [{ name: "licensed", status: "inert", reason: "ended 2026-01-01" }],
    });
    expect(telemetry.named("plugins.plugin_inert")).toHaveLength(1);
  });

  it("tries again to start after it failed to", async () => {
    const runtime = new Runtime({ env: { BALDUR_REDIS_URL: "redis://x" }, discover: false, logger: SILENT });
    await expect(runtime.start()).rejects.toMatchObject({
      code: "ERR_BALDUR_ADAPTER_NOT_FOUND",
      adapterName: "redis",
    });
    await expect(runtime.start()).rejects.toMatchObject({ code: "ERR_BALDUR_ADAPTER_NOT_FOUND" });
  });
});

describe("closing", () => {
  it("waits for calls in flight, then closes plugins in reverse order, and reports", async () => {
    const order: string[] = [];
    const plugin = (name: string): Plugin => ({
      name,
      register: () => undefined,
      close: async () => void order.push(name),
    });
    const { baldur, clock } = testRuntime({ plugins: [plugin("first"), plugin("second")] });
    await baldur.start();
    const call = baldur.protect(
      "x",
      () => new Promise((resolve) => clock.setTimeout(() => resolve("late"), 500)),
    );
    const closing = baldur.close();
    await clock.advance(400);
    expect(order).toEqual([]);
    await clock.advance(200);
    await expect(call).resolves.toBe("late");
    expect(await closing).toMatchObject({ clean: true, drained: 1, abandoned: [] });
    expect(order).toEqual(["second", "first"]);
    expect(await baldur.close()).toBe(await closing);
  });

  it("#43.16 is quick after a caller aborted: the call that was given up is in flight no longer", async () => {
    const { baldur, clock } = testRuntime();
    await baldur.start();
    const controller = new AbortController();
    const call = errorOf(
      baldur.protect("x", () => new Promise(() => undefined), { signal: controller.signal }),
    );
    controller.abort();
    await call;
    const closing = baldur.close();
    await clock.advance(0);
    expect(await closing).toMatchObject({ clean: true, drained: 0, duration: 0 });
  });

  it("names what did not end within the deadline, and lets its deadline still end it", async () => {
    const { baldur, clock } = testRuntime();
    await baldur.start();
    const call = errorOf(baldur.protect("stuck", () => new Promise(() => undefined), { timeout: 5000 }));
    const closing = baldur.close({ deadline: 1000 });
    await clock.advance(1100);
    expect(await closing).toMatchObject({ clean: false, abandoned: ["stuck"] });
    await clock.advance(5000);
    expect(await call).toMatchObject({ code: "ERR_BALDUR_TIMEOUT_POLICY" });
  });
});

describe("the bulkhead stage", () => {
  it("M7 lets a call leave the queue at once when its caller aborts, and gives back a place that comes too late", async () => {
    const admit: ((permit: { release(): void }) => void)[] = [];
    let released = 0;
    const queueing: Plugin = {
      name: "queueing",
      register: (context) =>
        context.fill(bulkheadSlot, {
          kind: "test",
          acquire: () => new Promise((resolve) => admit.push(resolve)),
        }),
    };
    const { baldur } = testRuntime({ plugins: [queueing] });
    await baldur.start();
    const controller = new AbortController();
    const call = errorOf(baldur.protect("x", succeeds, { bulkhead: "db", signal: controller.signal }));
    controller.abort("gone");
    expect(await call).toBe("gone");
    admit[0]?.({ release: () => released++ });
    await turn();
    expect(released).toBe(1);
  });

  it("M6 runs callers in the order in which their compartment admits them", async () => {
    const admit: ((permit: { release(): void }) => void)[] = [];
    const queueing: Plugin = {
      name: "queueing",
      register: (context) =>
        context.fill(bulkheadSlot, {
          kind: "test",
          acquire: () => new Promise((resolve) => admit.push(resolve)),
        }),
    };
    const { baldur } = testRuntime({ plugins: [queueing] });
    await baldur.start();
    const order: number[] = [];
    const calls = [1, 2, 3].map((n) => baldur.protect("x", () => void order.push(n), { bulkhead: "db" }));
    for (const resolve of admit) resolve({ release: () => undefined });
    await Promise.all(calls);
    expect(order).toEqual([1, 2, 3]);
  });

  const bulkhead = (limit: number): Plugin => ({
    name: "bulkhead",
    register: (context) => {
      let active = 0;
      context.fill(bulkheadSlot, {
        kind: "test",
        acquire: ({ compartment }) => {
          if (active >= limit)
            throw new BulkheadFullError({ compartment: String(compartment), active, limit });
          active++;
          return { release: () => void active-- };
        },
      });
    },
  });

  it("is absent while its slot is empty", async () => {
    const { baldur, telemetry } = testRuntime();
    await baldur.protect("x", succeeds, { bulkhead: "db" });
    expect(telemetry.named("protect.composer_built")[0]?.payload["stages"]).toEqual(["circuit-breaker"]);
  });

  it("M13 refuses what does not fit, without a mark on the circuit, and gives every place back", async () => {
    const { baldur } = testRuntime({ plugins: [bulkhead(1)] });
    await baldur.start();
    const finish: (() => void)[] = [];
    const busy = () => new Promise<void>((resolve) => finish.push(resolve));
    const first = baldur.protect("x", busy, { bulkhead: "db" });
    for (let n = 0; n < 10; n++) {
      expect(await errorOf(baldur.protect("x", succeeds, { bulkhead: "db" }))).toBeInstanceOf(
        BulkheadFullError,
      );
    }
    await expect(baldur.protect("x", succeeds, { bulkhead: "db", fallback: () => "f" })).resolves.toBe("f");
    expect(baldur.circuit("x").snapshot()).toMatchObject({ state: "closed", window: { calls: 0 } });
    finish[0]?.();
    await first;
    await expect(baldur.protect("x", succeeds, { bulkhead: "db" })).resolves.toBe("ok");
  });
});
