import { setImmediate as nextTurn } from "node:timers/promises";

const AsyncFunction = (async () => {}).constructor;
const SAMPLE_NANOSECONDS = 40e6;

export const nanoseconds = () => Number(process.hrtime.bigint());

/**
 * Runs every probe once per round, in a new random order each round, and returns the values of each by round.
 * A probe is an asynchronous function that measures once and returns one number, or an object of numbers.
 */
export async function interleave(probes, rounds) {
  const values = Object.fromEntries(Object.keys(probes).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, probe] of shuffled(Object.entries(probes))) {
      globalThis.gc?.({ type: "minor" }); // each sample pays for its own garbage, not for its predecessor's
      await nextTurn();
      values[name].push(await probe());
    }
  }
  return values;
}

/** Probes that each await one call after the other for about 40 ms and return nanoseconds per call. */
export async function callProbes(calls) {
  const probes = {};
  for (const [name, call] of Object.entries(calls)) probes[name] = await callProbe(call);
  return probes;
}

async function callProbe(call) {
  const loop = ownLoop();
  const sample = async (count) => {
    const start = nanoseconds();
    await loop(call, count);
    return (nanoseconds() - start) / count;
  };
  let count = 50;
  // Growing steps warm the code up as well; a fixed number of them, so that every case is equally warm.
  for (let step = 0; step < 12; step++) {
    const cost = await sample(count);
    count = Math.max(20, Math.round(Math.min(count * 4, SAMPLE_NANOSECONDS / cost)));
    await nextTurn();
  }
  return () => sample(count);
}

let loops = 0;

/**
 * A loop of its own source text, thus with type feedback of its own: in one shared loop the first case would be inlined
 * and all others would not. It catches, so that calls that reject are measured the way their callers see them.
 */
export function ownLoop() {
  return new AsyncFunction(
    "call",
    "count",
    `/* ${loops++} */ let last; for (let i = 0; i < count; i++) try { last = await call(); } catch (e) { last = e; } return last;`,
  );
}

function shuffled(entries) {
  const order = [...entries];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Keeps `inFlight` calls of `call(index)` in flight until `total` have settled; returns calls per second. */
export async function ratePerSecond(call, total, inFlight) {
  let next = 0;
  const lane = async () => {
    while (next < total) await call(next++);
  };
  const start = nanoseconds();
  await Promise.all(Array.from({ length: inFlight }, lane));
  return total / ((nanoseconds() - start) / 1e9);
}
