import { RedisFleetStore } from "@baldur/core/source/circuit-breaker/stores/redis.js";
import { type RedisServer, startRedis, startRedisCluster } from "@baldur/services";
import { createFakeClock, fleetStoreContract } from "@baldur/testkit";
import { afterAll, beforeAll, jest } from "@jest/globals";
import { ClientOfAnotherTime, connect, eventually } from "./fixture.js";

let server: RedisServer;
let cluster: Awaited<ReturnType<typeof startRedisCluster>>;
let tests = 0;
const telemetry = { report: () => undefined };
jest.setTimeout(60_000);
beforeAll(async () => {
  server = await startRedis();
  cluster = await startRedisCluster();
});
afterAll(async () => {
  await server.stop();
  await cluster.stop();
});

const stores = (url: () => string) => async () => {
  const clock = createFakeClock();
  const namespace = `test-${++tests}`;
  const clients = await Promise.all([connect(url(), namespace), connect(url(), namespace)]);
  for (const client of clients) await eventually(() => client.available);
  const [store, other] = clients.map(
    (client) => new RedisFleetStore({ client: new ClientOfAnotherTime(client, clock), clock, telemetry }),
  );
  const close = async (): Promise<void> => {
    await Promise.all(clients.map((client) => client.close()));
  };
  return { store: store as RedisFleetStore, other: other as RedisFleetStore, clock, close };
};

fleetStoreContract({ name: "the store in Redis", create: stores(() => server.url) });
fleetStoreContract({ name: "the store in a cluster of Redis", create: stores(() => cluster.url) });
