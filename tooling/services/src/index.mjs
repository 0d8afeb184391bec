export { CHROMIUM_FLAGS, findChromium } from "./chromium.mjs";
export { startFaultProxy } from "./fault-proxy.mjs";
export { startPostgres } from "./postgres.mjs";
export { startRedis } from "./redis.mjs";
export { startRedisCluster } from "./redis-cluster.mjs";
export { startRedisSentinel } from "./redis-sentinel.mjs";
