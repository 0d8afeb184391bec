import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { redis } from "@baldur/redis";
import { startRedis } from "@baldur/services";
import { median, percentile, ratio } from "../statistics.mjs";
import { joined } from "../subjects/fleet.mjs";

/** Milliseconds that calls are made for. */
const SAMPLE = 1000;
const DEADLINE = 30_000;
const UNAVAILABLE = "ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE";
/** Settles on the next turn of the event loop, so that whatever else the loop does delays it. */
const fn = () => new Promise((resolve) => setImmediate(resolve, 1));

/** The ways of a Redis to go, and to come back. */
const OUTAGES = {
  killed: { take: (server) => server.kill(), give: (server) => server.restart() },
  paused: { take: (server) => server.pause(), give: (server) => server.resume() },
};

/** Milliseconds of each call, one after the other, while `goesOn` says so; the first is made in any case. */
async function timesWhile(call, goesOn) {
  const times = [];
  do {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
    await nextTurn();
  } while (goesOn());
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
    if (performance.now() - start > DEADLINE) throw new Error(`not ${mode} after ${DEADLINE} ms`);
    await sleep(1);
  }
  return performance.now() - start;
}

let keys = 0;

/** Rejects unless the call was made, or refused because nobody can tell. */
async function keyed(runtime) {
  const idempotencyKey = () => `order-${keys++}`;
  const answer = await runtime.protect("charge", fn, { idempotencyKey }).catch((error) => error);
  if (answer !== 1 && answer.code !== UNAVAILABLE) throw answer;
}

/** Takes Redis away from a runtime that makes calls, and gives it back. `asks`: some of the calls need Redis. */
async function outage({ runtime, server, asks }, { take, give }) {
  const plain = () => runtime.protect("catalogue", fn);
  const guarded = () => keyed(runtime);
  const isNormal = () => runtime.posture().storageMode === "normal";
  await timesWhile(guarded, during(SAMPLE / 10)); // as far from the last outage as may be
  const healthy = await timesWhile(plain, during(SAMPLE));
  const [entered, asked, down] = await Promise.all([
    untilMode(runtime, "degraded"),
    asks ? timesWhile(guarded, isNormal) : [0],
    timesWhile(plain, during(SAMPLE)),
    take(server),
  ]);
  const refused = await timesWhile(guarded, during(SAMPLE / 2));
  await give(server);
  await untilMode(runtime, "normal");
  const p99 = (times) => percentile(times, 0.99);
  return {
    healthy: p99(healthy),
    down: p99(down),
    refused: p99(refused),
    entered,
    worst: Math.max(...asked),
  };
}

/** Calls of a runtime that shares its state over a Redis that goes away. */
export async function measure({ rounds }) {
  const server = await startRedis();
  const runtime = await joined(redis({ url: server.url }));
  const seen = { killed: [], paused: [] };
  try {
    await untilMode(runtime, "normal");
    for (let round = 0; round < rounds(3); round++)
      for (const [how, outcomes] of Object.entries(seen))
        for (const asks of [false, true])
          outcomes.push({ asks, ...(await outage({ runtime, server, asks }, OUTAGES[how])) });
    return Object.entries(seen).flatMap(([how, outcomes]) => report(how, outcomes));
  } finally {
    await runtime.close();
    await server.stop();
  }
}

const microseconds = (milliseconds) => `${(milliseconds * 1000).toFixed(1)} µs`;

function report(how, outcomes) {
  const of = (field) => outcomes.map((outcome) => outcome[field]);
  const longest = Math.max(...of("entered"));
  const idle = outcomes.filter(({ asks }) => !asks).map(({ entered }) => entered);
  return [
    {
      what: `Redis ${how}: a protected call, p99`,
      baldur: microseconds(median(of("down"))),
      peer: `${microseconds(median(of("healthy")))} while it is there`,
      reached: ratio(of("down"), of("healthy")),
      atMost: 2,
    },
    {
      what: `Redis ${how}: degraded after, at most`,
      baldur: `${longest.toFixed(0)} ms`,
      peer: `${Math.max(...idle).toFixed(0)} ms where nothing is asked of it`,
      reached: longest,
      unit: "ms",
      atMost: 1000,
    },
    {
      what: `Redis ${how}: an idempotent call is refused within, p99`,
      baldur: microseconds(median(of("refused"))),
      peer: `the last before, at most ${Math.max(...of("worst")).toFixed(0)} ms`,
      reached: median(of("refused")),
      unit: "ms",
      atMost: 5,
    },
  ];
}
