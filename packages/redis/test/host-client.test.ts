import { ConfigurationError } from "@baldur/core";
import { type RedisServer, startRedis } from "@baldur/services";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Redis } from "ioredis";
import { redis } from "../src/plugin.js";
import { Clients, errorOf, until, whenAvailable, whenAway } from "./fixture.js";

let server: RedisServer;
let clients: Clients;
let host: Redis;
beforeEach(async () => {
  server = await startRedis();
  clients = new Clients();
  host = new Redis({ host: server.host, port: server.port });
  host.on("error", () => undefined);
});
afterEach(async () => {
  await clients[Symbol.asyncDispose]();
  host.disconnect();
  await server.stop();
});

/** Counts writes to the server. */
function countWrites({ stream }: Redis): { count: number } {
  const writes = { count: 0 };
  for (const name of ["_write", "_writev"] as const) {
    const write = stream[name]?.bind(stream) as (...args: unknown[]) => void;
    Object.assign(stream, {
      [name]: (...args: unknown[]) => {
        writes.count++;
        write(...args);
      },
    });
  }
  return writes;
}

const listenersOf = (client: Redis): number =>
  client.eventNames().reduce((sum, event) => sum + client.listenerCount(event), 0);

describe("a client of the host", () => {
  it("is used, and left open and without a listener of ours", async () => {
    const before = listenersOf(host);
    const client = await clients.open({ client: host });
    await client.command("HSET", "{a}hash", "field", 1);
    await expect(client.command("HGETALL", "{a}hash")).resolves.toEqual(["field", "1"]);
    const script = { name: "echo", lua: "return {ARGV[1], 2, false}" };
    await expect(client.run(script, ["{a}"], ["x"])).resolves.toEqual(["x", 2, null]);
    await client.close();
    await expect(host.get("nothing")).resolves.toBeNull();
    expect(listenersOf(host)).toBe(before);
  });

  it("is given the commands of one turn a few at a time, in order", async () => {
    const client = await clients.open({ client: host });
    const writes = countWrites(host);
    const pushes = Array.from({ length: 40 }, (_, n) => client.command("RPUSH", "list", n));
    await expect(Promise.all(pushes)).resolves.toEqual(pushes.map((_, n) => n + 1));
    expect(writes.count).toBe(4);
    await client.command("PING");
    await client.command("PING");
    expect(writes.count).toBe(6);
  });

  it("that keeps commands for later gets none while it is not connected", async () => {
    const client = await clients.open({ client: host });
    await server.kill();
    await whenAway(client);
    const refused = Promise.all([1, 2, 3].map(() => errorOf(client.command("INCR", "count"))));
    for (const error of await refused) expect(error).toMatchObject({ sent: false });
    await server.restart();
    await whenAvailable(client);
    await expect(client.command("GET", "count")).resolves.toBeNull();
  });

  it("that is silent is refused from the first timeout on, and asked again when it answers", async () => {
    const client = await clients.open({ client: host }, { socketTimeout: 100, socketConnectTimeout: 100 });
    await server.pause();
    await expect(errorOf(client.command("SET", "key", 1))).resolves.toMatchObject({ reason: "timeout" });
    expect(client.available).toBe(false);
    await server.resume();
    await whenAvailable(client);
    expect(host.status).toBe("ready");
  });

  it("hears messages on a connection of our own, which ends with us", async () => {
    const client = await clients.open({ client: host });
    const heard: string[] = [];
    let gaps = 0;
    client.subscribe(
      "changes",
      (message) => heard.push(message),
      () => gaps++,
    );
    await until("listening", () => gaps === 1);
    await host.publish("changes", "1");
    await until("heard", () => heard.length === 1);
    await client.close();
    await until("gone", async () => !String(await server.command("CLIENT", "LIST")).includes("name=baldur"));
    await expect(host.ping()).resolves.toBe("PONG");
  });

  it("is connected when it was not yet", async () => {
    const lazy = host.duplicate({ lazyConnect: true });
    const client = await clients.open({ client: lazy }, { probeConnectTimeout: 5000 });
    await expect(client.command("PING")).resolves.toBe("PONG");
    lazy.disconnect();
    await whenAway(client);
  });

  it.each([
    [{ keyPrefix: "app:" }, /keyPrefix/],
    [{ stringNumbers: true }, /stringNumbers/],
    [{ replyMapping: "resp3" as const }, /replyMapping/],
  ])("that changes keys or replies is refused: %j", (options, message) => {
    const other = new Redis({ ...options, lazyConnect: true });
    expect(() => redis(other)).toThrow(ConfigurationError);
    expect(() => redis(other)).toThrow(message);
  });

  it.each([null, "redis://host", 7])("is no client and no options: %j", (input) => {
    expect(() => redis(input as never)).toThrow(ConfigurationError);
  });
});
