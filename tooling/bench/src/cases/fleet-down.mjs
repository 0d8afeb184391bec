import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { redis } from "@baldur/redis";
import { startRedis } from "@baldur/services";
import { integer } from "../report.mjs";
import { median, percentile, ratio } from "../statistics.mjs";
import { joined } from "../subjects/fleet.mjs";

const SAMPLE = 1000;
const PATIENCE = 30_000;
const UNAVAILABLE = "ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE";
/** Settles on the next turn of the event loop, so that whatever else the loop does delays it. */
const fn = () => new Promise((resolve) => setImmediate(resolve, 1));
const milliseconds = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

/** Milliseconds of each call, one after the other, while `until` says so. */
async function timesWhile(call, goesOn) {
  const times = [];
  while (goesOn()) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
    await nextTurn();
  }
  return times;
}

function during(limit) {
  const end = performance.now() + limit;
  return () => performance.now() < end;
}

/** Resolves with the milliseconds until the runtime is in that mode. */
async function untilMode(runtime, mode) {
  const start = performance.now();
  while (runtime.posture().storageMode !== mode) {
    if (performance.now() - start > PATIENCE) throw new Error(`not ${mode} within ${PATIENCE} ms`);
    await sleep(1);
  }
  return performance.now() - start;
}

let keys = 0;

/** Rejects unless the call was made, or refused for the reason that counts here. */
async function keyed(runtime) {
  const answer = await runtime
    .protect("charge", fn, { idempotencyKey: () => `order-${keys++}` })
    .catch((error) => error);
  if (answer !== 1 && answer.code !== UNAVAILABLE) throw answer;
}

/** Takes Redis away while calls are made, looks at what they notice, and gives it back. */
async function outage({ runtime, take, give }) {
  const plain = () => runtime.protect("catalogue", fn);
  const healthy = await timesWhile(plain, during(SAMPLE));
  const [, entered, before] = await Promise.all([
    take(),
    untilMode(runtime, "degraded"),
    timesWhile(
      () => keyed(runtime),
      () => runtime.posture().storageMode !== "degraded",
    ),
  ]);
  const refused = await timesWhile(() => keyed(runtime), during(SAMPLE / 2));
  const down = await timesWhile(plain, during(SAMPLE));
  await give();
  await untilMode(runtime, "normal");
  const p99 = (times) => percentile(times, 0.99);
  return {
    healthy: p99(healthy),
    down: p99(down),
    entered,
    worst: Math.max(...before),
    refused: p99(refused),
  };
}
export async function measure({ rounds }) {
  const server = await startRedis();
  const runtime = await joined(redis({ url: server.url }));
  for (const [name, take, give] of [
    ["kill", server.kill, server.restart],
    ["pause", server.pause, server.resume],
  ])
    for (let i = 0; i < 3; i++) console.log(name, await outage({ runtime, take, give }));
  await runtime.close();
  await server.stop();
  return [];
}
