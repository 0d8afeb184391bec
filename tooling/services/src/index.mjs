export { startPostgres } from "./postgres.mjs";
export { startRedis } from "./redis.mjs";
