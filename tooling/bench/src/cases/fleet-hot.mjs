import { setTimeout as sleep } from "node:timers/promises";
import { redis } from "@baldur/redis";
import { startRedis } from "@baldur/services";
import { callProbes, interleave, ownLoop } from "../harness.mjs";
import { commandsDuring, total } from "../redis-statistics.mjs";
import { addedFigure, integer } from "../report.mjs";
import { added, median, ratio } from "../statistics.mjs";
import { alone, joined } from "../subjects/fleet.mjs";

const CALLS = 1_000_000;
/** Milliseconds that the commands are counted for: twice as long as any of the background rests, and what the calls might leave to be done later. */
const COUNTED = 10_000;
const fn = async () => 1;
const FOUR = { retry: { maxAttempts: 3 }, timeout: 10_000, fallback: () => 0 };

/** How often each command was called within as long a time as every other count. */
const counted = (server, work) => commandsDuring(server, () => Promise.all([work(), sleep(COUNTED)]));

/** Calls of commands beyond those that the background makes in as long a time; its phase may differ by one of each. */
function beyond(busy, idle) {
  const more = Object.entries(busy).map(([name, count]) => Math.max(0, count - (idle[name] ?? 0) - 1));
  return more.reduce((sum, count) => sum + count, 0);
}

/** Healthy calls of a runtime that shares its state over Redis, beside those of one that has it in memory. */
export async function measure({ rounds }) {
  const server = await startRedis();
  const runtimes = [await alone(), await joined(redis({ url: server.url }))];
  try {
    const [memory, fleet] = runtimes;
    const calls = {
      bare: () => fn(),
      memory: () => memory.protect("hot", fn),
      fleet: () => fleet.protect("hot", fn),
      fourMemory: () => memory.protect("four", fn, FOUR),
      fourFleet: () => fleet.protect("four", fn, FOUR),
    };
    const values = await interleave(await callProbes(calls), rounds(61));
    const loop = ownLoop();
    const idle = await counted(server, async () => undefined);
    const busy = await counted(server, () => loop(calls.fourFleet, CALLS));
    return report(values, busy, idle);
  } finally {
    await Promise.all(runtimes.map((runtime) => runtime.close()));
    await server.stop();
  }
}

function report(values, busy, idle) {
  const figure = (name) => addedFigure("", median(added(values[name], values.bare)), median(values[name]));
  const row = (what, ours, memory) => ({
    what,
    baldur: figure(ours),
    peer: `in memory ${figure(memory)}`,
    reached: ratio(values[ours], values[memory]),
    atMost: 1.1,
  });
  return [
    {
      what: `Redis commands of ${integer(CALLS)} calls of a runtime that shares its state`,
      baldur: `${total(busy)}`,
      peer: `${total(idle)} of its background while nothing is called, in as long`,
      reached: beyond(busy, idle),
      unit: "",
      atMost: 0,
    },
    row("its breaker, `protect`", "fleet", "memory"),
    row("its four, `protect`", "fourFleet", "fourMemory"),
  ];
}
