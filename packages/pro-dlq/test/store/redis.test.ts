import type { RedisClient } from "@baldur/core/plugin";
import { type RedisServer, startRedis } from "@baldur/services";
import { afterAll, beforeAll } from "@jest/globals";
import { FleetDlqStore } from "../../src/store/fleet/store.js";
import { RedisEngine } from "../../src/store/redis/engine.js";
import { dlqStoreContract } from "./contract.js";
import { openRedis } from "./servers.js";

let server: RedisServer;
const clients: RedisClient[] = [];

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.stop();
});

async function twoClients(): Promise<[RedisClient, RedisClient]> {
  while (clients.length < 2) clients.push(await openRedis(server.url));
  return clients as [RedisClient, RedisClient];
}

const ENTRIES = "baldur:{dlq}:entries";

dlqStoreContract({
  name: "the store in Redis",
  runs: 20,
  damages: [
    ["text", "damage"],
    ["nothing", ""],
    ["another shape", '{"b":2}'],
  ],
  create: async (onCorrupt) => {
    const [first, second] = await twoClients();
    await first.command("FLUSHALL");
    const make = (client: RedisClient) =>
      new FleetDlqStore(new RedisEngine({ client, onDurability: () => undefined }), { onCorrupt });
    return {
      store: make(first),
      other: make(second),
      damage: async (id, damaged) => {
        const record = (await first.command("HGET", ENTRIES, id)) as string;
        await first.command("HSET", ENTRIES, id, damaged(record));
      },
      quarantined: async (id) =>
        ((await first.command("HGET", "baldur:{dlq}:quarantine", id)) as string | null) ?? undefined,
      idle: async () => undefined,
      end: async () => {
        clients.shift();
        await first.close();
      },
      close: async () => undefined,
    };
  },
});
