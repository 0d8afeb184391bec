import { type RedisServer, startFaultProxy, startRedis } from "@baldur/services";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Clients, until, whenAvailable } from "./fixture.js";

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

async function listeners(channel: string): Promise<number> {
  const [, count] = (await server.command("PUBSUB", "NUMSUB", channel)) as [string, number];
  return count;
}

async function connections(): Promise<number> {
  return String(await server.command("CLIENT", "LIST")).split("name=baldur").length - 1;
}

describe("messages", () => {
  it("arrive, on a connection that is made for the first listener", async () => {
    const client = await clients.open(server.url);
    await expect(connections()).resolves.toBe(1);
    const heard: string[] = [];
    client.subscribe("one", (message) => heard.push(`one ${message}`));
    client.subscribe("one", (message) => heard.push(`one again ${message}`));
    client.subscribe("two", (message) => heard.push(`two ${message}`));
    await until("both channels", async () => (await listeners("one")) + (await listeners("two")) === 2);
    await expect(connections()).resolves.toBe(2);
    await client.publish("one", "ä");
    await client.publish("two", "");
    await until("three", () => heard.length === 3);
    expect(heard).toEqual(["one ä", "one again ä", "two "]);
  });

  it("tell of a gap whenever a channel is heard anew, the first time included", async () => {
    const client = await clients.open(server.url);
    const heard: string[] = [];
    const listen = (name: string): Disposable =>
      client.subscribe(
        "changes",
        (message) => heard.push(message),
        () => heard.push(`gap of ${name}`),
      );
    listen("first");
    await until("the first gap", () => heard.length === 1);
    listen("second");
    await client.publish("changes", "1");
    await until("a message", () => heard.includes("1"));
    await server.restart();
    await until("two more gaps", () => heard.length === 5);
    await until("commands again", () => client.publish("changes", "2").then(() => true));
    await until("both heard", () => heard.length === 7);
    expect(heard).toEqual(["gap of first", "1", "1", "gap of first", "gap of second", "2", "2"]);
    expect(clients.log.count("redis.subscription_lost")).toBe(1);
    expect(clients.log.count("redis.subscription_recovered")).toBe(1);
  });

  it("are listened to again when the connection for messages alone is silent", async () => {
    const proxy = await startFaultProxy(server);
    const client = await clients.open(proxy.url("redis"), { healthCheckInterval: 50, socketTimeout: 100 });
    let gaps = 0;
    client.subscribe(
      "changes",
      () => undefined,
      () => gaps++,
    );
    await until("the first gap", () => gaps === 1);
    await proxy.fault("halfOpen");
    await until("the loss", () => clients.log.count("redis.subscription_lost") === 1);
    await proxy.heal();
    await until("the next gap", () => gaps === 2);
    await proxy.stop();
  });

  it("are listened to once Redis comes up, if it was not there before", async () => {
    await server.kill();
    const client = await clients.open(server.url, { probeConnectTimeout: 100 });
    let gaps = 0;
    const heard: string[] = [];
    client.subscribe(
      "changes",
      (message) => heard.push(message),
      () => gaps++,
    );
    client.subscribe("others", () => undefined)[Symbol.dispose]();
    await until("it is told", () => clients.log.count("redis.subscription_lost") === 1);
    await server.restart();
    await until("listening", () => gaps === 1);
    await whenAvailable(client);
    expect(clients.log.count("redis.subscription_lost")).toBe(1);
    expect(clients.log.count("redis.subscription_recovered")).toBe(1);
    await client.publish("changes", "now");
    await until("heard", () => heard.length === 1);
    await expect(listeners("others")).resolves.toBe(0);
  });

  it("reach the others when one listener throws, or rejects later", async () => {
    const client = await clients.open(server.url);
    const heard: string[] = [];
    let gaps = 0;
    const fail = (): never => {
      throw new TypeError("secret words");
    };
    client.subscribe("changes", fail, fail);
    client.subscribe("changes", async () => fail());
    client.subscribe(
      "changes",
      (message) => heard.push(message),
      () => gaps++,
    );
    await until("listening", () => gaps === 1);
    await client.publish("changes", "1");
    await until("heard", () => heard.length === 1);
    await until("three failures", () => clients.log.count("redis.listener_failed") === 3);
    expect(clients.log.events.at(-1)).toEqual({
      event: "redis.listener_failed",
      listener: "changes",
      error: "TypeError",
    });
  });

  it("end with the last listener of a channel", async () => {
    const client = await clients.open(server.url);
    const heard: string[] = [];
    const first = client.subscribe("changes", () => heard.push("first"));
    const second = client.subscribe("changes", () => heard.push("second"));
    await until("listening", async () => (await listeners("changes")) === 1);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    await client.publish("changes", "1");
    await until("heard", () => heard.length === 1);
    second[Symbol.dispose]();
    await until("nobody listens", async () => (await listeners("changes")) === 0);
    client.subscribe("changes", () => heard.push("third"));
    await until("listening again", async () => (await listeners("changes")) === 1);
    await client.publish("changes", "2");
    await until("heard", () => heard.length === 2);
    expect(heard).toEqual(["second", "third"]);
  });

  it("that may not be listened to are told of, and the others arrive", async () => {
    await server.command("ACL", "SETUSER", "default", "resetchannels", "&open");
    const client = await clients.open(server.url);
    let gaps = 0;
    client.subscribe(
      "closed",
      () => undefined,
      () => gaps++,
    );
    client.subscribe(
      "open",
      () => undefined,
      () => gaps++,
    );
    await until("refused", () => clients.log.count("redis.subscription_refused") === 1);
    await until("listening", async () => (await listeners("open")) === 1);
    expect(gaps).toBe(1);
    expect(clients.log.events.at(-1)).toMatchObject({ channel: "closed", error: "NOPERM" });
  });
});
