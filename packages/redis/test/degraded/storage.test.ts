import { randomUUID } from "node:crypto";
import type { DegradedStore } from "@baldur/core/source/storage/degraded-store.js";
import { applyOnce, incrementOnce, replace } from "@baldur/core/source/storage/scripts.generated.js";
import { type RedisServer, startFaultProxy, startRedis } from "@baldur/services";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { errorOf, until } from "../fixture.js";
import { EXPECTED, everything, Host, type Worker } from "./fixture.js";

jest.setTimeout(60_000);

let server: RedisServer;
let host: Host;
beforeAll(async () => {
  server = await startRedis({ persistence: true });
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.command("FLUSHALL");
  host = new Host();
});
afterEach(() => host[Symbol.asyncDispose]());

const stats = ({ storage }: Worker): DegradedStore => storage.feature("stats");
const normal = ({ storage }: Worker) => until("normal", () => storage.mode === "normal");
const shared = (key: string, feature = "stats") => server.command("GET", `baldur:state:{${feature}}:${key}`);

describe("the storage on a real Redis", () => {
  it("answers the same with it, without it, and after it is back", async () => {
    const worker = await host.worker(server.url);
    expect(await everything(stats(worker))).toEqual(EXPECTED);
    await server.command("FLUSHALL");
    await server.kill();
    await until("degraded", () => worker.storage.mode === "degraded");
    expect(await everything(stats(worker))).toEqual(EXPECTED);
    await server.restart();
    await normal(worker);
    const { incr, setnx, ...rest } = EXPECTED;
    expect(await everything(stats(worker))).toMatchObject({
      ...rest,
      setnx: [false, false, "1"],
      incr: [5, 10, 8],
    });
    const ttl = Number(await server.command("PTTL", "baldur:state:{stats}:brief"));
    expect(ttl).toBeGreaterThan(30_000);
    expect(host.logs()).toEqual([]);
    expect(host.telemetry.named("resilient_storage.recovered_entries_wal")[0]?.payload).toMatchObject({
      refused_count: 0,
    });
  });

  it("finds all keys of a feature, and only those, among many", async () => {
    const worker = await host.worker(server.url);
    const names = Array.from({ length: 2500 }, (_, n) => `key:${n}`);
    await Promise.all(names.map((name) => stats(worker).set(name, "1")));
    await worker.storage.feature("stats-2").set("key:other", "1");
    await stats(worker).set("kex", "1");
    expect((await stats(worker).scan("key:", 10_000)).toSorted()).toEqual(names.toSorted());
    expect(await stats(worker).scan("key:", 7)).toHaveLength(7);
  });

  it("rejects what a value does not allow, and is not lost by that", async () => {
    const worker = await host.worker(server.url);
    await stats(worker).set("text", "word");
    for (const failing of [stats(worker).incr("text"), stats(worker).hset("text", { a: "1" })])
      expect(await errorOf(failing)).toMatchObject({ retryable: false });
    expect(worker.storage.mode).toBe("normal");
    await expect(stats(worker).incr("count")).resolves.toBe(1);
  });

  it("is without it where it has no memory left, and loses nothing by that", async () => {
    const worker = await host.worker(server.url);
    await stats(worker).incr("count", 1);
    await server.command("CONFIG", "SET", "maxmemory", "1");
    await stats(worker).incr("count", 10);
    expect(worker.storage.mode).toBe("degraded");
    await stats(worker).incr("count", 100);
    await until(
      "a recovery that failed",
      () => host.telemetry.named("resilient_storage.recovery_failed").length > 0,
    );
    await server.command("CONFIG", "SET", "maxmemory", "0");
    await normal(worker);
    expect(await shared("count")).toBe("111");
  });

  it("needs as many keys for its own affairs as there are processes, and lets them expire", async () => {
    const workers = [await host.worker(server.url), await host.worker(server.url)];
    for (const worker of workers) for (let n = 0; n < 50; n++) await stats(worker).incr(`count-${n}`);
    const own = (await server.command("KEYS", "*~*")) as string[];
    expect(own).toHaveLength(2);
    for (const key of own) {
      expect(Number(await server.command("PTTL", key))).toBeGreaterThan(0);
      expect(Number(await server.command("ZCARD", key))).toBeLessThanOrEqual(2);
    }
  });
});

describe("a Redis that is gone", () => {
  it("is known to be so within a second, though it only falls silent", async () => {
    const proxy = await startFaultProxy(server);
    const worker = await host.worker(proxy.url("redis"));
    await stats(worker).incr("count");
    await proxy.fault("halfOpen");
    await expect(stats(worker).incr("count", 10)).resolves.toBe(10);
    expect(worker.storage.mode).toBe("degraded");
    const [entered] = host.telemetry.named("resilient_storage.degraded_mode_entered");
    // Whoever notices first: the storage, or the client.
    expect(entered?.payload["reason"]).toMatch(/did not answer within 800 ms|the connection was lost/);
    await stats(worker).incr("count", 100);
    await proxy.heal(); // what was sent before arrives now
    await normal(worker);
    await until("111", async () => (await shared("count")) === "111");
    await stats(worker).incr("count", 1000);
    expect(await shared("count")).toBe("1111");
    await proxy.stop();
  });

  it("amid many operations costs none of them, and none is counted twice", async () => {
    const worker = await host.worker(server.url);
    let [acknowledged, isOver] = [0, false];
    const lanes = Array.from({ length: 50 }, async () => {
      while (!isOver) {
        await stats(worker).incr("count");
        acknowledged++;
      }
    });
    for (let round = 0; round < 3; round++) {
      const then = acknowledged;
      await until("some", () => acknowledged > then + 500);
      await server.kill();
      await until("degraded", () => worker.storage.mode === "degraded");
      const lost = acknowledged;
      await until("some more", () => acknowledged > lost + 500);
      await server.restart();
      await normal(worker);
    }
    isOver = true;
    await Promise.all(lanes);
    expect(await shared("count")).toBe(String(acknowledged));
  });

  it("and comes back without its data is given what was counted since it went", async () => {
    const worker = await host.worker(server.url);
    await stats(worker).incr("count", 1000);
    await server.kill();
    await until("degraded", () => worker.storage.mode === "degraded");
    await stats(worker).incr("count", 7);
    await server.restart({ keepData: false });
    await normal(worker);
    expect(await shared("count")).toBe("7");
  });

  it("at the start is no reason not to start", async () => {
    await server.kill();
    const worker = await host.worker(server.url);
    expect(worker.storage.mode).toBe("degraded");
    await stats(worker).incr("count", 5);
    await server.restart({ keepData: false });
    await normal(worker);
    expect(await shared("count")).toBe("5");
  });

  it("leaves logs that are meant for it alone when another one is in use", async () => {
    await server.kill();
    const worker = await host.worker(server.url);
    await stats(worker).incr("count", 5);
    await worker.storage[Symbol.asyncDispose]();
    await server.restart({ keepData: false });
    const other = await host.worker(server.url, { destination: "redis://elsewhere" });
    await other.storage.checkAndRecover();
    expect([await shared("count"), host.logs().length]).toEqual([null, 1]);
  });
});

describe("the scripts", () => {
  const keys = () => {
    const tag = `{${randomUUID()}}`;
    return { count: `${tag}count`, applied: `${tag}applied`, sent: `${tag}sent`, text: `${tag}text` };
  };
  const incr = (seq: number, by: number) => [seq, 2, 1, "INCRBY", by];

  it("carry out a file once, in whatever pieces it comes", async () => {
    const { client } = await host.worker(server.url);
    const { applied, count } = keys();
    const run = (...args: (string | number)[][]) => client.run(applyOnce, [applied, count], args.flat());
    await run(incr(1, 1), incr(2, 10));
    await run(incr(1, 1), incr(2, 10));
    await run(incr(2, 10), incr(3, 100), incr(4, 1000));
    await run(incr(4, 1000), incr(5, 10_000));
    expect(await client.command("GET", count)).toBe("11111");
    expect(await client.command("GET", applied)).toBe("5");
    expect(await client.command("PTTL", applied)).toBe(-1);
  });

  it("carry out the rest where a key does not allow a command", async () => {
    const { client } = await host.worker(server.url);
    const { applied, count, text } = keys();
    await client.command("SET", text, "word");
    const args = [...incr(1, 1), 2, 3, 1, "INCRBY", 1, 3, 3, 2, "HSET", "a", "1", ...incr(4, 10)];
    expect(await client.run(applyOnce, [applied, count, text], args)).toBe(2);
    expect(await client.command("GET", count)).toBe("11");
  });

  it("carry out nothing where Redis takes no writes", async () => {
    const { client } = await host.worker(server.url);
    const { applied, count } = keys();
    await client.command("SET", count, "5");
    await server.command("CONFIG", "SET", "maxmemory", "1");
    expect(await errorOf(client.run(applyOnce, [applied, count], incr(1, 1)))).toMatchObject({
      retryable: true,
    });
    await server.command("CONFIG", "SET", "maxmemory", "0");
    expect(await client.command("GET", count)).toBe("5");
    await client.run(applyOnce, [applied, count], incr(1, 1));
    expect(await client.command("GET", count)).toBe("6");
  });

  it("count an increment once, also when it comes after it was settled", async () => {
    const { client } = await host.worker(server.url);
    const { count, sent } = keys();
    const run = (by: number, number: number, settled: number) =>
      client.run(incrementOnce, [count, sent], [by, number, settled, 60_000]);
    expect(await run(1, 1, 1)).toBe(1);
    expect(await run(10, 3, 2)).toBe(11);
    expect(await run(100, 2, 2)).toBe(111);
    expect(await run(100, 2, 2)).toBe(111);
    expect(await run(1000, 4, 4)).toBe(1111);
    for (const number of [1, 2, 3, 4]) expect(await run(5, number, 0)).toBe(1111);
    expect(await client.command("ZRANGE", sent, 0, -1)).toEqual(["4", "settled"]);
  });

  it("replace what is as it was seen", async () => {
    const { client } = await host.worker(server.url);
    const { text } = keys();
    expect(await client.run(replace, [text], ["1", "", "a", 0])).toBe(0);
    expect(await client.run(replace, [text], ["0", "", "", 0])).toBe(1);
    expect(await client.run(replace, [text], ["0", "", "b", 0])).toBe(0);
    expect(await client.run(replace, [text], ["1", "", "b", 60_000])).toBe(1);
    expect(await client.command("GET", text)).toBe("b");
    expect(Number(await client.command("PTTL", text))).toBeGreaterThan(0);
  });
});
