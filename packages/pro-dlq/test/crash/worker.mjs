// A process of an application with a dead-letter queue: node worker.mjs <options as JSON>. Says what it knows in lines:
// `ready`, `ack <id>` for an entry that was acknowledged, `dies <point>`, `event <name> <payload>`, `done`.
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { AdapterError, createBaldur } from "@baldur/core";
import { dlq, getDlq } from "@baldur/pro-dlq";
import { Failpoints, failingServer, failingStore, say } from "./failpoints.mjs";

const {
  /** Of the test: the store is in `state`, and what the handlers did in `journal`. */
  folder,
  /** A server that the store is on instead: `{ kind: "sql" | "redis", options }`, with the options of its plugin. */
  server,
  /** Entries to capture. */
  captures = 0,
  /** Whether to replay until nothing waits; with `empties`, in a spill file neither. */
  replays = false,
  empties = false,
  automatic = false,
  concurrency = 4,
  maxRetries = 3,
  lease = 1000,
  seed = 1,
  failpoint,
  /** So many first additions fail. */
  refused = 0,
  /** Milliseconds that a handler works; at random up to it. */
  work = 3,
  /** Tries that fail, of every entry; default: at random none to all. */
  failing,
  /** The run of the process that stops it with SIGSTOP, until the test goes on with it. */
  stopsIn,
  /** Events that are told. */
  events = [],
} = JSON.parse(process.argv[2]);

const NAME = "work";
let runs = 0;
const failpoints = new Failpoints(failpoint);
const random = seeded(seed);
const quiet = () => undefined;
const state = join(folder, "state");
mkdirSync(join(folder, "locks"), { recursive: true });
const journal = openSync(join(folder, "journal"), "a");

const baldur = createBaldur({
  discover: false,
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  env: {
    BALDUR_DATA_DIR: state,
    BALDUR_LICENSE_FILE: process.env.BALDUR_LICENSE_FILE,
    BALDUR_DLQ_RETRY_DELAY: "1",
    BALDUR_CB_ENABLED: "false",
    BALDUR_IDEMPOTENCY_BACKEND: "memory",
  },
  settings: { control: { backend: "memory" } },
  plugins: [
    server === undefined ? failingStore(failpoints, { refused }) : await failingServer(failpoints, server),
    dlq({ lease, automatic, replay: { rate: 1e6, rampUp: 0, concurrency, maxRetries } }),
  ],
});
baldur.telemetry.subscribe(({ name, payload }) => {
  if (events.includes(name)) say("event", name, JSON.stringify(payload));
});
baldur.onReplay(NAME, replay);
await baldur.start();
if (baldur.posture().tier !== "pro" || baldur.posture().storage !== (server?.kind ?? "embedded"))
  throw new Error(`not what is to be tested: ${JSON.stringify(baldur.posture())}`);
const queue = getDlq(baldur);
say("ready");
let isCapturing = true;
const captured = capture().finally(() => {
  isCapturing = false;
});
await Promise.all([captured, replays ? drain() : undefined]);
await baldur.close();
say("done");

async function capture() {
  for (let made = 0; made < captures; ) {
    const together = Math.min(1 + Math.floor(random() * 12), captures - made);
    await Promise.all(Array.from({ length: together }, captureOne));
    made += together;
    if (random() < 0.3) await sleep(random() * 10);
  }
}

/** As an application hands an operation over, or as a protected call that fails. */
async function captureOne() {
  const settled = failing !== undefined || random() < 0.7 ? storeOne() : (await failOne()).captured.settled;
  failpoints.cross("capture:made");
  const { captured, id, where } = await settled;
  failpoints.cross("capture:known");
  if (captured && where !== "stderr") say("ack", id);
}

function storeOne() {
  const fails = failing ?? (random() < 0.6 ? 0 : Math.floor(random() * 5));
  const filler = "x".repeat(random() * 400);
  return queue.store({ name: NAME, failureType: `KIND_${fails % 2}`, requestData: { fails, filler } });
}

function failOne() {
  const fails = () => Promise.reject(new Error("down"));
  return baldur.protectWithMeta(NAME, fails, { dlq: true, circuitBreaker: false });
}

async function drain() {
  for (let idle = false; !idle; ) {
    await step().catch(ignoreOutage);
    const { pending, replaying } = await waiting().catch(ignoreOutage);
    idle = pending + replaying === 0 && !isCapturing && !(empties && isSpilled());
    if (pending === 0) await sleep(idle ? 0 : 5);
  }
}

async function waiting() {
  const { byStatus } = await queue.stats();
  return { pending: 0, replaying: 0, ...byStatus };
}

/** A server may be away for a while; how much waits on it is not known then. */
function ignoreOutage(error) {
  if (server === undefined || !(error instanceof AdapterError)) throw error;
  return { pending: 0, replaying: 1 };
}

function isSpilled() {
  const spill = join(state, "dlq-spill");
  return existsSync(spill) && readdirSync(spill).length > 0;
}

/** One of the ways in which entries are replayed. */
async function step() {
  const way = random();
  if (way < 0.4) return queue.replayBatch({ name: NAME, maxItems: 1 + Math.floor(random() * 60) });
  if (way < 0.8) return queue.sweep(NAME, { maxItems: 1 + Math.floor(random() * 60), escalate: false });
  const { items } = await queue.list({ name: NAME, status: "pending", limit: 1 });
  for (const { id } of items) await queue.replay(id).catch(ignoreConflict);
}

/** Another process was faster. */
function ignoreConflict(error) {
  if (error.code !== "ERR_BALDUR_DLQ_STATE_CONFLICT") throw error;
}

async function replay({ id, retryCount: attempt, requestData }) {
  const own = ++runs;
  failpoints.cross("handler:begin");
  const tell = (what, ...more) =>
    writeSync(journal, `${what} ${[id, attempt, process.pid, ...more].join(" ")}\n`);
  const lock = enter(id, (other) => tell("overlap", other));
  tell("begin");
  if (own === stopsIn) {
    say("stops");
    process.kill(process.pid, "SIGSTOP");
  }
  await (work === 0 ? turn() : sleep(random() * work));
  tell("effect");
  failpoints.cross("handler:effect");
  await turn();
  const isOver = attempt > (requestData.fails ?? 0);
  tell(isOver ? "end" : "failed");
  leave(lock);
  setImmediate(() => failpoints.cross("handler:returned"));
  if (!isOver) throw new Error(`refused at try ${attempt}`);
}

/** Takes the lock of an entry, which nobody has who is alive. */
function enter(id, onOverlap) {
  const path = join(folder, "locks", id);
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
  } catch {
    const holder = Number(readFileSync(path, "utf8"));
    if (holder === process.pid || isAlive(holder)) onOverlap(holder);
    writeFileSync(path, String(process.pid));
  }
  return path;
}

function leave(lock) {
  try {
    unlinkSync(lock);
  } catch {
    return; // an overlap, which was told
  }
}

function isAlive(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !"ZX".includes(stat.slice(stat.lastIndexOf(")") + 2)[0]);
  } catch {
    return false;
  }
}

/** Numbers in [0, 1) that are the same in every run. */
function seeded(from) {
  let next = from;
  return () => {
    next = (Math.imul(next, 1_664_525) + 1_013_904_223) >>> 0;
    return next / 2 ** 32;
  };
}
