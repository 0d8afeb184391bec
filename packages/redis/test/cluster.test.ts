import { type RedisCluster, startRedisCluster } from "@baldur/services";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Cluster } from "ioredis";
import { ESM, run } from "./child.js";
import { Clients, errorOf, until, whenAvailable, whenAway } from "./fixture.js";

jest.setTimeout(60_000);

let cluster: RedisCluster;
let clients: Clients;
beforeAll(async () => {
  cluster = await startRedisCluster({ replicas: 1 });
});
afterAll(() => cluster.stop());
beforeEach(() => {
  clients = new Clients();
});
afterEach(() => clients[Symbol.asyncDispose]());

const ADD = { name: "add", lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" };
const BOTH = {
  name: "pairs/both",
  lua: "return redis.call('SET', KEYS[1], redis.call('GET', KEYS[2]) or '')",
};
/** Of all three masters. */
const KEYS = [..."abcdefghi"].map((letter) => `{${letter}}`);
const OPEN = { probeConnectTimeout: 5000 };

describe("a cluster", () => {
  it("takes commands, batches and scripts wherever their keys are", async () => {
    const client = await clients.open(cluster.url, OPEN);
    expect(client.available).toBe(true);
    const owners = new Set(
      (await Promise.all(KEYS.map((key) => cluster.ownerOf(key)))).map(({ port }) => port),
    );
    expect(owners.size).toBe(3);
    for (const key of KEYS) {
      await expect(client.run(ADD, [`${key}sum`], [2])).resolves.toBe(2);
      const batch = client.batch([
        ["INCR", `${key}sum`],
        ["GET", `${key}sum`],
      ]);
      await expect(batch).resolves.toEqual([3, "3"]);
      await client.command("DEL", `${key}sum`);
    }
  });

  it("tells keys that are apart by the name of the script", async () => {
    const client = await clients.open(cluster.url, OPEN);
    const error = await errorOf(client.run(BOTH, ["{a}1", "{b}1"], []));
    expect(error).toMatchObject({ reason: "CROSSSLOT", retryable: false });
    expect(error.message).toMatch(/^Redis refused script pairs\/both: CROSSSLOT/);
    const batch = client.batch([
      ["GET", "{a}1"],
      ["GET", "{b}1"],
    ]);
    await expect(errorOf(batch)).resolves.toMatchObject({ reason: "CROSSSLOT", asked: "a batch" });
    expect(client.available).toBe(true);
  });

  it("passes messages on, whoever is asked", async () => {
    const heard: string[] = [];
    for (let n = 0; n < 4; n++) {
      const client = await clients.open(cluster.url, OPEN);
      let gaps = 0;
      client.subscribe(
        "changes",
        (message) => heard.push(message),
        () => gaps++,
      );
      await until("listening", () => gaps === 1);
    }
    const client = await clients.open(cluster.url, OPEN);
    await client.publish("changes", "1");
    await until("all heard", () => heard.length === 4);
  });

  it("follows a slot that moves", async () => {
    const client = await clients.open(cluster.url, OPEN);
    await client.command("SET", "{moving}", "here");
    const from = await cluster.ownerOf("{moving}");
    const slot = Number(await from.command("CLUSTER", "KEYSLOT", "moving"));
    const other = KEYS.map((key) => cluster.ownerOf(key));
    const to = (await Promise.all(other)).find(({ port }) => port !== from.port) as typeof from;
    const [fromId, toId] = await Promise.all([from, to].map((node) => node.command("CLUSTER", "MYID")));
    await to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId as string);
    await from.command("CLUSTER", "SETSLOT", slot, "MIGRATING", toId as string);
    await expect(client.command("GET", "{moving}new")).resolves.toBeNull(); // ASK
    await from.command("MIGRATE", to.host, to.port, "{moving}", 0, 5000);
    await expect(client.command("GET", "{moving}")).resolves.toBe("here"); // ASK
    for (const node of [to, from]) await node.command("CLUSTER", "SETSLOT", slot, "NODE", toId as string);
    await expect(client.run(ADD, ["{moving}sum"], [1])).resolves.toBe(1); // MOVED
    await expect(client.command("GET", "{moving}")).resolves.toBe("here");
    expect(clients.log.names()).toEqual(["redis.connection_opened"]);
  });

  it.each(["kill", "pause"] as const)(
    "whose master ends by %s is away, and back with its replica",
    async (how) => {
      const client = await clients.open(cluster.url, {
        ...OPEN,
        socketTimeout: 500,
        healthCheckInterval: 100,
      });
      const key = "{a}survives";
      await client.command("SET", key, "value");
      let gaps = 0;
      client.subscribe(
        "changes",
        () => undefined,
        () => gaps++,
      );
      await until("listening", () => gaps === 1);
      const master = await cluster.ownerOf(key);
      await master[how]();
      const error = await errorOf(client.command("SET", key, "lost"));
      expect(error).toMatchObject({ name: "RedisUnavailableError", retryable: true });
      await until("answered by the replica", () => client.command("SET", key, "again"));
      expect((await cluster.ownerOf(key)).port).not.toBe(master.port);
      await whenAvailable(client);
      await (how === "kill" ? master.restart() : master.resume());
      await until("all are well", async () => (await cluster.ownerOf(key)).port !== master.port);
    },
  );

  it("with a password lets in who has it, and says so to who has not", async () => {
    const settings = { requirepass: "of-the-cluster" };
    const guarded = await startRedisCluster({ replicas: 0, settings });
    const client = await clients.open(guarded.url, { ...OPEN, password: settings.requirepass });
    for (const key of KEYS) await expect(client.run(ADD, [`${key}sum`], [1])).resolves.toBe(1);
    let gaps = 0;
    client.subscribe(
      "changes",
      () => undefined,
      () => gaps++,
    );
    await until("listening", () => gaps === 1);
    const other = new Clients();
    const denied = await other.open(guarded.url, { password: "wrong", probeConnectTimeout: 1000 });
    expect(denied.available).toBe(false);
    expect(other.log.events).toMatchObject([{ event: "redis.authentication_refused", error: "WRONGPASS" }]);
    await other[Symbol.asyncDispose]();
    await client.close();
    await guarded.stop();
  });

  it("lets a process end by itself", async () => {
    const script = `${ESM}
      const client = await open(core, redis({ url: ${JSON.stringify(cluster.url)}, probeConnectTimeout: 5000 }));
      client.subscribe("changes", () => undefined);
      say(await client.command("GET", "{a}"));`;
    await expect(run(script, "mjs")).resolves.toEqual([null]);
  });

  it("of the host is used as it is", async () => {
    const [node] = cluster.nodes;
    const host = new Cluster([{ host: node?.host ?? "", port: node?.port ?? 0 }]);
    const client = await clients.open({ client: host }, OPEN);
    let gaps = 0;
    const heard: string[] = [];
    client.subscribe(
      "changes",
      (message) => heard.push(message),
      () => gaps++,
    );
    for (const key of KEYS) await expect(client.run(ADD, [`${key}host`], [1])).resolves.toBe(1);
    await until("listening", () => gaps === 1);
    await client.publish("changes", "1");
    await until("heard", () => heard.length === 1);
    await client.close();
    await expect(host.get("nothing")).resolves.toBeNull();
    host.disconnect();
    await whenAway(client);
  });
});
