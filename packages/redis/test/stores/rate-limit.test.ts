import { init } from "@baldur/core";
import { rateLimit } from "@baldur/core/gates";
import { type FaultProxy, type RedisServer, startFaultProxy, startRedis } from "@baldur/services";
import { createFakeClock } from "@baldur/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { eventually, Fleet } from "./fixture.js";
import { Processes } from "./processes.js";

const WINDOW = 60_000;

let server: RedisServer;
let proxy: FaultProxy;
let fleet: Fleet;
beforeAll(async () => {
  server = await startRedis();
  proxy = await startFaultProxy(server);
});
afterAll(async () => {
  await proxy.stop();
  await server.stop();
});
beforeEach(() => {
  fleet = new Fleet(server);
});
afterEach(() => fleet.dissolve());
jest.setTimeout(60_000);

const request = { bucket: "api", limit: 5, window: WINDOW, count: 1, owed: 0 };
const gate = { scope: "fleet", bucket: "api", maxRequests: 5, window: WINDOW, raiseOnLimit: false } as const;

/** How many of so many calls ran. */
async function ran(limited: () => Promise<unknown>, calls: number): Promise<number> {
  const answers = await Promise.all(Array.from({ length: calls }, limited));
  return answers.filter((answer) => answer === "ran").length;
}

describe("limits in Redis", () => {
  it("are of all processes together, to the call", async () => {
    await using processes = new Processes();
    const script = `
      let granted = 0;
      const request = { bucket: "api", limit: 500, window: 60_000, count: 1, owed: 0 };
      for (let n = 0; n < 40; n++) {
        const taken = await Promise.all(Array.from({ length: 10 }, () => stores.rateLimits.take(request)));
        granted += taken.filter((one) => one.granted === 1).length;
      }
      say(granted);`;
    const join = { url: server.url, namespace: fleet.namespace };
    const all = await Promise.all([processes.run(script, join), processes.run(script, join)]);
    for (const child of all) child.tell();
    const granted = await Promise.all(all.map((child) => child.next()));
    expect(Number(granted[0]) + Number(granted[1])).toBe(500);
  });

  it("need one round trip for a call, and leave nothing behind when the window is over", async () => {
    const { client, stores } = await fleet.join();
    const run = jest.spyOn(client, "run");
    await stores.rateLimits.take(request);
    await stores.rateLimits.take(request);
    expect(run.mock.calls.filter(([{ name }]) => name === "rate-limit.take")).toHaveLength(2);
    const key = `${client.prefix}ratelimit:bucket:${WINDOW}:api`;
    const left = Number(await client.command("PTTL", key));
    expect(left).toBeGreaterThan(WINDOW);
    expect(left).toBeLessThanOrEqual(WINDOW + WINDOW / 10);
    for (let n = 0; n < 100; n++) await stores.rateLimits.take(request);
    expect(await client.command("HLEN", key)).toBeLessThan(30);
  });

  it("do not stand still when the clock of Redis is set back", async () => {
    const redisTime = createFakeClock();
    const { stores } = await fleet.join({ redisTime });
    const take = (count = 5) => stores.rateLimits.take({ ...request, count });
    expect(await take()).toMatchObject({ granted: 5, wait: 0 });
    redisTime.set(redisTime.now() - WINDOW / 10);
    expect(await take()).toMatchObject({ granted: 0 });
    redisTime.set(redisTime.now() - 3_600_000);
    expect(await take()).toMatchObject({ granted: 5, wait: 0 });
    expect((await take()).wait).toBeLessThanOrEqual(WINDOW * 1.05);
  });
});

describe("a gate of the fleet whose Redis is gone", () => {
  it("M16 answers at once, M17 keeps an emergency limit that knows what went before, and tells Redis afterwards", async () => {
    const own = await startRedis();
    const far = new Fleet(own);
    try {
      // Gates are of the runtime that `init` makes.
      const [member, other] = [await far.join({ start: init }), await far.join()];
      const limited = rateLimit({ ...gate, emergencyRequests: 4 })(() => "ran");
      expect(await ran(limited, 3)).toBe(3);
      const gauge = () => member.telemetry.value("baldur_rate_limit_degraded_mode");
      expect(gauge()).toBe(0);
      await own.kill();
      await eventually(() => !member.client.available);
      expect(await ran(limited, 10)).toBe(1);
      expect(gauge()).toBe(1);
      expect(member.telemetry.value("baldur_rate_limit_failover_total")).toBeGreaterThan(0);
      const refused = member.telemetry.value("baldur_rate_limit_exceeded_total", { mode: "emergency" });
      expect(refused).toBe(9);
      await own.restart();
      await eventually(() => member.client.available && other.client.available);
      // It has forgotten the first three with its memory, and hears of the one since.
      expect(await ran(limited, 10)).toBe(4);
      expect(await other.stores.rateLimits.take({ ...request, bucket: "api:*" })).toMatchObject({
        granted: 0,
      });
    } finally {
      await far.dissolve();
      await own.stop();
    }
  });

  it("waits for Redis no longer than the client does", async () => {
    const member = await fleet.join({ url: proxy.url("redis"), patience: 200, start: init });
    await eventually(() => member.client.available);
    const limited = rateLimit({ ...gate, bucket: "slow", emergencyRequests: 2 })(() => "ran");
    await proxy.fault("halfOpen");
    expect(await ran(limited, 10)).toBe(2);
    await proxy.heal();
    await eventually(() => member.client.available);
    // Those of the emergency count, and so do the ten that Redis was asked for, and may have granted.
    expect(await ran(limited, 10)).toBeLessThanOrEqual(3);
  });
});
