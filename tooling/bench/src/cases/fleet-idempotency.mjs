import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { postgres } from "@baldur/postgres";
import { redis } from "@baldur/redis";
import { startPostgres, startRedis } from "@baldur/services";
import { Redis } from "ioredis";
import pg from "pg";
import { interleave, ratePerSecond } from "../harness.mjs";
import { commandsDuring } from "../redis-statistics.mjs";
import { integer } from "../report.mjs";
import { median, ratio } from "../statistics.mjs";
import { joined } from "../subjects/fleet.mjs";

const SCRIPT = readFileSync(
  new URL("../../../../packages/core/src/idempotency/stores/swap.lua", import.meta.url),
  "utf8",
);
const DIGEST = createHash("sha1").update(SCRIPT).digest("hex");
const IN_FLIGHT = { one: 1, many: 100 };
const KEYS_PER_SAMPLE = { one: 1500, many: 8000 };
/** Keys that statements and round trips are counted of. */
const COUNTED = 1000;
const POOL = 10;
const HALF_AN_HOUR = 1_800_000;
const EXECUTING = HALF_AN_HOUR + 120_000;
const work = async () => 1;

let keys = 0;
const newKey = () => `order-${keys++}`;

/** Work that is done once per key. */
const guarded = (runtime, name, fn) => runtime.protected(name, fn, { idempotencyKey: (key) => key });

/** The same two scripts, with nothing around them. */
function raw(client) {
  const tail = `,"ttl":${HALF_AN_HOUR}}`;
  const swap = (key, ...args) => client.evalsha(DIGEST, 1, `baldur:idempotency:${key}`, ...args);
  return async (key) => {
    const claim = `"owner":"0d1f7b0e-5f0c-4c8e-9f0a-6a1f6a6f2f10:${key}","attempt":1`;
    const executing = `{"status":"executing",${claim},"since":`;
    await swap(key, "", executing, tail, EXECUTING);
    const value = await work();
    await swap(key, executing, `{"status":"completed",${claim},"since":`, tail, HALF_AN_HOUR);
    return value;
  };
}

async function measureRates(server, rounds) {
  const client = new Redis(server.url);
  const runtime = await joined(redis({ url: server.url }));
  try {
    await client.script("LOAD", SCRIPT);
    const probes = {};
    for (const [name, call] of Object.entries({ baldur: guarded(runtime, "charge", work), raw: raw(client) }))
      for (const [load, inFlight] of Object.entries(IN_FLIGHT))
        probes[`${name} ${load}`] = () =>
          ratePerSecond(() => call(newKey()), KEYS_PER_SAMPLE[load], inFlight);
    await interleave(probes, 2); // warm-up
    return await interleave(probes, rounds(21));
  } finally {
    await runtime.close();
    client.disconnect();
  }
}

/** What `count` counts per key while new keys are claimed, and while they are completed. */
async function perKey(runtime, count) {
  const gate = {};
  const opened = new Promise((resolve) => Object.assign(gate, { open: resolve }));
  let begun = 0;
  let calls;
  const claim = () =>
    new Promise((resolve, reject) => {
      const fn = () => {
        if (++begun === COUNTED) resolve();
        return opened;
      };
      const charge = guarded(runtime, "counted", fn);
      calls = Promise.all(Array.from({ length: COUNTED }, () => charge(newKey())));
      calls.catch(reject);
    });
  const claims = await count(claim);
  const completions = await count(() => {
    gate.open();
    return calls;
  });
  return { claim: claims / COUNTED, complete: completions / COUNTED };
}

async function measureRoundTrips(server) {
  const runtime = await joined(redis({ url: server.url }));
  const asked = async (work) => {
    const { evalsha = 0, eval: whole = 0 } = await commandsDuring(server, work);
    return evalsha + whole;
  };
  try {
    await guarded(runtime, "first", work)(newKey()); // loads the scripts
    return await perKey(runtime, asked);
  } finally {
    await runtime.close();
  }
}

async function measureStatements() {
  const server = await startPostgres();
  let sent = 0;
  class Client extends pg.Client {
    query(...args) {
      sent++;
      return super.query(...args);
    }
  }
  const pool = new pg.Pool({ connectionString: server.url, max: POOL, Client });
  pool.on("error", () => undefined); // of the end of the server
  const runtime = await joined(postgres(pool));
  const asked = async (work) => {
    const before = sent;
    await work();
    return sent - before;
  };
  try {
    await guarded(runtime, "first", work)(newKey()); // makes the table
    return { ...(await perKey(runtime, asked)), version: server.version };
  } finally {
    await runtime.close();
    await pool.end();
    await server.stop();
  }
}

/** Work that is done once per key: what the claim and the completion of a new key cost, and what the servers are asked. */
export async function measure({ rounds }) {
  const server = await startRedis();
  try {
    const values = await measureRates(server, rounds);
    return report(values, server, await measureRoundTrips(server), await measureStatements());
  } finally {
    await server.stop();
  }
}

function report(values, server, redisAsked, postgresAsked) {
  const time = (name) => `${(1e6 / median(values[name])).toFixed(1)} µs`;
  const row = (what, load) => ({
    what,
    baldur: time(`baldur ${load}`),
    peer: `the two scripts alone ${time(`raw ${load}`)}`,
    reached: ratio(values[`raw ${load}`], values[`baldur ${load}`]),
    atMost: 1.1,
  });
  const count = (what, { claim, complete }) => ({
    what,
    baldur: `${claim}`,
    peer: `${complete} to complete it`,
    reached: claim,
    unit: "",
    atMost: 1,
  });
  return [
    row(`a new key claimed and completed on Redis ${server.version}, one in flight`, "one"),
    row(`the same with ${integer(IN_FLIGHT.many)} in flight, per key`, "many"),
    count("round trips to claim a new key on Redis", redisAsked),
    count(`statements to claim a new key on PostgreSQL ${postgresAsked.version}`, postgresAsked),
  ];
}
