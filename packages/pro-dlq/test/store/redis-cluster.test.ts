import type { RedisClient } from "@baldur/core/plugin";
import { type RedisCluster, startRedisCluster } from "@baldur/services";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { FleetDlqStore } from "../../src/store/fleet/store.js";
import { RedisEngine } from "../../src/store/redis/engine.js";
import type { Capacity } from "../../src/store/store.js";
import { Entries, idsOf, NOW, ROOMY } from "./entries.js";
import { openRedis } from "./servers.js";

jest.setTimeout(60_000);

/** More than one script takes. */
const MANY = 400;

let cluster: RedisCluster;
let client: RedisClient;

beforeAll(async () => {
  cluster = await startRedisCluster({ replicas: 0 });
  client = await openRedis(cluster.url);
});
afterAll(async () => {
  await client.close();
  await cluster.stop();
});

it("a queue is in one slot of a cluster, whatever is done with it", async () => {
  const onCorrupt = (id: string, problem: string) => expect([id, problem]).toBe("fine");
  const store = new FleetDlqStore(new RedisEngine({ client, onDurability: () => undefined }), { onCorrupt });
  const entries = new Entries();
  const made = [...entries.many(MANY / 2), ...entries.many(MANY / 2, { name: "other", domain: "other" })];
  const ids = made.map(({ id }) => id);
  await store.add(made, ROOMY);
  expect(idsOf(await store.list({}, { limit: MANY, oldestFirst: true }))).toEqual(ids);
  const claim = { owner: "o", token: "t", at: NOW };
  await store.change(
    ids.map((id) => ({ id, input: { type: "claim", claim } })),
    NOW,
  );
  const settled = await store.change(
    ids.map((id) => ({ id, input: { type: "succeed", token: "t", how: "manual_replay" } })),
    NOW,
  );
  expect(settled.filter((answer) => "refused" in answer)).toEqual([]);
  const tight: Capacity = { total: 2, perDomain: 2, strategy: "compress_oldest" };
  expect((await store.add(entries.many(3), tight)).evicted).toEqual(new Map([["shop", 1]]));
  expect(await store.remove(ids, "resolved")).toBe(MANY);
  expect(await store.counts()).toHaveLength(2);
});
