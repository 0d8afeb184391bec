import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBaldur } from "@baldur/core";
import { type RedisCluster, type RedisServer, startRedisCluster } from "@baldur/services";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { redis } from "../src/index.js";
import { Clients, errorOf, until, whenAvailable } from "./fixture.js";

jest.setTimeout(60_000);

let cluster: RedisCluster;
let folder: string;
let clients: Clients;
let open: { tlsCaBundlePath: string; probeConnectTimeout: number; socketTimeout: number };
beforeAll(async () => {
  cluster = await startRedisCluster({ replicas: 1, tls: true });
  folder = mkdtempSync(join(tmpdir(), "baldur-tls-"));
  const tlsCaBundlePath = join(folder, "ca.pem");
  writeFileSync(tlsCaBundlePath, cluster.ca as string);
  open = { tlsCaBundlePath, probeConnectTimeout: 5000, socketTimeout: 500 };
});
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  clients = new Clients();
});
afterEach(() => clients[Symbol.asyncDispose]());

const ADD = { name: "add", lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" };
/** Of all three masters. */
const KEYS = [..."abcdefghi"].map((letter) => `{${letter}}`);

/** Resolves once messages arrive; whoever publishes them. */
async function listens(client: Awaited<ReturnType<Clients["open"]>>): Promise<void> {
  let heard = false;
  client.subscribe("changes", () => {
    heard = true;
  });
  await until("heard", async () => {
    await client.publish("changes", "1");
    return heard;
  });
}

async function masters(): Promise<RedisServer[]> {
  const owners = await Promise.all(KEYS.map((key) => cluster.ownerOf(key)));
  return [...new Map(owners.map((owner) => [owner.port, owner])).values()];
}

describe("a cluster over TLS", () => {
  it("takes commands, batches, scripts and messages wherever their keys are", async () => {
    expect(cluster.url).toMatch(/^rediss\+cluster:/);
    const client = await clients.open(cluster.url, open);
    expect(client.available).toBe(true);
    expect(await masters()).toHaveLength(3);
    for (const key of KEYS) {
      await expect(client.run(ADD, [`${key}sum`], [2])).resolves.toBe(2);
      await expect(client.batch([["INCR", `${key}sum`]])).resolves.toEqual([3]);
      await client.command("DEL", `${key}sum`);
    }
    await listens(client);
  });

  it("is found where the URL names one node of it", async () => {
    const [node] = cluster.nodes as [RedisServer];
    const client = await clients.open(`rediss+cluster://${node.host}:${node.port}`, open);
    for (const key of KEYS) await expect(client.command("GET", key)).resolves.toBeNull();
  });

  it("is not used where its certificate is not trusted, and not without encryption", async () => {
    const quick = { probeConnectTimeout: 400 };
    const stranger = await clients.open(cluster.url, quick);
    expect(stranger.available).toBe(false);
    expect(clients.log.events.at(-1)).toMatchObject({
      event: "redis.connection_unavailable",
      error: expect.stringMatching(/CERT/),
    });
    const careless = await clients.open(cluster.url, {
      ...open,
      tlsCaBundlePath: undefined,
      tlsVerify: false,
    });
    expect(careless.available).toBe(true);
    const plainUrl = cluster.url.replace("rediss", "redis");
    const plain = await clients.open(plainUrl, quick);
    expect(plain.available).toBe(false);
  });

  it("follows a slot that moves", async () => {
    const client = await clients.open(cluster.url, open);
    await client.command("GET", "{moving}"); // it knows where that is
    const from = await cluster.ownerOf("{moving}");
    const slot = Number(await from.command("CLUSTER", "KEYSLOT", "moving"));
    const to = (await masters()).find(({ port }) => port !== from.port) as RedisServer;
    const [toId, fromId] = [await to.command("CLUSTER", "MYID"), await from.command("CLUSTER", "MYID")].map(
      String,
    );
    // Importing it, the other counts up: without that what the old owner says of its slots would count for more.
    await to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId as string);
    await from.command("CLUSTER", "SETSLOT", slot, "MIGRATING", toId as string);
    for (const node of [to, from]) await node.command("CLUSTER", "SETSLOT", slot, "NODE", toId as string);
    await expect(client.run(ADD, ["{moving}sum"], [1])).resolves.toBe(1); // MOVED
    expect(await to.command("GET", "{moving}sum")).toBe("1");
    expect(clients.log.names()).toEqual(["redis.connection_opened"]);
  });

  it("one of whose masters is killed is back with its replica, messages too", async () => {
    const client = await clients.open(cluster.url, open);
    await listens(client);
    const key = "{a}survives";
    await client.command("SET", key, "value");
    const master = await cluster.ownerOf(key);
    await master.kill();
    expect(await errorOf(client.command("SET", key, "lost"))).toMatchObject({
      name: "RedisUnavailableError",
      retryable: true,
    });
    await until("answered by the replica", () => client.command("SET", key, "again"));
    expect((await cluster.ownerOf(key)).port).not.toBe(master.port);
    await whenAvailable(client);
    await listens(client);
    await master.restart();
    await until("all are well", async () => (await cluster.ownerOf(key)).port !== master.port);
  });

  it("is what a runtime starts with, by its variables", async () => {
    const silent = () => undefined;
    const baldur = createBaldur({
      plugins: [redis()],
      discover: false,
      logger: { debug: silent, info: silent, warn: silent, error: silent },
      env: {
        BALDUR_REDIS_URL: cluster.url,
        BALDUR_REDIS_TLS_CA_BUNDLE_PATH: open.tlsCaBundlePath,
        BALDUR_REDIS_PROBE_CONNECT_TIMEOUT: "5",
        BALDUR_DATA_DIR: folder,
      },
    });
    await baldur.start();
    // Its nodes may not agree yet, after what the others have done to them.
    await until("normal", () => baldur.posture().storageMode === "normal");
    expect(baldur.posture()).toMatchObject({ storage: "redis", degraded: [] });
    const once = () =>
      baldur.protect("charge", () => "done", { idempotencyKey: () => "k" }).catch((error) => error.code);
    expect([await once(), await once()]).toEqual(["done", "ERR_BALDUR_IDEMPOTENCY_DUPLICATE"]);
    await baldur.close();
  });
});
