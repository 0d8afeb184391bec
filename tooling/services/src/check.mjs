// node check.mjs: starts each service, asks it one thing and stops it; says how long that took.
import { postgresQuery, redisCommand } from "./conversation.mjs";
import {
  startFaultProxy,
  startPostgres,
  startRedis,
  startRedisCluster,
  startRedisSentinel,
} from "./index.mjs";

async function check(name, start, ask) {
  const began = performance.now();
  const service = await start();
  const ready = performance.now();
  let answer;
  try {
    answer = await ask(service);
  } finally {
    await service.stop();
  }
  const [took, whole] = [ready - began, performance.now() - began].map(Math.round);
  console.log(`${name}: ${answer}; ready in ${took} ms, ${whole} ms in all`);
}

const redisAnswer = async (redis) =>
  `Redis ${redis.version} answered ${await redis.command("PING")} on ${redis.url}`;

/** A Redis, and a proxy before it. */
async function startRedisWithProxy() {
  const redis = await startRedis();
  const proxy = await startFaultProxy(redis);
  const stop = () => Promise.all([proxy.stop(), redis.stop()]);
  return { proxy, stop };
}

async function proxyAnswer({ proxy }) {
  const answer = await redisCommand(proxy, "PING");
  await proxy.fault("refuse");
  const refusal = await redisCommand(proxy, "PING").catch((error) => error.code);
  return `answered ${answer} on ${proxy.url("redis")}, then ${refusal}`;
}

await check("Alone", startRedis, redisAnswer);
await check(
  "Sentinel",
  startRedisSentinel,
  async (group) => `${await redisAnswer(await group.master())}, ${group.url}`,
);
await check(
  "Cluster",
  startRedisCluster,
  async (group) => `${await redisAnswer(await group.ownerOf("a"))}, ${group.url}`,
);
await check("Proxy", startRedisWithProxy, proxyAnswer);
await check(
  "SQL",
  startPostgres,
  async ({ port, url, version }) =>
    `Postgres ${version} answered ${await postgresQuery(port, "select 6 * 7")} on ${url}`,
);
