import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { HealthChecks, type HealthStatus } from "../../src/health/health.js";
import { errorOf, fails, succeeds, testRuntime } from "../runtime.js";

const OPS = { actor: "ops", reason: "incident 7" };
const circuitBreaker = { failureThreshold: 1, minimumCalls: 1, recoveryTimeout: 1000 };
const WORST_LAST: HealthStatus[] = ["healthy", "unknown", "degraded", "unhealthy"];

describe("the health of a runtime", () => {
  it("is healthy when nothing is wrong", async () => {
    const { baldur } = testRuntime();
    await baldur.protect("db", succeeds);
    await expect(baldur.health.check()).resolves.toEqual({
      status: "healthy",
      checks: { circuits: { status: "healthy" }, control: { status: "healthy" } },
    });
  });

  it("is degraded while a circuit is open or half-open, and names it", async () => {
    const { baldur, clock } = testRuntime();
    await errorOf(baldur.protect("db", fails, { circuitBreaker }));
    await expect(baldur.health.check()).resolves.toMatchObject({
      status: "degraded",
      checks: { circuits: { status: "degraded", detail: "db is open" }, control: { status: "healthy" } },
    });
    await clock.advance(1000);
    await baldur.protect("db", succeeds, { circuitBreaker });
    await expect(baldur.health.check()).resolves.toMatchObject({
      checks: { circuits: { detail: "db is half_open" } },
    });
    await baldur.protect("db", succeeds, { circuitBreaker });
    await expect(baldur.health.check()).resolves.toMatchObject({ status: "healthy" });
  });

  it("is degraded by a circuit that is forced open, and not by one that is forced closed", async () => {
    const { baldur } = testRuntime();
    await baldur.circuit("db").forceClose(OPS);
    await expect(baldur.health.check()).resolves.toMatchObject({ status: "healthy" });
    await baldur.circuit("db").forceOpen(OPS);
    await expect(baldur.health.check()).resolves.toMatchObject({
      status: "degraded",
      checks: { circuits: { detail: "db is forced_open" } },
    });
  });

  it("is degraded while the kill switch is off, whatever the circuits are", async () => {
    const { baldur } = testRuntime();
    await errorOf(baldur.protect("db", fails, { circuitBreaker }));
    await baldur.control.disable(OPS);
    await expect(baldur.health.check()).resolves.toEqual({
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
    const { baldur } = testRuntime();
    await baldur.control.enableDryRun({ actor: "ops" });
    await expect(baldur.health.check()).resolves.toMatchObject({
      status: "healthy",
      checks: { control: { status: "healthy", detail: "dry run" } },
    });
  });

  it("is degraded while a change of the kill switch is not stored", async () => {
    const settings = { control: { backend: "file" as const, dir: "/dev/null/control" } };
    const { baldur } = testRuntime({ settings });
    await expect(baldur.control.enableDryRun({ actor: "ops" })).resolves.toMatchObject({ persisted: false });
    await expect(baldur.health.check()).resolves.toMatchObject({
      status: "degraded",
      checks: { control: { detail: "the latest change is not stored yet" } },
    });
    expect(baldur.posture().degraded).toEqual(["control: the latest change is not stored yet"]);
  });
});

describe("health checks", () => {
  it.each([
    [
      "throws",
      () => {
        throw new Error("gone");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("gone");
      },
    ],
  ])("take a probe that %s for unknown, and still ask the others", async (_, broken) => {
    const checks = new HealthChecks({ broken, fine: () => ({ status: "healthy" }) });
    await expect(checks.check()).resolves.toEqual({
      status: "unknown",
      checks: { broken: { status: "unknown", detail: "gone" }, fine: { status: "healthy" } },
    });
  });

  it("survive a probe that throws something without a text", async () => {
    const broken = () => {
      throw Object.create(null);
    };
    await expect(new HealthChecks({ broken }).check()).resolves.toMatchObject({ status: "unknown" });
  });

  it("ask every probe at once", async () => {
    const begun: string[] = [];
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const probe = (name: string) => async () => {
      begun.push(name);
      await gate;
      return { status: "healthy" as const };
    };
    const report = new HealthChecks({ a: probe("a"), b: probe("b") }).check();
    expect(begun).toEqual(["a", "b"]);
    release();
    await expect(report).resolves.toMatchObject({ status: "healthy" });
  });

  it("are as good as the worst of them, and healthy without any", async () => {
    await expect(new HealthChecks({}).check()).resolves.toEqual({ status: "healthy", checks: {} });
    const statuses = fc.array(fc.constantFrom(...WORST_LAST), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(statuses, async (given) => {
        const probes = Object.fromEntries(given.map((status, n) => [`p${n}`, () => ({ status })]));
        const worst = [...given].sort((a, b) => WORST_LAST.indexOf(a) - WORST_LAST.indexOf(b)).at(-1);
        expect((await new HealthChecks(probes).check()).status).toBe(worst);
      }),
    );
  });
});
