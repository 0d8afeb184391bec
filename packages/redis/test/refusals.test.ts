import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Baldur, createBaldur } from "@baldur/core";
import { type RedisServer, startRedis } from "@baldur/services";
import { createFakeClock, type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { redis } from "../src/index.js";
import { Refusals } from "../src/refusals.js";
import { until as untilThat } from "./fixture.js";

jest.setTimeout(60_000);

let server: RedisServer;
let folder: string;
let baldur: Baldur;
let telemetry: RecordedTelemetry;
const silent = () => undefined;
const until = (test: () => unknown) => untilThat(String(test), test);

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "baldur-refusals-"));
  await server.restart({ keepData: false });
  baldur = createBaldur({
    plugins: [redis()],
    discover: false,
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    env: {
      BALDUR_REDIS_URL: server.url,
      BALDUR_DATA_DIR: folder,
      BALDUR_HEALTH_CHECK_READINESS_CACHE_TTL_SECONDS: "0",
    },
    settings: { resilientStorage: { recoveryJitterMax: 0 } },
  });
  telemetry = recordTelemetry(baldur);
  await baldur.start();
});
afterEach(async () => {
  await baldur.close();
  rmSync(folder, { recursive: true, force: true });
});

const once = (key: string) =>
  baldur.protect("charge", () => "done", { idempotencyKey: () => key }).catch((error) => error.code);
const config = (name: string, value: string) => server.command("CONFIG", "SET", name, value);

/** That were ever made, by these questions too. */
const connections = async () =>
  Number(/total_connections_received:(\d+)/.exec(String(await server.command("INFO", "stats")))?.[1]);

/** The posture, readiness and health say this word until it is over. */
async function told(word: string, end: () => Promise<unknown>): Promise<void> {
  await until(() =>
    baldur.posture().degraded.some((line) => line.startsWith(`redis: it refuses writes (${word})`)),
  );
  expect(await baldur.health.ready()).toMatchObject({
    ready: true,
    checks: { redis: { status: "degraded", detail: `it refuses writes (${word})` } },
  });
  expect((await baldur.health.check({ fresh: true })).checks["redis"]).toMatchObject({ status: "degraded" });
  await end();
  await until(() => baldur.posture().degraded.length === 0);
  expect(await baldur.health.ready()).toMatchObject({ checks: { redis: { status: "healthy" } } });
  expect(await once(`after ${word}`)).toBe("done");
}

describe("a runtime whose Redis answers, and takes no writes any more", () => {
  it("says so while it has too few replicas", async () => {
    await config("min-replicas-to-write", "1");
    expect(await once("k")).toBe("ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE");
    await told("NOREPLICAS", () => config("min-replicas-to-write", "0"));
    expect(telemetry.named("redis.writes_refused").map(({ payload }) => payload)).toEqual([
      { address: expect.stringContaining(String(server.port)), error: "NOREPLICAS" },
    ]);
    expect(telemetry.named("redis.writes_accepted")).toHaveLength(1);
  });

  it("notices it where it asks nothing itself", async () => {
    await config("maxmemory", "1");
    await told("OOM", () => config("maxmemory", "0"));
  });

  it("says so while it is a replica, and does not connect to it again and again", async () => {
    await server.command("REPLICAOF", "127.0.0.1", "1");
    expect(await once("k")).toBe("ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE");
    const received = await connections();
    await until(async () => (await connections()) > received + 10); // ours among them
    await told("READONLY", () => server.command("REPLICAOF", "NO", "ONE"));
    expect(telemetry.named("redis.connection_lost")).toHaveLength(1);
  });

  it("says so where one of its commands is not allowed, though others are", async () => {
    await server.command("ACL", "SETUSER", "default", "-evalsha", "-eval");
    expect(await once("k")).toBe("ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE");
    expect(baldur.posture().degraded.join()).toContain("redis: it refuses writes (NOPERM)");
    await server.command("ACL", "SETUSER", "default", "+@all");
  });
});

describe("what is known of refusals", () => {
  const known = () => {
    const clock = createFakeClock();
    const told: (string | undefined)[] = [];
    let checks = 0;
    let writes = true;
    const check = async () => {
      checks++;
      if (!writes) throw new Error("refused");
    };
    const refusals = new Refusals({ clock, check, onChange: (reason) => told.push(reason) });
    refusals.start();
    return {
      clock,
      told,
      refusals,
      refused: (type: string) => refusals.refused({ type, kind: "busy", text: "" }),
      checks: () => checks,
      let: (now: boolean) => {
        writes = now;
      },
    };
  };

  it("is told once while some are let through and others are not", async () => {
    const { clock, told, refusals, refused } = known();
    for (let n = 0; n < 20; n++) {
      refused("OOM");
      await clock.advance(700);
    }
    expect(told).toEqual(["OOM"]);
    await clock.advance(1000);
    expect([told, refusals.reason]).toEqual([["OOM", undefined], undefined]);
  });

  it("lasts for as long as nothing can be written", async () => {
    const { clock, told, refused, let: allow } = known();
    allow(false);
    refused("MISCONF");
    await clock.advance(600_000);
    expect(told).toEqual(["MISCONF"]);
    allow(true);
    await clock.advance(500);
    expect(told).toEqual(["MISCONF", undefined]);
  });

  it("lasts for a minute where it is one command that is not allowed", async () => {
    const { clock, refusals, refused } = known();
    refused("NOPERM");
    await clock.advance(59_000);
    expect(refusals.reason).toBe("NOPERM");
    await clock.advance(1000);
    expect(refusals.reason).toBeUndefined();
  });

  it("is looked for now and then, more often while there is something, and not after its end", async () => {
    const { clock, refusals, refused, checks } = known();
    await clock.advance(20_000);
    expect(checks()).toBe(4);
    refused("WRONGTYPE");
    expect(refusals.reason).toBeUndefined();
    refused("MISCONF");
    await clock.advance(900);
    expect(checks()).toBe(5);
    refusals.close();
    await clock.advance(20_000);
    expect([checks(), clock.pending]).toEqual([5, 0]);
  });
});
