import { RedisJournalStore } from "@baldur/core/source/journal/stores/redis.js";
import { journalStoreContract } from "@baldur/core/test/journal/contract.js";
import { type RedisCluster, type RedisServer, startRedis, startRedisCluster } from "@baldur/services";
import { afterAll, beforeAll, jest } from "@jest/globals";
import { ClientOfAnotherTime, connect, eventually, isSoak } from "../fleet/fixture.js";

let server: RedisServer;
let cluster: RedisCluster;
let tests = 0;
jest.setTimeout(60_000);
beforeAll(async () => {
  [server, cluster] = await Promise.all([startRedis(), startRedisCluster({ replicas: 0 })]);
}, 60_000);
afterAll(async () => {
  await server.stop();
  await cluster.stop();
}, 60_000);

const RETENTION = 86_400_000;

for (const { name, url } of [
  { name: "Redis", url: () => server.url },
  { name: "a Redis Cluster", url: () => cluster.url },
]) {
  journalStoreContract({
    name: `the store in ${name}`,
    runs: isSoak ? 250 : 10,
    create: async (clock, onDamaged) => {
      const namespace = `journal-${++tests}`;
      const clients = await Promise.all([connect(url(), namespace), connect(url(), namespace)]);
      for (const client of clients) await eventually(() => client.available);
      const [client, other] = clients.map((one) => new ClientOfAnotherTime(one, clock)) as [
        ClientOfAnotherTime,
        ClientOfAnotherTime,
      ];
      const key = `${client.prefix}{journal}:entries`;
      return {
        store: new RedisJournalStore({ client, retention: RETENTION, onDamaged }),
        other: new RedisJournalStore({ client: other, retention: RETENTION, onDamaged }),
        damage: async (id, text) => {
          const bounds = [`[${id}`, `(${id}!`] as const;
          await client.command("ZREMRANGEBYLEX", key, ...bounds);
          await client.command("ZADD", key, 0, `${id} ${text}`);
        },
        close: async () => {
          await Promise.all(clients.map((one) => one.close()));
        },
      };
    },
  });
}
