import { AdapterError } from "@baldur/core";
import type { RedisClient } from "@baldur/core/plugin";
import { type RedisServer, startFaultProxy, startRedis } from "@baldur/services";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Clients, errorOf, until, whenAvailable, whenAway } from "./fixture.js";

let server: RedisServer;
let clients: Clients;
beforeEach(async () => {
  server = await startRedis();
  clients = new Clients();
});
afterEach(async () => {
  await clients[Symbol.asyncDispose]();
  await server.stop();
});

const ADD = { name: "add", lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" };

/** One of each kind. */
function everything(client: RedisClient): Promise<unknown>[] {
  return [
    client.command("GET", "key"),
    client.command("SET", "key", "value"),
    client.batch([
      ["SET", "key", "value"],
      ["GET", "key"],
    ]),
    client.run(ADD, ["sum"], [1]),
    client.publish("channel", "message"),
  ];
}

/** Errors of promises that are all rejected by the end of this turn of the event loop, without any I/O. */
async function errorsAtOnce(work: readonly Promise<unknown>[]): Promise<Error[]> {
  const errors: Error[] = [];
  for (const one of work) one.catch((error: Error) => errors.push(error));
  await new Promise((resolve) => setImmediate(resolve));
  expect(errors).toHaveLength(work.length);
  return errors;
}

describe("a Redis that is killed", () => {
  it("rejects all that is in flight, then all at once, and is used again when it is back", async () => {
    const client = await clients.open(server.url);
    const changes: boolean[] = [];
    client.watch((available) => changes.push(available));
    await server.pause(); // so that nothing is answered before it dies
    const inFlight = Promise.all([...Array(100)].flatMap(() => everything(client)).map(errorOf));
    await server.kill();
    for (const error of await inFlight) {
      expect(error).toBeInstanceOf(AdapterError);
      expect(error).toMatchObject({ retryable: true, sent: true });
    }
    expect(client.available).toBe(false);
    for (const error of await errorsAtOnce(everything(client)))
      expect(error).toMatchObject({ retryable: true, sent: false });
    await server.restart();
    await whenAvailable(client);
    await expect(client.command("SET", "key", "again")).resolves.toBe("OK");
    await expect(client.run(ADD, ["sum"], [1])).resolves.toBe(1); // of its own scripts it has none
    expect(changes).toEqual([false, true]);
    expect(clients.log.names()).toEqual([
      "redis.connection_opened",
      "redis.connection_lost",
      "redis.connection_recovered",
    ]);
    expect(clients.log.counts).toMatchObject({ lost: 500, not_sent: 5, baldur_redis_available: 1 });
  });

  it("is told once, however often it is asked and tried", async () => {
    const client = await clients.open(server.url);
    await server.kill();
    await whenAway(client);
    const before = process.getActiveResourcesInfo();
    for (let n = 0; n < 10_000; n++) client.command("SET", "key", n).catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(clients.log.counts["not_sent"]).toBe(10_000);
    expect(clients.log.names()).toEqual(["redis.connection_opened", "redis.connection_lost"]);
    // A try to connect may be under way, and none for a command.
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before.length + 2);
  });
});

describe("a Redis that stands still", () => {
  it("is found out by the first command, and used again once it goes on", async () => {
    const client = await clients.open(server.url, { socketTimeout: 200, probeConnectTimeout: 300 });
    await server.pause();
    for (const error of await Promise.all(everything(client).map(errorOf)))
      expect(error).toMatchObject({ reason: "timeout", sent: true, retryable: true });
    expect(client.available).toBe(false);
    await errorsAtOnce(everything(client));
    await server.resume();
    await whenAvailable(client);
    await expect(client.command("PING")).resolves.toBe("PONG");
    expect(clients.log.counts["timeout"]).toBe(5);
  });

  it("is not a process that stands still itself", async () => {
    const client = await clients.open(server.url, { socketTimeout: 100 });
    const answers = [client.command("SET", "key", 1), client.command("INCR", "key")];
    await new Promise((resolve) => setImmediate(resolve)); // they are on their way
    const end = performance.now() + 300;
    while (performance.now() < end);
    await expect(Promise.all(answers)).resolves.toEqual(["OK", 2]);
    expect(clients.log.names()).toEqual(["redis.connection_opened"]);
  });

  it("is found out long before its answers are given up, while nothing is asked, and is the same afterwards", async () => {
    const client = await clients.open(server.url, { socketTimeout: 60_000 });
    await client.command("SET", "key", 1);
    await server.pause();
    await whenAway(client);
    for (const error of await errorsAtOnce(everything(client)))
      expect(error).toMatchObject({ reason: "timeout", sent: false });
    await server.resume();
    await whenAvailable(client);
    await expect(client.command("GET", "key")).resolves.toBe("1");
    expect(clients.log.names()).toEqual([
      "redis.connection_opened",
      "redis.connection_lost",
      "redis.connection_recovered",
    ]);
  });

  it("is found out while nothing is asked", async () => {
    const proxy = await startFaultProxy(server);
    const client = await clients.open(proxy.url("redis"), { healthCheckInterval: 50, socketTimeout: 100 });
    await proxy.fault("halfOpen");
    await whenAway(client);
    expect(clients.log.events.at(-1)).toMatchObject({ event: "redis.connection_lost", error: "timeout" });
    await proxy.heal();
    await whenAvailable(client);
    await proxy.stop();
  });

  it.each([
    [true, "again for what only reads", "value"],
    [false, "once for everything", undefined],
  ])("is asked, with RETRY_ON_TIMEOUT %s, %s", async (retryOnTimeout, _, answer) => {
    const proxy = await startFaultProxy(server);
    const settings = { socketTimeout: 300, probeConnectTimeout: 5000, retryOnTimeout };
    const client = await clients.open(proxy.url("redis"), settings);
    await client.command("SET", "key", "value");
    await proxy.fault("halfOpen");
    const reading = client.command("GET", "key").catch(() => undefined);
    const writing = errorOf(client.command("INCR", "count"));
    await whenAway(client);
    await proxy.heal();
    await expect(writing).resolves.toMatchObject({ reason: "timeout", sent: true });
    await expect(reading).resolves.toBe(answer);
    await proxy.stop();
  });
});

describe("a Redis that is there and of no use", () => {
  it.each(["refuse", "reset", "halfOpen"] as const)("does not hold up a start: %s", async (fault) => {
    const proxy = await startFaultProxy(server);
    await proxy.fault(fault);
    const client = await clients.open(proxy.url("redis"), { probeConnectTimeout: 100 });
    expect(client.available).toBe(false);
    await errorsAtOnce(everything(client));
    expect(clients.log.names()).toEqual(["redis.connection_unavailable"]);
    await proxy.heal();
    await whenAvailable(client);
    expect(clients.log.names()).toEqual(["redis.connection_unavailable", "redis.connection_opened"]);
    await proxy.stop();
  });

  it("is away while it loads its data", async () => {
    const settings = { "loading-process-events-interval-bytes": 1024, "key-load-delay": 50 };
    const slow = await startRedis({ persistence: true, settings });
    const client = await clients.open(slow.url);
    const fill = { name: "fill", lua: "for i = 1, 8000 do redis.call('SET', 'key' .. i, i) end" };
    await client.run(fill, [], []);
    const restarting = slow.restart();
    await until(
      "LOADING",
      async () => (await errorOf(client.command("GET", "key1")))["reason"] === "LOADING",
    );
    expect(client.available).toBe(false);
    await restarting;
    await whenAvailable(client);
    await expect(client.command("GET", "key8000")).resolves.toBe("8000");
    await slow.stop();
  });

  it("is left when it became a replica, and taken back as a master", async () => {
    const client = await clients.open(server.url);
    const master = await startRedis();
    await server.command("REPLICAOF", master.host, master.port);
    const error = await errorOf(client.command("SET", "key", "value"));
    expect(error).toMatchObject({ reason: "READONLY", retryable: true });
    expect(clients.log.events.at(-1)).toMatchObject({ event: "redis.connection_lost", error: "READONLY" });
    await server.command("REPLICAOF", "NO", "ONE");
    await until("written", () => client.command("SET", "key", "value"));
    await master.stop();
  });
});

describe("regressions of others", () => {
  it("M16: with Redis killed, an answer comes by itself and not when Redis does", async () => {
    const client = await clients.open(server.url);
    await server.kill();
    await expect(errorOf(client.run(ADD, ["limit"], [1]))).resolves.toBeInstanceOf(AdapterError);
    await whenAway(client);
    await errorsAtOnce([client.run(ADD, ["limit"], [1])]);
  });

  it("M18: with a Redis that was never up, a command is rejected and not kept", async () => {
    await server.kill();
    const client = await clients.open(server.url, { probeConnectTimeout: 100 });
    await errorsAtOnce(everything(client));
    await server.restart();
    await whenAvailable(client);
    await expect(client.command("DBSIZE")).resolves.toBe(0); // nothing was sent later either
  });
});

describe("closing", () => {
  it("lets what was asked be answered, and refuses the rest", async () => {
    const client = await clients.open(server.url);
    const changes: boolean[] = [];
    client.watch((available) => changes.push(available));
    const asked = client.command("SET", "key", "value");
    const closing = client.close();
    const late = errorOf(client.command("GET", "key"));
    await expect(asked).resolves.toBe("OK");
    await closing;
    await expect(late).resolves.toMatchObject({ reason: "stopped", sent: false });
    expect(changes).toEqual([false]);
    expect(clients.log.names()).toEqual(["redis.connection_opened"]);
    await until(
      "no connection is left",
      async () => !String(await server.command("CLIENT", "LIST")).includes("name=baldur"),
    );
  });

  it("ends without a Redis, and without an answer", async () => {
    const client = await clients.open(server.url);
    const stopped = await clients.open(server.url);
    await server.pause();
    const asked = errorOf(stopped.command("SET", "key", "value"));
    await stopped.close();
    await expect(asked).resolves.toMatchObject({ sent: true });
    await server.kill();
    await whenAway(client);
    await client.close();
  });
});
