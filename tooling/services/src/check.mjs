// node check.mjs: starts each service, asks it one thing and stops it; says how long that took.
import { postgresQuery, redisCommand } from "./conversation.mjs";
import { startPostgres, startRedis } from "./index.mjs";

async function check(name, start, ask) {
  const began = performance.now();
  const server = await start();
  const ready = performance.now();
  let answer;
  try {
    answer = await ask(server);
  } finally {
    await server.stop();
  }
  const [took, whole] = [ready - began, performance.now() - began].map(Math.round);
  console.log(
    `${name} ${server.version}: answered ${answer} on ${server.url}, ready in ${took} ms, ${whole} ms in all`,
  );
}

await check("Redis", startRedis, ({ port }) => redisCommand(port, "PING"));
await check("Postgres", startPostgres, ({ port }) => postgresQuery(port, "select 6 * 7"));
