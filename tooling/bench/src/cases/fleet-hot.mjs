import { setTimeout as sleep } from "node:timers/promises";
import { redis } from "@baldur/redis";
import { startRedis } from "@baldur/services";
import { callProbes, interleave, ownLoop } from "../harness.mjs";
import { commandsDuring, total } from "../redis-statistics.mjs";
import { addedFigure, integer } from "../report.mjs";
import { added, median, ratio } from "../statistics.mjs";
import { alone, joined } from "../subjects/fleet.mjs";

const CALLS = 1_000_000;
/** Milliseconds that the commands are counted for: also what the calls might leave to be done later. */
const COUNTED = 3000;
/** Milliseconds without a command after which the next poll of the background is far away, and how often we look. */
const QUIET = 500;
const LOOK = 50;
const fn = async () => 1;
const FOUR = { retry: { maxAttempts: 3 }, timeout: 10_000, fallback: () => 0 };

/** Waits for the background to poll, and to have done so. Returns what it asked. */
async function afterPoll(server) {
  const seen = () => commandsDuring(server, () => sleep(QUIET));
  const waitForPoll = async () => {
    let counts = {};
    while (total(counts) === 0) counts = await commandsDuring(server, () => sleep(LOOK));
    return counts;
  };
  const asked = await waitForPoll();
  for (let more = await seen(); total(more) > 0; more = await seen())
    for (const [name, count] of Object.entries(more)) asked[name] = (asked[name] ?? 0) + count;
  return asked;
}

/** Commands that Redis counted for so long, between two polls. */
async function commandsOf(server, work) {
  const background = await afterPoll(server);
  const counts = await commandsDuring(server, () => Promise.all([work(), sleep(COUNTED)]));
  return { background, sent: total(counts) };
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
    const busy = await commandsOf(server, () => loop(calls.fourFleet, CALLS));
    const idle = await commandsOf(server, async () => undefined);
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
  const polls = Object.entries(busy.background)
    .map(([name, count]) => `${count} ${name.toUpperCase()}`)
    .join(", ");
  return [
    {
      what: `Redis commands of ${integer(CALLS)} calls of a runtime that shares its state`,
      baldur: `${busy.sent}`,
      peer: `idle ${idle.sent} in as long; its background ${polls} every 5 s`,
      reached: busy.sent - idle.sent,
      unit: "",
      atMost: 0,
    },
    row("its breaker, `protect`", "fleet", "memory"),
    row("its four, `protect`", "fourFleet", "fourMemory"),
  ];
}
