import { type RedisSentinel, startRedisSentinel } from "@baldur/services";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Clients, errorOf, until, whenAvailable, whenAway } from "./fixture.js";

jest.setTimeout(60_000);

const OPEN = { probeConnectTimeout: 5000, socketTimeout: 500 };

let sentinel: RedisSentinel | undefined;
let clients: Clients;
beforeEach(() => {
  clients = new Clients();
});
afterEach(async () => {
  await clients[Symbol.asyncDispose]();
  await sentinel?.stop();
});

describe("a master that Sentinels watch", () => {
  it.each(["kill", "pause"] as const)("is replaced when it ends by %s, without a restart", async (how) => {
    sentinel = await startRedisSentinel();
    const client = await clients.open(sentinel.url, { ...OPEN, healthCheckInterval: 100 });
    const heard: string[] = [];
    let gaps = 0;
    client.subscribe(
      "changes",
      (message) => heard.push(message),
      () => gaps++,
    );
    await until("listening", () => gaps === 1);
    await client.command("SET", "key", "before");
    const old = await sentinel.master();
    await old[how]();
    await whenAway(client);
    await expect(errorOf(client.command("SET", "key", "during"))).resolves.toMatchObject({ retryable: true });
    await until("written", () => client.command("SET", "key", "after"));
    const master = await sentinel.master();
    expect(master.port).not.toBe(old.port);
    await expect(master.command("GET", "key")).resolves.toBe("after");
    await until("listening again", () => gaps > 1);
    await until("published", () => client.publish("changes", "1").then(() => true));
    await until("heard", () => heard.length > 0);
  });

  it("is found though a Sentinel is silent, and one is gone", async () => {
    sentinel = await startRedisSentinel();
    await sentinel.sentinels[0]?.pause();
    const client = await clients.open(sentinel.url, { ...OPEN, socketConnectTimeout: 300 });
    await whenAvailable(client);
    await sentinel.sentinels[0]?.kill();
    const master = await sentinel.master();
    await master.command("CLIENT", "KILL", "TYPE", "normal");
    await until("again", () => client.command("SET", "key", "value"));
  });

  it("and the Sentinels have passwords of their own", async () => {
    sentinel = await startRedisSentinel({
      settings: { requirepass: "of-the-nodes" },
      sentinelPassword: "of-the-sentinels",
    });
    const passwords = { password: "of-the-nodes", sentinelPassword: "of-the-sentinels" };
    const client = await clients.open(sentinel.url, { ...OPEN, ...passwords });
    await expect(client.command("SET", "key", "value")).resolves.toBe("OK");
    const other = new Clients();
    const denied = await other.open(sentinel.url, {
      ...passwords,
      sentinelPassword: "wrong",
      probeConnectTimeout: 500,
    });
    expect(denied.available).toBe(false);
    expect(other.log.events).toMatchObject([{ event: "redis.authentication_refused", error: "WRONGPASS" }]);
    await other[Symbol.asyncDispose]();
  });

  it("is unreachable without Sentinels", async () => {
    const client = await clients.open("redis+sentinel://name@127.0.0.1:1", { probeConnectTimeout: 200 });
    expect(clients.log.events).toEqual([
      {
        event: "redis.connection_unavailable",
        address: "redis+sentinel://name@127.0.0.1:1/0",
        error: "sentinels_unreachable",
      },
    ]);
    expect(client.available).toBe(false);
  });
});
