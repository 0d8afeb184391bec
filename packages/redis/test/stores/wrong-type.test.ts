import { type RedisCluster, type RedisServer, startRedis, startRedisCluster } from "@baldur/services";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { cooldownsOf, eventually, Fleet, type Member } from "./fixture.js";

jest.setTimeout(60_000);

let server: RedisServer;
let cluster: RedisCluster;
beforeAll(async () => {
  [server, cluster] = await Promise.all([startRedis(), startRedisCluster({ replicas: 0 })]);
}, 60_000);
afterAll(async () => {
  await Promise.all([server.stop(), cluster.stop()]);
}, 60_000);

const BY_ANA = { actor: "ana", reason: "the test of wrong types" };

describe.each([
  ["Redis", () => server],
  ["a Redis Cluster", () => cluster],
] as const)("a key of a wrong type in %s", (_, place) => {
  let fleet: Fleet;
  let one: Member;
  beforeEach(async () => {
    fleet = new Fleet({ url: place().url });
    one = await fleet.join();
    await eventually(() => one.client.available);
  });
  afterEach(() => fleet.dissolve());

  const key = (rest: string): string => `${one.client.prefix}${rest}`;
  /** What was put aside, by its key. */
  const putAside = () => one.telemetry.named("storage.key_put_aside").map(({ payload }) => payload);

  async function expectAside(name: string, expected: string, found: string): Promise<void> {
    const [told, ...more] = putAside();
    expect([told, more]).toEqual([{ key: name, expected, found, kept_as: expect.any(String) }, []]);
    expect(await one.client.command("TYPE", String(told?.["kept_as"]))).toBe(found);
  }

  it("is put aside where a document is read", async () => {
    const name = key("document:{rules}");
    await one.client.command("HSET", name, "a", "1");
    await expect(one.stores.documents.read("rules")).resolves.toBeUndefined();
    await expectAside(name, "string", "hash");
  });

  it("is put aside where a document is written", async () => {
    await one.client.command("SADD", key("document:{rules}"), "a");
    await expect(one.stores.documents.compareAndSet("rules", 0, { a: 1 })).resolves.toMatchObject({
      ok: true,
    });
    await expectAside(key("document:{rules}"), "string", "set");
  });

  it.each(["order-1", "order-{1}", "order-{}"])(
    "blocks the work of the idempotency key %s, as nobody knows whether it was done",
    async (work) => {
      const name = key(`idempotency:${work}`);
      await one.client.command("LPUSH", name, "x");
      const request = { owner: "me", ttl: 1000, tolerance: 0 };
      await expect(one.stores.idempotency.claim(work, request)).resolves.toEqual({
        decision: "abort",
        reason: "corrupt",
      });
      const token = { owner: "me", attempt: 1 };
      await expect(one.stores.idempotency.complete(work, token, { ttl: 1000 })).resolves.toBe(false);
      expect(await one.client.command("LLEN", name)).toBe(1);
    },
  );

  it.each(["api", "a{p}i"])("is put aside where the limit %s counts", async (bucket) => {
    const name = key(`ratelimit:bucket:60000:${bucket}`);
    await one.client.command("SET", name, "x");
    const request = { bucket, limit: 5, window: 60_000, count: 7, owed: 0 };
    await expect(one.stores.rateLimits.take(request)).resolves.toMatchObject({ granted: 5 });
    await expectAside(name, "hash", "string");
  });

  it.each([
    ["until", "zset"],
    ["consecutive", "hash"],
    ["canary:api", "string"],
  ])("is put aside where cooldowns are kept, as %s", async (part, type) => {
    const name = key(`ratelimit:{cooldowns}:${part}`);
    await one.client.command("SADD", name, "x");
    const peers = one.stores.share(cooldownsOf(one.baldur));
    await peers.lease("api", 1000);
    peers.limited({ key: "api", delay: 60_000, consecutive: 1 }, false);
    await eventually(() => putAside().length === 1);
    await expectAside(name, type, "set");
    await eventually(
      async () => (await one.client.command("ZCARD", key("ratelimit:{cooldowns}:until"))) === 1,
    );
  });

  it("is put aside where it should be a circuit, and the others are known all the same", async () => {
    for (const name of ["left", "middle", "right"]) await one.baldur.circuit(name).forceOpen(BY_ANA);
    const index = key("cb:changes");
    await eventually(async () => (await one.client.command("ZCARD", index)) === 3);
    await one.client.command("DEL", key("{cb:middle}"));
    await one.client.command("ZADD", key("{cb:middle}"), 1, "x");
    const late = await fleet.join();
    await eventually(() => late.baldur.circuit("right").state === "forced_open");
    expect(late.baldur.circuit("left").state).toBe("forced_open");
    // Whoever joins compares with what is there before anybody can listen to it.
    const kept = await late.client.command("TYPE", key("{cb:middle}"));
    expect(kept).not.toBe("zset");
    await one.baldur.circuit("middle").forceClose(BY_ANA);
    await eventually(() => late.baldur.circuit("middle").state === "forced_closed");
  });

  it("is put aside where it should be the index of circuits", async () => {
    await one.client.command("SET", key("cb:changes"), "x");
    await one.baldur.circuit("db").forceOpen(BY_ANA);
    await eventually(() => putAside().length === 1);
    await expectAside(key("cb:changes"), "zset", "string");
    const late = await fleet.join();
    await eventually(() => late.baldur.circuit("db").state === "forced_open");
  });
});
