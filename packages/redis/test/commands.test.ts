import { AdapterError } from "@baldur/core";
import { type RedisServer, startRedis } from "@baldur/services";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { RedisReplyError } from "../src/errors.js";
import { Clients, errorOf } from "./fixture.js";

let server: RedisServer;
let clients: Clients;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => {
  clients = new Clients();
});
afterEach(() => clients[Symbol.asyncDispose]());

const ADD = { name: "counters/add", lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" };

describe("commands", () => {
  it("answers strings, numbers, null and arrays, also where ioredis would make an object", async () => {
    const client = await clients.open(server.url);
    await client.command("set", "{a}1", 7);
    await client.command("HSET", "{a}hash", "one", 1, "two", "2");
    await expect(client.command("GET", "{a}1")).resolves.toBe("7");
    await expect(client.command("GET", "{a}none")).resolves.toBeNull();
    await expect(client.command("INCR", "{a}1")).resolves.toBe(8);
    await expect(client.command("hgetall", "{a}hash")).resolves.toEqual(["one", "1", "two", "2"]);
    await expect(client.command("MGET", "{a}1", "{a}none")).resolves.toEqual(["8", null]);
  });

  it("uses the database of the URL", async () => {
    const third = await clients.open(`${server.url}/3`);
    const first = await clients.open(server.url);
    await third.command("SET", "where", "third");
    await expect(first.command("GET", "where")).resolves.toBeNull();
  });

  it("never settles for another database than the one it was given", async () => {
    const client = await clients.open(`${server.url}/99`, { probeConnectTimeout: 200 });
    expect(client.available).toBe(false);
    expect(clients.log.events).toEqual([
      {
        event: "redis.connection_unavailable",
        address: `${server.url}/99`,
        error: "ERR DB index is out of range",
      },
    ]);
  });

  it("tells what Redis refuses as an error that names the command and is no reason to reconnect", async () => {
    const client = await clients.open(server.url);
    await client.command("SET", "text", "x");
    const error = await errorOf(client.command("LPUSH", "text", "y"));
    expect(error).toBeInstanceOf(AdapterError);
    expect(error).toMatchObject({ retryable: false, reason: "WRONGTYPE", asked: "LPUSH" });
    expect(error.message).toMatch(/^Redis refused LPUSH: WRONGTYPE/);
    expect(client.available).toBe(true);
    expect(clients.log.counts["refused"]).toBe(1);
  });

  it("calls a full memory worth another try, and stays", async () => {
    const client = await clients.open(server.url);
    await server.command("CONFIG", "SET", "maxmemory", 1);
    const error = await errorOf(client.command("SET", "more", "x"));
    await server.command("CONFIG", "SET", "maxmemory", 0);
    expect(error).toMatchObject({ reason: "OOM", retryable: true });
    expect(client.available).toBe(true);
  });

  it("prefixes with the namespace, which must be a word", async () => {
    await expect(clients.open(server.url)).resolves.toMatchObject({ prefix: "baldur:" });
    await expect(clients.open(server.url, { namespace: "shop" })).resolves.toMatchObject({
      prefix: "baldur:shop:",
    });
    const error = await errorOf(clients.open(server.url, { namespace: "{shop}" }));
    expect(error.message).toMatch(/^BALDUR_NAMESPACE_NAME must be .*; received "\{shop\}"$/);
  });
});

describe("a batch", () => {
  it("answers all, in order, in one round trip", async () => {
    const client = await clients.open(server.url);
    await expect(client.batch([])).resolves.toEqual([]);
    const replies = client.batch([
      ["SET", "{b}1", "x"],
      ["get", "{b}1"],
      ["GET", "{b}2"],
      ["hgetall", "{b}3"],
    ]);
    await expect(replies).resolves.toEqual(["OK", "x", null, []]);
  });

  it("rejects with the first error once all was done", async () => {
    const client = await clients.open(server.url);
    const batch = client.batch([
      ["SET", "{c}1", "x"],
      ["LPUSH", "{c}1", "y"],
      ["NONSENSE"],
      ["SET", "{c}2", "done"],
    ]);
    await expect(errorOf(batch)).resolves.toMatchObject({ reason: "WRONGTYPE", asked: "a batch" });
    await expect(client.command("GET", "{c}2")).resolves.toBe("done");
  });
});

describe("a script", () => {
  it("runs by its digest, and is sent again after SCRIPT FLUSH", async () => {
    const client = await clients.open(server.url);
    await expect(client.run(ADD, ["sum"], [2])).resolves.toBe(2);
    await server.command("SCRIPT", "FLUSH");
    await expect(Promise.all([1, 1, 1].map((one) => client.run(ADD, ["sum"], [one])))).resolves.toEqual([
      3, 4, 5,
    ]);
    await server.command("CONFIG", "RESETSTAT");
    await client.run(ADD, ["sum"], [1]);
    await expect(server.command("INFO", "commandstats")).resolves.toMatch(/cmdstat_evalsha:calls=1,/);
    await expect(server.command("INFO", "commandstats")).resolves.not.toMatch(/cmdstat_eval:/);
  });

  it("that fails is named", async () => {
    const client = await clients.open(server.url);
    const broken = { name: "counters/broken", lua: "return redis.call('INCR')" };
    const error = await errorOf(client.run(broken, [], []));
    expect(error).toBeInstanceOf(RedisReplyError);
    expect(error.message).toMatch(/^Redis refused script counters\/broken: ERR /);
  });
});
