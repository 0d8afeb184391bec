// A process that counts: node child.mjs <bundle> <url> <folder> <name>. Obeys lines, and says what it did in lines.
import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const [, , bundle, url, folder, name] = process.argv;
const { openRedis, redisSettings, openResilientStorage, resilientStorageSettings, TelemetryHub, hotClock } = (
  await import(bundle)
).default;

const LANES = 20;
const clock = hotClock();
const telemetry = new TelemetryHub(clock);
const defaults = ({ fields }) =>
  Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.default]));
/** Synchronous: what was said before a kill was said. */
const say = (line) => writeSync(1, `${line}\n`);
telemetry.subscribe((event) => say(`event ${event.name}`));

const client = await openRedis({
  given: { option: "url", url },
  settings: { ...defaults(redisSettings), probeConnectTimeout: 2000 },
  clock,
  telemetry,
});
const storage = await openResilientStorage({
  client,
  destination: url,
  dataDir: folder,
  stateFolder: () => folder,
  isProduction: false,
  clock,
  random: Math.random,
  telemetry,
  settings: { ...defaults(resilientStorageSettings), recoveryProbeInterval: 1000, recoveryJitterMax: 300 },
});

/** One byte for each, so that their size tells how many, however this process ends. */
const tally = (what) => {
  const file = openSync(join(folder, `${name}.${what}`), "a");
  return () => writeSync(file, ".");
};
const [began, counted] = [tally("began"), tally("counted")];
let isCounting = false;
let lanes = [];

async function count() {
  while (isCounting) {
    began();
    await storage.feature("stats").incr("count");
    counted();
    await sleep(2);
  }
}

const orders = {
  go() {
    isCounting = true;
    lanes = Array.from({ length: LANES }, count);
    say("going");
  },
  async stop() {
    isCounting = false;
    await Promise.all(lanes);
    say("stopped");
  },
  mode: () => say(`mode ${storage.mode}`),
};

createInterface({ input: process.stdin }).on("line", (order) => orders[order]());
say("ready");
