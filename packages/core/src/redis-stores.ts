import type { RedisStores, RedisStoresOptions } from "./create-redis-stores.js";

export type { RedisStores, RedisStoresOptions } from "./create-redis-stores.js";

/**
 * Makes the stores that core keeps in Redis. Their code is loaded when this is called: most programs have no Redis.
 * @public
 */
export async function redisStores(options: RedisStoresOptions): Promise<RedisStores> {
  const { createRedisStores } = await import("./create-redis-stores.js");
  return createRedisStores(options);
}
