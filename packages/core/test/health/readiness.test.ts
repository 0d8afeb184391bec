import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { HealthCheck } from "../../src/health/health.js";
import { isReady } from "../../src/health/readiness.js";
import { turn } from "../runtime.js";
import { FakeServer, testHealth } from "./fixture.js";

const never = () => new Promise<never>(() => undefined);
const refuses = async () => {
  throw new Error("the server is starting up");
};

describe("readiness", () => {
  it("is there without any database, and asks for nothing", async () => {
    const { health } = testHealth({});
    await expect(health.ready()).resolves.toEqual({ ready: true, phase: "running", checks: {} });
  });

  it("is there while every database answers", async () => {
    const [redis, sql] = [new FakeServer(), new FakeServer()];
    const { health } = testHealth({ redis: redis.redis, sql: sql.sql });
    await expect(health.ready()).resolves.toEqual({
      ready: true,
      phase: "running",
      checks: { redis: { status: "healthy" }, sql: { status: "healthy" } },
    });
  });

  it("is gone at once while the database refuses", async () => {
    const sql = new FakeServer();
    sql.answer = refuses;
    const { health, clock } = testHealth({ sql: sql.sql }, { readinessTimeoutDirection: "ready" });
    await expect(health.ready()).resolves.toMatchObject({
      ready: false,
      checks: { sql: { status: "unhealthy", detail: "the server is starting up" } },
    });
    expect(clock.monotonic()).toBe(0);
  });

  it("is gone while the database is known to be away, without asking it", async () => {
    const sql = new FakeServer();
    sql.available = false;
    const { health } = testHealth({ sql: sql.sql });
    await expect(health.ready()).resolves.toMatchObject({ ready: false });
    expect(sql.asked).toBe(0);
  });

  it.each([
    ["not_ready", false],
    ["ready", true],
  ] as const)(
    "of a database that hangs is what the setting %s says, after the time for all",
    async (direction, ready) => {
      const sql = new FakeServer();
      sql.answer = never;
      const { health, clock } = testHealth({ sql: sql.sql }, { readinessTimeoutDirection: direction });
      let answered = false;
      const answer = health.ready().finally(() => {
        answered = true;
      });
      await clock.advance(499);
      expect(answered).toBe(false);
      await clock.advance(1);
      await expect(answer).resolves.toEqual({
        ready,
        phase: "running",
        checks: { sql: { status: "unknown", timedOut: true, detail: "no answer within 500 ms" } },
      });
    },
  );

  it.each([
    ["is away", (redis: FakeServer) => void (redis.available = false)],
    ["refuses", (redis: FakeServer) => void (redis.answer = refuses)],
    ["hangs", (redis: FakeServer) => void (redis.answer = never)],
  ])("is not lost because Redis %s: what is degraded stays in rotation", async (_, break_) => {
    const redis = new FakeServer();
    break_(redis);
    const { health, clock } = testHealth({ redis: redis.redis });
    const answer = health.ready();
    await clock.advance(500);
    await expect(answer).resolves.toMatchObject({ ready: true, checks: { redis: { status: "degraded" } } });
    const report = health.check();
    await clock.advance(1000);
    await expect(report).resolves.toMatchObject({ status: "degraded" });
  });

  it("is one round of questions for all who ask at the same time", async () => {
    const sql = new FakeServer();
    let release: (value: unknown) => void = () => undefined;
    sql.answer = () => new Promise((resolve) => (release = resolve));
    const { health } = testHealth({ sql: sql.sql }, { readinessCacheTtl: 0 });
    const answers = Array.from({ length: 100 }, () => health.ready());
    await turn();
    expect(sql.asked).toBe(1);
    release("1");
    expect((await Promise.all(answers)).every(({ ready }) => ready)).toBe(true);
    sql.answer = async () => "1";
    await health.ready();
    expect(sql.asked).toBe(2);
  });

  it("is asked for again after five seconds", async () => {
    const sql = new FakeServer();
    const { health, clock } = testHealth({ sql: sql.sql });
    await health.ready();
    sql.answer = refuses;
    await clock.advance(4999);
    expect((await health.ready()).ready).toBe(true);
    await clock.advance(1);
    expect((await health.ready()).ready).toBe(false);
  });

  it("is gone in a drain, at once and whatever was kept", async () => {
    const sql = new FakeServer();
    const test = testHealth({ sql: sql.sql });
    expect((await test.health.ready()).ready).toBe(true);
    for (const phase of ["draining", "terminating", "terminated"] as const) {
      test.phase = phase;
      await expect(test.health.ready()).resolves.toEqual({ ready: false, phase, checks: {} });
    }
  });

  it("is gone where a drain began while it was being found out", async () => {
    const sql = new FakeServer();
    const test = testHealth({ sql: sql.sql });
    const answer = test.health.ready();
    test.phase = "draining";
    await expect(answer).resolves.toMatchObject({ ready: false, phase: "draining" });
  });

  it("counts what an application adds to it, from then on, and nothing else that it adds", async () => {
    const { health } = testHealth({});
    await health.ready();
    health.add("cosmetic", () => ({ status: "unhealthy" }));
    expect((await health.ready()).ready).toBe(true);
    const added = health.add("db", () => ({ status: "unhealthy" }), { readiness: true });
    await expect(health.ready()).resolves.toMatchObject({ ready: false, checks: { db: {} } });
    added[Symbol.dispose]();
    expect((await health.ready()).ready).toBe(true);
  });

  it("is decided by the status and the direction alone", () => {
    const check = fc.record({
      status: fc.constantFrom("healthy", "degraded", "unhealthy", "unknown"),
      timedOut: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(check), fc.constantFrom("ready", "not_ready"), (given, direction) => {
        const checks = Object.fromEntries(given.map((one, n) => [`c${n}`, one as HealthCheck]));
        const blocks = ({ status, timedOut }: { status: string; timedOut: boolean }) =>
          timedOut ? direction === "not_ready" : ["unhealthy", "unknown"].includes(status);
        expect(isReady(checks, direction as "ready")).toBe(!given.some(blocks));
      }),
    );
  });
});

describe("the connections to databases", () => {
  it("are none where there is no database, which is healthy", async () => {
    await expect(testHealth({}).health.pool()).resolves.toMatchObject({ status: "healthy", pools: {} });
  });

  it("are told with their numbers, where anybody knows them", async () => {
    const [redis, sql] = [new FakeServer(), new FakeServer()];
    sql.pool = { size: 3, idle: 1, waiting: 0, limit: 10 };
    const { health } = testHealth({ redis: redis.redis, sql: sql.sql });
    await expect(health.pool()).resolves.toMatchObject({
      status: "healthy",
      pools: {
        redis: { status: "healthy" },
        sql: { status: "healthy", size: 3, idle: 1, waiting: 0, limit: 10 },
      },
    });
  });

  it("are degraded while all are in use and somebody waits, and an error while there are none", async () => {
    const sql = new FakeServer();
    const { health, clock, telemetry } = testHealth({ sql: sql.sql });
    const gauge = (name: string) => telemetry.metrics().find((sample) => sample.name === name)?.value;
    sql.pool = { size: 10, idle: 0, waiting: 0, limit: 10 };
    await expect(health.pool()).resolves.toMatchObject({ status: "healthy" });
    await clock.advance(2000);
    sql.pool = { size: 10, idle: 0, waiting: 4, limit: 10 };
    await expect(health.pool()).resolves.toMatchObject({
      status: "degraded",
      pools: { sql: { waiting: 4, detail: "all 10 connections are in use" } },
    });
    expect(gauge("baldur_health_check_pool_status")).toBe(0.5);
    expect(gauge("baldur_health_check_database_connected")).toBe(1);
    await clock.advance(2000);
    sql.available = false;
    await expect(health.pool()).resolves.toMatchObject({
      status: "error",
      pools: { sql: { status: "error" } },
    });
    expect(gauge("baldur_health_check_pool_status")).toBe(0);
    expect(gauge("baldur_health_check_database_connected")).toBe(0);
  });
});
