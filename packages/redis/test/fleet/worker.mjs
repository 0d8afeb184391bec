// A process of an application whose circuits are shared: node worker.mjs <options as JSON>. Keeps a journal of what it does
// and sees, in lines [microseconds, pid, what, circuit, ...], and does what it is told in lines of JSON.
import { existsSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createBaldur } from "@baldur/core";
import { systemClock } from "@baldur/core/plugin";
import { redis } from "@baldur/redis";

const {
  url,
  namespace,
  seed,
  /** Of the test: journals, and a file for each dependency that is down. */
  folder,
  circuits,
  circuitBreaker,
  /** Calls at a time. */
  lanes = 6,
  /** Milliseconds that its wall clock is off. */
  skew = 0,
  /** Share of the probes that take longer than they may. */
  hanging = 0.05,
} = JSON.parse(process.argv[2]);

const ALONE = ["half_open", "close_check"].map(
  (what) => `baldur_circuit_breaker_${what}_degraded_mode_total`,
);
const TOLD = [
  "circuit_breaker.opened",
  "circuit_breaker.half_opened",
  "circuit_breaker.closed",
  "circuit_breaker.fleet_followed",
];
const random = seeded(seed);
const journal = openSync(join(folder, `journal-${process.pid}`), "a");
const now = () => Number(process.hrtime.bigint() / 1000n);
const tell = (what, name, ...facts) =>
  writeSync(journal, `${JSON.stringify([now(), process.pid, what, name, ...facts])}\n`);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const quiet = () => undefined;
const own = systemClock();
let calls = 0;
let reconciled = 0;
/** What was decided alone until a circuit was last seen not to be closed. */
const aloneBefore = new Map();
let isOver = false;
let pins = "";

const baldur = createBaldur({
  discover: false,
  random: () => random() / 10, // so that processes do not wait long for each other after an outage
  clock: { ...clockOf(own), now: () => own.now() + skew },
  plugins: [redis({ url, namespace })],
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  env: { BALDUR_DATA_DIR: join(folder, `state-${process.pid}`) },
  settings: { control: { backend: "memory" }, circuitBreaker },
});
baldur.telemetry.subscribe(({ name, payload }) => {
  if (name === "layered_repo.drift_reconciliation_completed_reconciled") reconciled++;
  if (!TOLD.includes(name)) return;
  const what = name.slice(name.indexOf(".") + 1);
  const isAlone = degraded(payload.name) !== (aloneBefore.get(payload.name) ?? 0);
  tell(what, payload.name, payload.trigger ?? "", payload.state ?? "", payload.by ?? "", isAlone);
  aloneBefore.set(payload.name, degraded(payload.name));
});
await baldur.start();
say("ready");
const working = Array.from({ length: lanes }, lane);
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  if (order === "end") break;
  if (order === "reconciled") say(reconciled);
  else if (order === "states") say(circuits.map((name) => baldur.circuit(name).state));
  else say(await baldur.circuit(order.name)[order.action]({ actor: "test", reason: String(order.number) }));
}
isOver = true;
await Promise.all(working);
await baldur.close();
say("done");

async function lane() {
  while (!isOver) {
    await call(circuits[Math.floor(random() * circuits.length)]).catch(quiet);
    look();
    await sleep(random() * 10);
  }
}

function call(name) {
  const id = `${process.pid}-${++calls}`;
  const called = now();
  const alone = degraded(name);
  return baldur.protect(name, async () => {
    const isProbe = baldur.circuit(name).state === "half_open";
    if (isProbe) tell("probe", name, id, called, degraded(name) > alone);
    const hangs = isProbe && random() < hanging;
    await sleep(hangs ? circuitBreaker.probeTimeout * 1.5 : random() * 15);
    const how = existsSync(join(folder, `down-${name}`)) ? "failed" : "ok";
    if (isProbe) tell("ended", name, id, how);
    if (how === "failed") throw new Error("down");
  });
}

/** What operators decided, as this process sees it: numbered in the order in which they did. */
function look() {
  const seen = circuits.map((name) => baldur.circuit(name).snapshot().manual?.reason ?? "").join();
  if (seen === pins) return;
  pins = seen;
  for (const [at, number] of seen.split(",").entries())
    if (number !== "") tell("pinned", circuits[at], number);
}

/** Decisions that the process made by itself because the store did not answer. */
function degraded(service) {
  const series = baldur.telemetry
    .metrics()
    .filter(({ name, labels }) => ALONE.includes(name) && labels.service === service);
  return series.reduce((sum, { value }) => sum + value, 0);
}

function clockOf(clock) {
  return {
    monotonic: () => clock.monotonic(),
    setTimeout: (callback, delay) => clock.setTimeout(callback, delay),
    clearTimeout: (handle) => clock.clearTimeout(handle),
  };
}

/** Numbers in [0, 1) that are the same in every run. */
function seeded(from) {
  let next = from;
  return () => {
    next = (Math.imul(next, 1_664_525) + 1_013_904_223) >>> 0;
    return next / 2 ** 32;
  };
}
