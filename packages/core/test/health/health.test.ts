import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Baldur } from "../../src/api.js";
import type { HealthCheck, HealthStatus } from "../../src/health/health.js";
import type { Plugin } from "../../src/plugins/plugin.js";
import type { BaldurOptions } from "../../src/runtime-options.js";
import { errorOf, fails, succeeds, type TestRuntime, testRuntime, turn } from "../runtime.js";

const OPS = { actor: "ops", reason: "incident 7" };
const circuitBreaker = { failureThreshold: 1, minimumCalls: 1, recoveryTimeout: 60_000 };
const WORST_LAST: HealthStatus[] = ["healthy", "unknown", "degraded", "unhealthy"];
const OWN = ["circuits", "control", "memory", "plugins", "storage"];
const FULL_HEAP = { memoryUsageThreshold: 1 };

async function started(options: BaldurOptions = {}): Promise<TestRuntime> {
  const settings = { ...options.settings, health: { ...FULL_HEAP, ...options.settings?.health } };
  const runtime = testRuntime({ ...options, settings });
  await runtime.baldur.start();
  return runtime;
}

async function open(baldur: Baldur, ...names: string[]): Promise<void> {
  for (const name of names) await errorOf(baldur.protect(name, fails, { circuitBreaker }));
}

const answering =
  (status: HealthStatus): (() => HealthCheck) =>
  () => ({ status });

describe("the health of a runtime", () => {
  it("is unknown before the start, and not ready", async () => {
    const { health } = testRuntime().baldur;
    const checks = { runtime: { status: "unknown", detail: "the runtime has not started" } };
    await expect(health.check()).resolves.toEqual({ status: "unknown", checks });
    await expect(health.ready()).resolves.toEqual({ ready: false, phase: "running", checks });
    expect(() => health.add("x", answering("healthy"))).toThrow("once start() was called");
  });

  it("is healthy when nothing is wrong, and says what it looked at", async () => {
    const { baldur } = await started();
    const { status, checks } = await baldur.health.check();
    expect({ status, names: Object.keys(checks).sort() }).toEqual({ status: "healthy", names: OWN });
    expect(checks["storage"]).toEqual({ status: "healthy", detail: "memory" });
    expect(checks["memory"]?.detail).toMatch(/^\d+ % of the (heap|container)$/);
  });

  it("is degraded from so many open circuits on, and names those that are open before, too", async () => {
    const { baldur } = await started();
    await open(baldur, "a", "b");
    await expect(baldur.health.check()).resolves.toMatchObject({
      status: "healthy",
      checks: { circuits: { status: "healthy", detail: "a is open, b is open" } },
    });
    await open(baldur, "c");
    await expect(baldur.health.check()).resolves.toMatchObject({
      status: "degraded",
      checks: { circuits: { status: "degraded", detail: "a is open, b is open, c is open" } },
    });
  });

  it("is degraded by circuits that are being probed, from a number of their own on", async () => {
    const settings = { health: { circuitsOpenThreshold: 2, activeRecoveriesThreshold: 3 } };
    const { baldur, clock } = await started({ settings });
    await open(baldur, "a", "b", "c");
    await clock.advance(60_000);
    for (const name of ["a", "b"]) await baldur.protect(name, succeeds, { circuitBreaker });
    await expect(baldur.health.check()).resolves.toMatchObject({
      checks: { circuits: { status: "healthy", detail: expect.stringContaining("a is half_open") } },
    });
    await baldur.protect("c", succeeds, { circuitBreaker });
    await expect(baldur.health.check()).resolves.toMatchObject({
      checks: { circuits: { status: "degraded" } },
    });
  });

  it("names ten circuits at most, and counts the others", async () => {
    const { baldur } = await started();
    await open(baldur, ...Array.from({ length: 13 }, (_, n) => `c${n}`));
    const { checks } = await baldur.health.check();
    expect(checks["circuits"]?.detail).toMatch(/^c0 is open(, c\d+ is open){9}, and 3 more$/);
  });

  it("counts a circuit that is forced open, and not one that is forced closed", async () => {
    const { baldur } = await started({ settings: { health: { circuitsOpenThreshold: 1 } } });
    await baldur.circuit("db").forceClose(OPS);
    await expect(baldur.health.check()).resolves.toMatchObject({ status: "healthy" });
    await baldur.circuit("db").forceOpen(OPS);
    await expect(baldur.health.check()).resolves.toMatchObject({
      status: "degraded",
      checks: { circuits: { detail: "db is forced_open" } },
    });
  });

  it("is degraded while the kill switch is off, whatever the circuits are", async () => {
    const { baldur } = await started();
    await open(baldur, "a", "b", "c");
    await baldur.control.disable(OPS);
    await expect(baldur.health.check()).resolves.toMatchObject({
      status: "degraded",
      checks: {
        circuits: { status: "healthy" },
        control: { status: "degraded", detail: "disabled by the kill switch" },
      },
    });
    await baldur.control.enable({ actor: "ops" });
    await expect(baldur.health.check()).resolves.toMatchObject({
      checks: { control: { status: "healthy" } },
    });
  });

  it("is healthy in a dry run, and says that it is one", async () => {
    const { baldur } = await started();
    await baldur.control.enableDryRun({ actor: "ops" });
    await expect(baldur.health.check()).resolves.toMatchObject({
      status: "healthy",
      checks: { control: { status: "healthy", detail: "dry run" } },
    });
  });

  it("is degraded while a change of the kill switch is not stored", async () => {
    const { baldur } = await started({
      settings: { control: { backend: "file", dir: "/dev/null/control" } },
    });
    await expect(baldur.control.enableDryRun({ actor: "ops" })).resolves.toMatchObject({ persisted: false });
    await expect(baldur.health.check()).resolves.toMatchObject({
      status: "degraded",
      checks: { control: { detail: "the latest change is not stored yet" } },
    });
    expect(baldur.posture().degraded).toEqual(["control: the latest change is not stored yet"]);
  });

  it("is degraded by a plugin that failed, and by an embedded store that cannot be opened", async () => {
    const broken: Plugin = {
      name: "broken",
      register: () => {
        throw new Error("no key");
      },
    };
    const embedded: Plugin = {
      name: "embedded",
      register: ({ provider }) => provider("embedded", () => Promise.reject(new Error("the disk is gone"))),
    };
    const { baldur } = await started({ plugins: [broken, embedded] });
    await expect(baldur.health.check()).resolves.toMatchObject({
      status: "degraded",
      checks: {
        plugins: { status: "degraded", detail: "broken: no key" },
        storage: { status: "degraded", detail: "the disk is gone" },
      },
    });
  });

  it("is degraded by memory that is nearly used up", async () => {
    const { baldur } = await started({ settings: { health: { memoryUsageThreshold: 0.01 } } });
    const ballast = new Array(15_000_000).fill(1.5); // 120 MB of the heap
    const { checks } = await baldur.health.check();
    expect(ballast.length).toBeGreaterThan(0);
    expect(checks["memory"]?.status).toBe("degraded");
  });

  it("keeps its gauges current although nobody asks", async () => {
    const { baldur, clock } = await started();
    baldur.health.add("acme", answering("degraded"));
    const gauge = () =>
      Object.fromEntries(
        baldur.telemetry
          .metrics()
          .filter(({ name }) => name === "baldur_health_check_status")
          .map(({ labels, value }) => [labels["check_type"], value]),
      );
    expect(gauge()).toEqual({});
    await clock.advance(11_000);
    expect(gauge()).toMatchObject({ acme: 0.5, control: 1 });
  });

  it("is looked at once the start succeeds, also where one failed half-way before", async () => {
    const { baldur } = testRuntime({ env: { BALDUR_IDEMPOTENCY_BACKEND: "redis" } });
    for (let n = 0; n < 2; n++)
      expect(await errorOf(baldur.start())).toMatchObject({ code: "ERR_BALDUR_ADAPTER_NOT_FOUND" });
    expect((await baldur.health.ready()).ready).toBe(false);
    expect(Object.keys((await baldur.health.check()).checks).sort()).toEqual(OWN);
  });

  it("stops looking when the runtime closes", async () => {
    const { baldur, clock } = await started();
    await baldur.close();
    expect(clock.pending).toBe(0);
  });
});

describe("checks that an application adds", () => {
  it("are part of the health until they are taken away, and have a name of their own", async () => {
    const { baldur } = await started();
    const added = baldur.health.add("acme", answering("unhealthy"));
    await expect(baldur.health.check()).resolves.toMatchObject({ status: "unhealthy" });
    expect(() => baldur.health.add("acme", answering("healthy"))).toThrow("a name that is not taken");
    added[Symbol.dispose]();
    added[Symbol.dispose]();
    const { status, checks } = await baldur.health.check();
    expect({ status, acme: checks["acme"] }).toEqual({ status: "healthy", acme: undefined });
    baldur.health.add("acme", answering("healthy"));
  });

  it.each([
    ["", () => ({ status: "healthy" as const }), "name"],
    ["x".repeat(65), () => ({ status: "healthy" as const }), "name"],
    ["x", "healthy", "probe"],
  ])("are refused with a mistake in them: %s", async (name, probe, named) => {
    const { baldur } = await started();
    expect(() => baldur.health.add(name, probe as never)).toThrow(named);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("gone");
      },
      "gone",
    ],
    ["rejects", () => Promise.reject(new Error("gone")), "gone"],
    [
      "throws what has no text",
      () => {
        throw Object.create(null);
      },
      "unreadable",
    ],
    ["answers nothing", () => undefined, "the check answered nothing of use"],
    ["answers a word", () => ({ status: "fine" }), "the check answered nothing of use"],
  ])("are unknown where one %s, and the others are still asked", async (_, probe, detail) => {
    const { baldur } = await started();
    baldur.health.add("broken", probe as never);
    const { status, checks } = await baldur.health.check();
    expect(status).toBe("unknown");
    expect(checks).toMatchObject({ broken: { status: "unknown", detail }, control: { status: "healthy" } });
  });

  it("are unknown where they do not answer in time, and told that nobody waits any more", async () => {
    const { baldur, clock } = await started();
    let signal: AbortSignal | undefined;
    baldur.health.add("stuck", (given) => {
      signal = given;
      return new Promise(() => undefined);
    });
    const report = baldur.health.check();
    await clock.advance(999);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect((await report).checks["stuck"]).toEqual({
      status: "unknown",
      timedOut: true,
      detail: "no answer within 1000 ms",
    });
    expect(signal?.aborted).toBe(true);
  });

  it("are not asked again while they have not answered, until they are given up", async () => {
    const { baldur, clock } = await started();
    let asked = 0;
    baldur.health.add("stuck", () => {
      asked++;
      return new Promise(() => undefined);
    });
    for (let round = 0; round < 5; round++) {
      const report = baldur.health.check({ fresh: true });
      await clock.advance(1000);
      await report;
    }
    expect(asked).toBe(1);
    await clock.advance(30_000);
    expect(asked).toBe(2);
  });

  it("are all asked at once", async () => {
    const { baldur } = await started();
    const begun: string[] = [];
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    for (const name of ["a", "b"]) {
      baldur.health.add(name, async () => {
        begun.push(name);
        await gate;
        return { status: "healthy" };
      });
    }
    const report = baldur.health.check();
    await turn();
    expect(begun).toEqual(["a", "b"]);
    release();
    await expect(report).resolves.toMatchObject({ status: "healthy" });
  });

  it("make the health as good as the worst of them", async () => {
    const statuses = fc.array(fc.constantFrom(...WORST_LAST), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(statuses, async (given) => {
        const { baldur } = await started();
        for (const [n, status] of given.entries()) baldur.health.add(`p${n}`, answering(status));
        const worst = [...given].sort((a, b) => WORST_LAST.indexOf(a) - WORST_LAST.indexOf(b)).at(-1);
        expect((await baldur.health.check()).status).toBe(worst);
      }),
      { numRuns: 30 },
    );
  });

  it("are counted and timed", async () => {
    const { baldur, telemetry } = await started();
    baldur.health.add("acme", answering("degraded"));
    await baldur.health.check();
    await baldur.health.check({ fresh: true });
    const labels = { check_type: "acme", result: "degraded" };
    expect(telemetry.value("baldur_health_check_results_total", labels)).toBe(2);
    const [durations] = telemetry
      .series("baldur_health_check_duration_seconds")
      .filter((series) => series.labels["check_type"] === "acme");
    expect(durations?.count).toBe(2);
  });
});

describe("an answer about health", () => {
  it("is given again for two seconds, and made once however many ask", async () => {
    const { baldur, clock } = await started();
    let asked = 0;
    baldur.health.add("acme", () => {
      asked++;
      return { status: "healthy" };
    });
    const many = await Promise.all(Array.from({ length: 50 }, () => baldur.health.check()));
    expect(asked).toBe(1);
    expect(many.map(({ cache }) => cache?.hit).sort()).toEqual([...Array(49).fill("DEDUP"), "MISS"].sort());
    expect((await baldur.health.check()).cache?.hit).toBe("L1");
    await clock.advance(2000);
    expect((await baldur.health.check()).cache).toEqual({
      hit: "MISS",
      latency: 0,
      at: new Date(clock.now()),
    });
    expect((await baldur.health.check({ fresh: true })).cache?.hit).toBe("BYPASSED");
    expect(asked).toBe(3);
  });

  it("is not given again once a circuit or a switch has changed", async () => {
    const { baldur } = await started({ settings: { health: { circuitsOpenThreshold: 1 } } });
    expect((await baldur.health.check()).status).toBe("healthy");
    await open(baldur, "db");
    expect((await baldur.health.check()).status).toBe("degraded");
    await baldur.circuit("db").forceClose(OPS);
    expect((await baldur.health.check()).status).toBe("healthy");
    await baldur.control.disable(OPS);
    expect((await baldur.health.check()).status).toBe("degraded");
  });
});
