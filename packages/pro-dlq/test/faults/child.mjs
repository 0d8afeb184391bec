// A process that something happens to: node child.mjs <folder> <action>. Says what it knows in lines.
import { existsSync, readdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createBaldur } from "@baldur/core";
import { embedded } from "@baldur/embedded";
import { dlq, getDlq } from "@baldur/pro-dlq";

const [, , folder, action] = process.argv;
const quiet = () => undefined;
const NAME = "work";
/** Intervals are this much shorter, so that nobody waits for them. */
const HASTE = 20;
const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * HASTE,
  setTimeout: (callback, delay) => setTimeout(callback, delay / HASTE),
  clearTimeout,
};

/** Synchronous: what was said before the end was said. */
const say = (...words) => writeSync(1, `${words.join(" ")}\n`);
/** A process that waits for it does not end by itself. */
const never = new Promise(() => setInterval(quiet, 60_000));

async function start({ decorate = (store) => store, haste = false } = {}) {
  const provider = embedded();
  const decorated = {
    ...provider,
    register: (context) =>
      provider.register({
        ...context,
        provider: (kind, open) => context.provider(kind, async () => decorate(await open())),
      }),
  };
  const baldur = createBaldur({
    discover: false,
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    settings: { control: { backend: "memory" } },
    plugins: [decorated, dlq({ automatic: false, replay: { rate: 1e6, rampUp: 0 } })],
    ...(haste && { clock }),
  });
  baldur.telemetry.subscribe(({ name, payload }) => {
    if (/^(dlq|dlq_outbox|storage|embedded)\./.test(name)) say("event", name, JSON.stringify(payload));
  });
  await baldur.start();
  return baldur;
}

/** A store whose writes fail as they are told to. */
const withWrites = (write) => (store) => ({
  location: store.location,
  durable: store.durable,
  read: (work) => store.read(work),
  close: () => store.close(),
  write: (work) => write(store, work),
});

const isAddition = (work) => {
  let adds = false;
  const nothing = () => undefined;
  const put = (key) => {
    adds ||= key.startsWith("dlq/entry/");
  };
  try {
    work({ get: nothing, range: () => [], keys: () => [], put, delete: nothing });
  } catch {
    return adds; // it met something that it could not do without
  }
  return adds;
};

const operation = (n, filler = "") => ({ name: NAME, failureType: "KIND", requestData: { n, filler } });
const tell = ({ captured, id, where, reason }) => say(captured ? `ack ${id} ${where}` : `refused ${reason}`);
const fail = (baldur, n) =>
  baldur
    .protect(NAME, () => Promise.reject(new Error(`down ${n}`)), { dlq: true, circuitBreaker: false })
    .catch(quiet);

const actions = {
  /** Ends in the turn in which the last call failed, before anything was written. */
  async exit() {
    const baldur = await start();
    await Promise.all([1, 2, 3, 4, 5].map((n) => fail(baldur, n)));
    process.exit(3);
  },
  /** Ends while the first entries are on their way and others wait. */
  async "exit-in-flight"() {
    const baldur = await start({
      decorate: withWrites(async (store, work) => {
        if (!isAddition(work)) return store.write(work);
        await store.write(work);
        setImmediate(() => process.exit(3)); // it is on the disk, and nobody knows
        return never;
      }),
    });
    void fail(baldur, 1);
    await sleep(5);
    for (const n of [2, 3, 4]) void fail(baldur, n);
    await never;
  },
  /** Is told to end while the store does not answer, and a handler does not end. */
  async term() {
    let isStuck = false;
    const baldur = await start({
      decorate: withWrites((store, work) => (isStuck ? never : store.write(work))),
    });
    baldur.onReplay(NAME, () => never);
    const queue = getDlq(baldur);
    process.once("SIGTERM", async () => {
      const { clean, abandoned, duration } = await baldur.close({ deadline: Number(process.argv[4]) });
      say("report", JSON.stringify({ clean, abandoned, late: duration > Number(process.argv[4]) + 1000 }));
      process.exit(0);
    });
    tell(await queue.store(operation(0)));
    if (process.argv[5] === "replays") void queue.replayBatch({ name: NAME });
    await sleep(50);
    isStuck = true;
    for (const n of [1, 2, 3]) void queue.store(operation(n)).then(tell);
    await sleep(20);
    say("ready");
    await never;
  },
  /** Nowhere is anything taken. */
  async stderr() {
    const baldur = await start({
      decorate: withWrites((store, work) =>
        isAddition(work) ? Promise.reject(new Error("the disk is full")) : store.write(work),
      ),
    });
    tell(await getDlq(baldur).store(operation(1)));
    await baldur.close();
  },
  /** Fills the disk, goes on, and gets its room back. */
  async disk() {
    const filler = process.argv[4];
    const baldur = await start({ haste: true });
    const queue = getDlq(baldur);
    const store = async (n) => {
      const result = await queue.store(operation(n, "x".repeat(20_000)));
      tell(result);
      return result.where;
    };
    tell(await queue.store(operation("first")));
    writeFileSync(filler, "x".repeat(1_000_000));
    let n = 0;
    while ((await store(n++)) === "store");
    for (let more = 0; more < 5; more++) await store(n++);
    say("listed", (await queue.list({ limit: 1000 })).items.length);
    rmSync(filler);
    const spill = process.env.BALDUR_DLQ_FALLBACK_PATH;
    for (let looks = 0; existsSync(spill) && readdirSync(spill).length > 0 && looks < 400; looks++)
      await sleep(50);
    say("listed", (await queue.list({ limit: 1000 })).items.length);
    await baldur.close();
  },
  /** Takes up what is there. */
  async pickup() {
    const baldur = await start();
    const queue = getDlq(baldur);
    const spill = process.env.BALDUR_DLQ_FALLBACK_PATH ?? join(folder, "state", "dlq-spill");
    while (existsSync(spill) && readdirSync(spill).length > 0) await sleep(5);
    for (const { id, status } of (await queue.list({ limit: 1000 })).items) say("has", id, status);
    await baldur.close();
  },
};

await actions[action]();
process.exit();
