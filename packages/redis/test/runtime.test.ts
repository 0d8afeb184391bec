import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Baldur, createBaldur } from "@baldur/core";
import { type RedisServer, startRedis } from "@baldur/services";
import { recordTelemetry } from "@baldur/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { redis } from "../src/index.js";
import { until as untilThat } from "./fixture.js";

jest.setTimeout(30_000);

let server: RedisServer;
let folder: string;
const open: Baldur[] = [];
const silent = () => undefined;
const until = (test: () => unknown) => untilThat(String(test), test);
const logger = { debug: silent, info: silent, warn: silent, error: silent };
const OPERATOR = { actor: "ann", reason: "the runtime test" };
const SETTINGS = {
  circuitBreaker: { minimumCalls: 5, recoveryTimeout: 60_000 },
  resilientStorage: { recoveryJitterMax: 0 },
} as const;

beforeAll(async () => {
  server = await startRedis({ persistence: true });
});
afterAll(() => server.stop());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "baldur-redis-"));
  await server.restart({ keepData: false });
});
afterEach(async () => {
  for (const baldur of open.splice(0)) await baldur.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A member of the fleet, as a process of its own would be. */
async function member(env: Record<string, string> = {}, { socketTimeout = 1000 } = {}): Promise<Baldur> {
  const baldur = createBaldur({
    plugins: [redis({ socketTimeout })],
    discover: false,
    logger,
    settings: SETTINGS,
    env: { BALDUR_REDIS_URL: server.url, BALDUR_DATA_DIR: folder, ...env },
  });
  open.push(baldur);
  return baldur.start();
}

async function trip(baldur: Baldur, name: string): Promise<void> {
  const fails = () => Promise.reject(new Error("down"));
  for (let call = 0; call < 10; call++) await baldur.protect(name, fails).catch(silent);
}

const once = (baldur: Baldur, key: string) =>
  baldur.protect("charge", () => "done", { idempotencyKey: () => key }).catch((error) => error.code);

describe("runtimes that are given the URL of one Redis", () => {
  it("say so", async () => {
    expect((await member()).posture()).toMatchObject({
      storage: "redis",
      storageMode: "normal",
      degraded: [],
    });
  });

  it("learn of an open circuit, of the kill switch and of a pin from each other", async () => {
    const [one, other] = [await member(), await member()];
    await trip(one, "gateway");
    await until(() => other.circuit("gateway").state === "open");
    await one.control.disable(OPERATOR);
    await until(() => !other.control.enabled);
    await expect(one.control.enable(OPERATOR)).resolves.toMatchObject({ backend: "redis" });
    await until(() => other.control.enabled);
    await other.circuit("mail").forceOpen(OPERATOR);
    await until(() => one.circuit("mail").state === "forced_open");
  });

  it("do what has a key once, whoever is asked", async () => {
    const [one, other] = [await member(), await member()];
    expect([await once(one, "k"), await once(other, "k")]).toEqual([
      "done",
      "ERR_BALDUR_IDEMPOTENCY_DUPLICATE",
    ]);
  });

  it("know when they join what is open already", async () => {
    await trip(await member(), "gateway");
    await until(async () => (await server.command("EXISTS", "baldur:cb:changes")) === 1);
    const late = await member();
    await until(() => late.circuit("gateway").state === "open");
  });
});

describe("runtimes whose Redis dies", () => {
  it("go on by themselves, refuse what cannot be told, and become one again", async () => {
    const [one, other] = [await member(), await member()];
    expect(await once(one, "before")).toBe("done");
    await server.kill();
    await until(() => one.posture().storageMode === "degraded");
    expect(one.posture().degraded.join()).toContain("redis");
    expect(await once(one, "during")).toBe("ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE");
    const open = await one.protect("charge", () => "open", {
      idempotencyKey: () => "x",
      idempotency: { failOpen: true },
    });
    expect(open).toBe("open");
    await trip(one, "gateway");
    expect([one, other].map((each) => each.circuit("gateway").state)).toEqual(["open", "closed"]);
    await server.restart();
    await until(() => one.posture().storageMode === "normal");
    await until(() => other.circuit("gateway").state === "open");
    await until(async () => (await once(other, "before")) === "ERR_BALDUR_IDEMPOTENCY_DUPLICATE");
    await until(() => one.storage.divergences().length > 0);
  });

  it("stay in rotation, and say that they are degraded", async () => {
    const { health } = await member({ BALDUR_HEALTH_CHECK_READINESS_CACHE_TTL_SECONDS: "0" });
    const ready = await health.ready();
    expect(ready).toEqual({ ready: true, phase: "running", checks: { redis: { status: "healthy" } } });
    expect(await health.pool()).toMatchObject({ status: "healthy", pools: { redis: { status: "healthy" } } });
    await server.pause();
    expect(await health.ready()).toMatchObject({ ready: true, checks: { redis: { status: "degraded" } } });
    await until(async () => (await health.check()).checks["storage"]?.status === "degraded");
    await server.resume();
    await until(async () => (await health.check()).status !== "degraded");
  });

  it("notice that it stands still without asking anything of it", async () => {
    const one = await member({}, { socketTimeout: 60_000 });
    await server.pause();
    await until(() => one.posture().storageMode === "degraded");
    expect(await once(one, "k")).toBe("ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE");
    await server.resume();
    await until(() => one.posture().storageMode === "normal");
    expect(await once(one, "k")).toBe("done");
  });

  it("are asked to look by hand where they are not to look by themselves", async () => {
    const one = await member({ BALDUR_RESILIENT_STORAGE_AUTO_RECOVERY: "false" });
    const { events } = recordTelemetry(one);
    await server.kill();
    await until(() => one.storage.mode === "degraded");
    await server.restart();
    await until(() => one.storage.checkAndRecover());
    expect(one.storage.mode).toBe("normal");
    expect(events.map(({ name }) => name)).toContain("storage.divergence_report");
  });

  it("start without it where nothing is production, and join it when it is there", async () => {
    await server.kill();
    const one = await member();
    expect(one.posture().storageMode).toBe("degraded");
    await expect(one.protect("x", () => 1)).resolves.toBe(1);
    await server.restart();
    await until(() => one.posture().storageMode === "normal");
    expect(await once(one, "k")).toBe("done");
  });

  it("say what is degraded until all is as it was", async () => {
    const one = await member();
    await server.kill();
    await until(() => one.posture().storageMode === "degraded");
    await server.restart();
    const silences: string[] = [];
    await until(() => {
      const { storageMode, degraded } = one.posture();
      if (storageMode !== "normal" && degraded.length === 0) silences.push(storageMode);
      return storageMode === "normal";
    });
    expect(silences).toEqual([]);
    expect(one.posture().degraded).toEqual([]);
  });

  it("say, once it is back, that what was decided without it is not merged yet", async () => {
    const one = await member({ BALDUR_RESILIENT_STORAGE_AUTO_RECOVERY: "false" });
    await server.kill();
    await until(() => one.posture().storageMode === "degraded");
    await server.restart();
    const unmerged = "storage: it is back, and what was decided without it is not merged yet";
    await until(() => one.posture().degraded.join() === unmerged);
    await until(() => one.storage.checkAndRecover());
    expect(one.posture().degraded).toEqual([]);
  });

  it("do not start in production where it takes no writes", async () => {
    const env = { BALDUR_ENVIRONMENT: "production", BALDUR_DATA_DIR: "" };
    const small = await startRedis({ settings: { maxmemory: "100kb", "maxmemory-policy": "noeviction" } });
    try {
      const started = member({ ...env, BALDUR_REDIS_URL: small.url });
      await expect(started).rejects.toThrow("Redis takes no writes");
    } finally {
      await small.stop();
    }
  });

  it("do not start in production where nothing else remembers, and say what is missing", async () => {
    await server.kill();
    const started = member({ BALDUR_ENVIRONMENT: "production", BALDUR_DATA_DIR: "" });
    await expect(started).rejects.toMatchObject({
      code: "ERR_BALDUR_CONFIGURATION",
      message: expect.stringContaining("no server that is to remember what was done answers (redis)"),
    });
    await server.restart();
  });
});
