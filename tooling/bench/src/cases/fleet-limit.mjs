import { rateLimit } from "@baldur/core/gates";
import { redis } from "@baldur/redis";
import { startRedis } from "@baldur/services";
import { Redis } from "ioredis";
import { RateLimiterRedis } from "rate-limiter-flexible";
import { interleave, ratePerSecond } from "../harness.mjs";
import { integer } from "../report.mjs";
import { median, ratio } from "../statistics.mjs";
import { joinedByDefault } from "../subjects/fleet.mjs";

const IN_FLIGHT = 100;
/** More than is ever asked for, within a window that outlasts the run: what is measured is leave to call. */
const LIMIT = 1e9;
const WINDOW = 600_000;
const BATCH = 1000;
const KEYS = 1000;
const fn = () => 1;
const one = () => "one";
const many = (index) => `key-${index % KEYS}`;

const limited = (bucket, batch) =>
  rateLimit({ scope: "fleet", bucket, maxRequests: LIMIT, window: WINDOW, key: (key) => key, batch })(fn);

/** One connection of ioredis each. */
function subjects(client) {
  const peer = new RateLimiterRedis({ storeClient: client, points: LIMIT, duration: WINDOW / 1000 });
  return {
    strict: { call: limited("strict", 1), calls: 20_000 },
    leased: { call: limited("leased", BATCH), calls: 100_000 },
    peer: { call: (key) => peer.consume(key), calls: 10_000 },
  };
}

/** Leave to begin a call, asked for with 100 in flight; all calls have the same key, or there are many. */
export async function measure({ rounds }) {
  const server = await startRedis();
  const client = new Redis(server.url);
  const runtime = await joinedByDefault(redis({ url: server.url }));
  try {
    const probes = {};
    for (const [name, { call, calls }] of Object.entries(subjects(client)))
      for (const keys of [one, many])
        probes[`${name} ${keys.name}`] = () => ratePerSecond((index) => call(keys(index)), calls, IN_FLIGHT);
    await interleave(probes, 2); // warm-up
    return report(await interleave(probes, rounds(15)), server);
  } finally {
    await runtime.close();
    client.disconnect();
    await server.stop();
  }
}

function report(values, server) {
  const figure = (name) => `${integer(median(values[name]))}/s`;
  const row = (what, mode, keys, atLeast) => ({
    what,
    baldur: figure(`${mode} ${keys}`),
    peer: `rate-limiter-flexible ${figure(`peer ${keys}`)}`,
    reached: ratio(values[`${mode} ${keys}`], values[`peer ${keys}`]),
    atLeast,
  });
  return [
    row(`rate limit over Redis ${server.version}, ${IN_FLIGHT} in flight`, "strict", "one", 0.95),
    row(`the same with ${integer(KEYS)} keys in turn`, "strict", "many", 0.95),
    row(`rate limit over Redis, ${integer(BATCH)} places leased at a time`, "leased", "one", 5),
    row(`the same with ${integer(KEYS)} keys in turn`, "leased", "many"),
  ];
}
