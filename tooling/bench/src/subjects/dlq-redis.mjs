import { redis } from "@baldur/redis";
import { startRedis } from "@baldur/services";
import { open as openQueue } from "./dlq-baldur.mjs";
import { openStore } from "./dlq-stores.mjs";

/** Baldur's dead-letter queue on a Redis of its own that keeps nothing on disk, as BullMQ's. */
export async function open() {
  const server = await startRedis();
  const queue = await openQueue({ plugin: redis({ url: server.url }), end: () => server.stop() });
  const { redis: client } = queue.servers();
  return { ...queue, ...(await openStore({ redis: client })), version: `Redis ${server.version}` };
}
