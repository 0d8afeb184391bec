import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { hotClock } from "../../src/clock.js";
import { Admissions } from "../../src/lifecycle/admissions.js";
import type { Admission, ShutdownHandler } from "../../src/lifecycle/lifecycle.js";
import { shutdownSettings } from "../../src/lifecycle/settings.js";
import type { Plugin } from "../../src/plugins/plugin.js";
import type { BaldurOptions } from "../../src/runtime-options.js";
import { defaultsOf } from "../health/fixture.js";
import { errorOf, runs, type TestRuntime, testRuntime, turn } from "../runtime.js";

async function started(options: BaldurOptions = {}): Promise<TestRuntime> {
  const runtime = testRuntime(options);
  await runtime.baldur.start();
  return runtime;
}

function admitted({ baldur }: TestRuntime): Admission {
  const admission = baldur.lifecycle.admit();
  if (admission === undefined) throw new Error("it was refused");
  return admission;
}

describe("requests", () => {
  it("are let in and not counted before the start", () => {
    const { lifecycle } = testRuntime().baldur;
    lifecycle.admit()?.end();
    expect(lifecycle).toMatchObject({ phase: "running", inFlight: 0, retryAfter: 5, exemptPaths: [] });
  });

  it("are counted until they end, and each ends once", async () => {
    const runtime = await started();
    const { lifecycle } = runtime.baldur;
    const [a, b] = [admitted(runtime), admitted(runtime)];
    expect(lifecycle.inFlight).toBe(2);
    a.end();
    a.end();
    expect(lifecycle.inFlight).toBe(1);
    b.end();
    expect(lifecycle.inFlight).toBe(0);
  });

  it("are refused in a drain, which tells how long it takes", async () => {
    const runtime = await started();
    const { lifecycle } = runtime.baldur;
    const slow = admitted(runtime);
    const closing = lifecycle.shutdown({ deadline: 10_000, reason: "deployment" });
    expect(lifecycle).toMatchObject({ phase: "draining", remaining: 10_000, retryAfter: 10 });
    expect(lifecycle.admit()).toBeUndefined();
    await runtime.clock.advance(9_500);
    expect(lifecycle).toMatchObject({ remaining: 500, retryAfter: 1 });
    slow.end();
    await runtime.clock.advance(10);
    expect(await closing).toMatchObject({ clean: true, drained: 1, abandoned: [] });
  });

  it("are told to wait the usual time where none is left", async () => {
    const { baldur } = await started({ settings: { shutdown: { retryAfter: 7000 } } });
    expect(baldur.lifecycle.retryAfter).toBe(7);
    await baldur.close();
    expect(baldur.lifecycle).toMatchObject({ phase: "terminated", remaining: 0, retryAfter: 7 });
  });

  it("are still let in for a while after readiness has turned, where a balancer needs it", async () => {
    const runtime = await started({ settings: { shutdown: { prestop: 3000 } } });
    const { lifecycle, health } = runtime.baldur;
    const closing = lifecycle.shutdown({ deadline: 1000 });
    expect((await health.ready()).ready).toBe(false);
    expect(lifecycle.remaining).toBe(4000);
    await runtime.clock.advance(2999);
    const late = admitted(runtime);
    await runtime.clock.advance(1);
    expect(lifecycle.admit()).toBeUndefined();
    expect(lifecycle.phase).toBe("draining");
    late.end();
    await runtime.clock.advance(10);
    expect((await closing).clean).toBe(true);
  });

  it("are refused at once by close(), which waits for no balancer", async () => {
    const { baldur } = await started({ settings: { shutdown: { prestop: 3000 } } });
    const closing = baldur.close();
    expect(baldur.lifecycle.admit()).toBeUndefined();
    expect(await closing).toMatchObject({ clean: true, duration: 0 });
  });

  it("[BUG] whose end nobody told do not hold a drain up once they are too old, also while it goes on", async () => {
    const runtime = await started({ settings: { shutdown: { maxRequestAge: 10_000 } } });
    admitted(runtime); // aborted by its client, say
    await runtime.clock.advance(9_000);
    const closing = runtime.baldur.lifecycle.shutdown({ deadline: 30_000 });
    await runtime.clock.advance(1_020);
    const { clean, duration } = await closing;
    expect(clean).toBe(true);
    expect(duration).toBeLessThan(1_020);
  });

  it("are counted right in any order of arrivals, ends and ages", () => {
    const step = fc.oneof(
      fc.constant({ kind: "admit" as const }),
      fc.record({ kind: fc.constant("end" as const), which: fc.nat(30) }),
      fc.record({ kind: fc.constant("wait" as const), by: fc.integer({ min: 0, max: 40 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now = 0;
        const admissions = new Admissions({ monotonic: () => now }, 100);
        const all: { at: number; ended: boolean; admission: Admission }[] = [];
        for (const one of steps) {
          if (one.kind === "admit") all.push({ at: now, ended: false, admission: admissions.admit() });
          else if (one.kind === "wait") now += one.by;
          else if (all[one.which] !== undefined) {
            const ending = all[one.which] as (typeof all)[number];
            ending.admission.end();
            ending.ended = true;
          }
          expect(admissions.count).toBe(all.filter(({ at, ended }) => !ended && at >= now - 100).length);
        }
      }),
      { numRuns: runs(200) },
    );
  });
});

describe("a drain", () => {
  it("waits for a slow request and its calls, and closes the plugins last", async () => {
    const order: string[] = [];
    const plugin: Plugin = {
      name: "admin-like",
      register: ({ runtime }) => {
        runtime.lifecycle.onShutdown({
          name: "watcher",
          onShutdownStart: () => order.push("start"),
          onDrainComplete: () => order.push(`complete in ${runtime.lifecycle.phase}`),
        });
      },
      close: async () => void order.push("plugin closed"),
    };
    const runtime = await started({ plugins: [plugin] });
    const { baldur, clock, telemetry } = runtime;
    const request = admitted(runtime);
    const call = baldur.protect("x", () => new Promise((resolve) => clock.setTimeout(() => resolve(1), 700)));
    const closing = baldur.lifecycle.shutdown();
    await clock.advance(690);
    expect(order).toEqual(["start"]);
    await clock.advance(20);
    expect(order).toEqual(["start"]);
    await call;
    request.end();
    await clock.advance(10);
    expect(await closing).toMatchObject({ clean: true, drained: 2 });
    expect(order).toEqual(["start", "complete in draining", "plugin closed"]);
    expect(telemetry.named("shutdown.drain_started")[0]?.payload).toEqual({
      reason: "asked for",
      in_flight: 2,
      deadline: 30_000,
    });
    expect(telemetry.named("shutdown.drain_completed")).toHaveLength(1);
    expect(telemetry.named("shutdown.worker_exit_completed")[0]?.payload).toMatchObject({ clean: true });
    expect(telemetry.value("baldur_shutdown_drained_requests_total")).toBe(2);
    expect(telemetry.value("baldur_shutdown_phase")).toBe(3);
    expect(telemetry.value("baldur_shutdown_initiations_total", { trigger: "call" })).toBe(1);
  });

  it("that takes too long is forced: it passes through terminating, and names what was left", async () => {
    const runtime = await started();
    const { baldur, clock, telemetry } = runtime;
    const seen: unknown[] = [];
    baldur.lifecycle.onShutdown({
      name: "outbox",
      onDrainComplete: () => seen.push("complete"),
      onForceShutdown: (pending) => seen.push([pending, baldur.lifecycle.phase]),
    });
    admitted(runtime);
    void baldur.protect("stuck", () => new Promise(() => undefined));
    const closing = baldur.lifecycle.shutdown({ deadline: 1000 });
    await clock.advance(1010);
    expect(await closing).toMatchObject({ clean: false, drained: 0, abandoned: ["1 requests", "stuck"] });
    expect(seen).toEqual([[2, "terminating"]]);
    expect(telemetry.named("shutdown.drain_timeout")[0]?.payload).toMatchObject({ pending: 2 });
    expect(telemetry.value("baldur_shutdown_aborted_requests_total")).toBe(2);
  });

  it("[BUG] is not over for who asks before its handlers ran: the phase turns to terminated after them", async () => {
    const runtime = await started();
    const { baldur } = runtime;
    const phases: string[] = [];
    let release: () => void = () => undefined;
    baldur.lifecycle.onShutdown({
      name: "slow",
      onDrainComplete: async () => {
        phases.push(baldur.lifecycle.phase);
        await new Promise<void>((resolve) => (release = resolve));
        phases.push(baldur.lifecycle.phase);
      },
    });
    const closing = baldur.lifecycle.shutdown();
    for (let n = 0; n < 5; n++) await turn();
    expect(baldur.lifecycle.phase).toBe("draining");
    release();
    await closing;
    expect(phases).toEqual(["draining", "draining"]);
    expect(baldur.lifecycle.phase).toBe("terminated");
  });

  it("[BUG] turns readiness in the same turn of the event loop, whatever was kept", async () => {
    const { baldur } = await started();
    expect((await baldur.health.ready()).ready).toBe(true);
    void baldur.lifecycle.shutdown();
    const asked = baldur.health.ready();
    await expect(asked).resolves.toMatchObject({ ready: false, phase: "draining" });
    await baldur.close();
    await expect(baldur.health.ready()).resolves.toMatchObject({ ready: false, phase: "terminated" });
  });

  it("goes on for as long as a handler says that it is not done", async () => {
    const { baldur, clock } = await started();
    let asked = 0;
    baldur.lifecycle.onShutdown({ name: "outbox", isDrainComplete: async () => ++asked > 3 });
    const closing = baldur.lifecycle.shutdown();
    await clock.advance(1490);
    expect(asked).toBe(3);
    await clock.advance(20);
    expect(await closing).toMatchObject({ clean: true, duration: 1500 });
    expect(asked).toBe(4);
  });

  it("names the handlers that were not done when its time was up", async () => {
    const { baldur, clock } = await started();
    baldur.lifecycle.onShutdown({ name: "outbox", isDrainComplete: () => false });
    const closing = baldur.lifecycle.shutdown({ deadline: 100 });
    await clock.advance(110);
    expect(await closing).toMatchObject({ clean: false, abandoned: ["outbox"] });
  });

  it.each(["onShutdownStart", "isDrainComplete", "onDrainComplete"] as const)(
    "skips a handler that throws in %s, and tells which",
    async (step) => {
      const { baldur, telemetry } = await started();
      const ran: string[] = [];
      const broken = { name: "broken", [step]: () => Promise.reject(new Error("oops")) };
      baldur.lifecycle.onShutdown(broken as ShutdownHandler);
      baldur.lifecycle.onShutdown({ name: "fine", onDrainComplete: () => void ran.push("fine") });
      expect((await baldur.lifecycle.shutdown()).clean).toBe(true);
      expect(ran).toEqual(["fine"]);
      expect(telemetry.named("shutdown.handler_failed").map(({ payload }) => payload)).toEqual([
        { name: "broken", step, error: "oops" },
      ]);
    },
  );

  it.each(["onShutdownStart", "isDrainComplete", "onDrainComplete"] as const)(
    "waits five seconds for a handler that hangs in %s",
    async (step) => {
      const { baldur, clock } = await started();
      const stuck = { name: "stuck", [step]: () => new Promise(() => undefined) };
      baldur.lifecycle.onShutdown(stuck as ShutdownHandler);
      const closing = baldur.lifecycle.shutdown();
      await clock.advance(5020);
      expect((await closing).duration).toBeLessThanOrEqual(5020);
    },
  );

  it("is one, however often it is asked for, and whoever asks", async () => {
    const { baldur, telemetry } = await started();
    const all = await Promise.all([baldur.lifecycle.shutdown(), baldur.close(), baldur.lifecycle.shutdown()]);
    expect(new Set(all).size).toBe(1);
    expect(telemetry.named("shutdown.drain_started")).toHaveLength(1);
  });

  it("takes no handlers once it has begun, and no two of one name", async () => {
    const { baldur } = await started();
    const handler = { name: "a" };
    const added = baldur.lifecycle.onShutdown(handler);
    expect(() => baldur.lifecycle.onShutdown(handler)).toThrow("a name that is not taken");
    added[Symbol.dispose]();
    baldur.lifecycle.onShutdown(handler);
    const closing = baldur.lifecycle.shutdown();
    expect(() => baldur.lifecycle.onShutdown({ name: "b" })).toThrow("the shutdown has begun");
    await closing;
  });

  it.each([
    [undefined, "handler"],
    [{}, "handler.name"],
    [{ name: "a", onDrainComplete: 1 }, "handler.onDrainComplete"],
  ])("refuses a handler with a mistake in it: %j", async (handler, named) => {
    const { baldur } = await started();
    expect(() => baldur.lifecycle.onShutdown(handler as never)).toThrow(named);
  });

  it.each([-1, Number.NaN, "1000"])("refuses a deadline that is no time: %p", async (deadline) => {
    const { baldur } = await started();
    const error = await errorOf(baldur.lifecycle.shutdown({ deadline } as never));
    expect(error).toMatchObject({ code: "ERR_BALDUR_CONFIGURATION" });
    expect(baldur.lifecycle.phase).toBe("running");
  });

  it("tells every fifteen seconds that it goes on", async () => {
    const runtime = await started();
    admitted(runtime);
    const closing = runtime.baldur.lifecycle.shutdown({ deadline: 40_000 });
    await runtime.clock.advance(40_010);
    await closing;
    const told = runtime.telemetry.named("shutdown.drain_progressed").map(({ payload }) => payload);
    expect(told).toEqual([
      { in_flight: 1, remaining: 25_000 },
      { in_flight: 1, remaining: 10_000 },
    ]);
  });

  it("waits up to the longest wait where it must not be forced", async () => {
    const settings = { shutdown: { allowForce: false, maxWait: 60_000 } };
    const runtime = await started({ settings });
    admitted(runtime);
    const closing = runtime.baldur.lifecycle.shutdown();
    await runtime.clock.advance(59_990);
    expect(runtime.baldur.lifecycle.phase).toBe("draining");
    await runtime.clock.advance(20);
    expect((await closing).clean).toBe(false);
    expect(runtime.telemetry.named("shutdown.drain_extended")).toHaveLength(1);
  });

  it("of a runtime that was never started waits for its calls too", async () => {
    const { baldur, clock } = testRuntime();
    let end: () => void = () => undefined;
    const call = baldur.protect("x", () => new Promise<void>((resolve) => (end = resolve)));
    const closing = baldur.lifecycle.shutdown();
    while (baldur.lifecycle.phase === "running") await turn(); // until what it takes is loaded
    expect(baldur.lifecycle.phase).toBe("draining");
    end();
    await call;
    await clock.advance(10);
    expect(await closing).toMatchObject({ clean: true, drained: 1 });
  });

  it("gives plugins time to close even where it took all of its own", async () => {
    const slow: Plugin = {
      name: "slow",
      register: ({ clock }) => {
        slow.close = () => new Promise((resolve) => clock.setTimeout(resolve, 4000));
      },
    };
    const runtime = await started({ plugins: [slow] });
    admitted(runtime);
    const closing = runtime.baldur.lifecycle.shutdown({ deadline: 30_000 });
    await runtime.clock.advance(34_100);
    expect((await closing).abandoned).toEqual(["1 requests"]);
  });
});

describe("the settings of a shutdown", () => {
  it("are refused where the longest wait is shorter than the drain", async () => {
    const env = { BALDUR_RECOVERY_SHUTDOWN_MAX_SHUTDOWN_WAIT_SECONDS: "20" };
    const error = await errorOf(testRuntime({ env }).baldur.start());
    expect(error).toMatchObject({
      code: "ERR_BALDUR_CONFIGURATION",
      message: expect.stringContaining("MAX_SHUTDOWN_WAIT_SECONDS must not be less than"),
    });
  });

  it("are refused again where the start is tried again", async () => {
    const { baldur } = testRuntime({ settings: { shutdown: { drainTimeout: 1 } } });
    for (let n = 0; n < 2; n++)
      expect(await errorOf(baldur.start())).toMatchObject({
        message: expect.stringContaining("shutdown.drainTimeout must be"),
      });
  });

  it("name the paths that are answered in a drain too", async () => {
    const env = { BALDUR_RECOVERY_SHUTDOWN_DRAIN_LIVENESS_PATHS: "/alive, /up" };
    const { baldur } = await started({ env });
    expect(baldur.lifecycle.exemptPaths).toEqual(["/alive", "/up"]);
  });

  it("give a drain more time while what was written in the absence of Redis is brought back", async () => {
    const { Drain } = await import("../../src/lifecycle/drain.js");
    const { ShutdownHandlers } = await import("../../src/lifecycle/handlers.js");
    const clock = createFakeClock();
    const reasons: string[] = [];
    const telemetry = {
      report: (_: unknown, payload: { reason?: string }) => void reasons.push(payload.reason ?? ""),
    } as never;
    let [recovering, pending] = [true, 1];
    const drain = new Drain({
      clock: hotClock(clock),
      telemetry,
      settings: { ...defaultsOf(shutdownSettings), recoveryExtension: 5000 },
      handlers: new ShutdownHandlers(clock, telemetry),
      pending: () => pending,
      isRecovering: () => recovering,
      time: 1000,
      prestop: 0,
    });
    const waiting = drain.wait();
    await clock.advance(1010);
    expect(drain.remaining).toBe(4990);
    [recovering, pending] = [false, 0];
    await clock.advance(10);
    await waiting;
    expect(clock.monotonic()).toBe(1020);
    expect(reasons[0]).toContain("absence of Redis");
  });
});
