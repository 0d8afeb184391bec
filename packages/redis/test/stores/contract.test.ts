import { type RedisCluster, type RedisServer, startRedis, startRedisCluster } from "@baldur/services";
import {
  createFakeClock,
  documentStoreContract,
  idempotencyStoreContract,
  rateLimitStoreContract,
} from "@baldur/testkit";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { cooldownsOf, eventually, Fleet, type Member } from "./fixture.js";

let server: RedisServer;
let cluster: RedisCluster;
beforeAll(async () => {
  [server, cluster] = await Promise.all([startRedis(), startRedisCluster({ replicas: 0 })]);
}, 60_000);
afterAll(async () => {
  await server.stop();
  await cluster.stop();
}, 60_000);
jest.setTimeout(30_000);

const POLL_INTERVAL = 500;

for (const { name, url } of [
  { name: "Redis", url: () => server.url },
  { name: "a Redis Cluster", url: () => cluster.url },
]) {
  const fleet = (): Fleet => new Fleet({ url: url() });

  idempotencyStoreContract({
    name: `the store in ${name}`,
    create: async () => {
      const clock = createFakeClock();
      const own = fleet();
      const { stores } = await own.join({ redisTime: clock });
      return { store: stores.idempotency, clock, close: () => own.dissolve() };
    },
  });

  rateLimitStoreContract({
    name: `the store in ${name}`,
    create: async () => {
      const clock = createFakeClock();
      const own = fleet();
      const { stores } = await own.join({ redisTime: clock });
      return { store: stores.rateLimits, clock, close: () => own.dissolve() };
    },
  });

  const clock = createFakeClock();
  let members: readonly [Member, Member];

  documentStoreContract({
    name: `the store in ${name}`,
    create: async () => {
      const own = fleet();
      const options = { clock, pollInterval: POLL_INTERVAL };
      members = [await own.join(options), await own.join(options)];
      const [first, second] = members;
      return {
        first: first.stores.documents,
        second: second.stores.documents,
        close: () => own.dissolve(),
      };
    },
    /** A look is asked of Redis before the read of the same connection, and so answered before it. */
    propagate: async () => {
      await clock.advance(POLL_INTERVAL);
      for (const { stores } of members) await stores.documents.read("key");
    },
  });

  it(`cooldowns are shared in ${name}`, async () => {
    const own = fleet();
    const [one, two] = [await own.join(), await own.join()];
    const fn = (): never => {
      throw Object.assign(new Error("slow down"), { status: 429, headers: { "retry-after": "30" } });
    };
    await one.baldur.protect("api", fn, { retry: { maxAttempts: 1 } }).catch(() => undefined);
    await eventually(() => cooldownsOf(two.baldur).known().length === 1);
    expect(cooldownsOf(two.baldur).known()[0]).toMatchObject({ key: "api", consecutive: 1 });
    await own.dissolve();
  });
}
