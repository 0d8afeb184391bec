// node --expose-gc idle.mjs <kind> <count>: makes that many breakers and tells what each holds and what they cost idle.
import { createHook } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";

const MAKERS = {
  none: async () => () => undefined,
  baldur: async () => (await import("../subjects/baldur.mjs")).idle(),
  "baldur-called": async () => (await import("../subjects/baldur.mjs")).idle(async () => 1),
  cockatiel: async () => (await import("../subjects/cockatiel.mjs")).makeBreaker,
  opossum: async () => (await import("../subjects/opossum.mjs")).makeBreaker,
};

const [kind, count] = [process.argv[2], Number(process.argv[3])];
const IDLE = 1500;

function heap() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Timers made from now on: `getActiveResourcesInfo` does not list those that are unref'ed. */
function watchTimers() {
  let made = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === "Timeout") made++;
    },
  }).enable();
  return () => {
    hook.disable();
    return made;
  };
}

async function measure() {
  const make = await MAKERS[kind]();
  for (let i = 0; i < 20; i++) await make(-1 - i); // what is made once, whatever the number
  const kept = new Array(count);
  const before = heap();
  const timersMade = watchTimers();
  for (let i = 0; i < count; i++) kept[i] = await make(i);
  const timers = timersMade();
  const bytes = (heap() - before) / count;
  await sleep(500); // lets what follows a garbage collection come to rest
  const cpu = process.cpuUsage();
  await sleep(IDLE);
  const { user, system } = process.cpuUsage(cpu);
  // Told at the end, so that nothing was collected before.
  const alive = kept.length + Number(typeof make === "function");
  return { bytes, timers, cpu: ((user + system) / 1000 / IDLE) * 100, alive };
}

process.once("message", async () => process.send(await measure()));
process.once("disconnect", () => process.exit());
