// Baldur's dead-letter queue, on the embedded engine or on a server. Loaded on first use, so that the other cases do without it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const LICENSE = fileURLToPath(new URL("../../../license/development.license", import.meta.url));
const REPLAY = { rate: 1e6, rampUp: 0, concurrency: 256 };
/** A window of 100 never holds the 1,000 failures that it must hold to open. */
const NEVER_OPENS = { slidingWindowSize: 100, failureThreshold: 1000 };
/** More than any case stores. */
const ROOM = { BALDUR_DLQ_MAX_SIZE: "1000000", BALDUR_DLQ_MAX_SIZE_PER_DOMAIN: "1000000" };
const silent = () => undefined;
const SILENT = { debug: silent, info: silent, warn: silent, error: silent };

/** A queue of its own in a folder of its own; with `plugin`, on the server that it provides. */
export async function open({ plugin, end = async () => undefined } = {}) {
  const { core, embedded, dlq, getDlq } = await load();
  const folder = mkdtempSync(join(tmpdir(), "baldur-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove); // also if it does not come to `close`
  let context;
  const probe = {
    name: "probe",
    register(given) {
      context = given;
    },
  };
  const baldur = core.createBaldur({
    discover: false,
    logger: SILENT,
    env: { ...ROOM, BALDUR_DATA_DIR: folder, BALDUR_LICENSE_FILE: LICENSE },
    plugins: [plugin ?? embedded(), probe, dlq({ automatic: false, replay: REPLAY })],
  });
  await baldur.start();
  const queue = getDlq(baldur);
  const store = (payload, { name = "charge", failureType = "TIMEOUT", domain = "payments" } = {}) =>
    queue.store({ name, failureType, domain, requestData: { args: [payload] } });
  return {
    store,
    drain: drainer(baldur, queue),
    clean: async () => undefined, // finished entries stay, as in production
    /** A function that fails, protected; `dlq` tells whether its failures are kept. */
    failing: (name, fn, dlq) => baldur.protected(name, fn, { circuitBreaker: NEVER_OPENS, dlq }),
    /** Resolves when what failed so far is on disk: the entries are written in order. */
    settled: () => store({}, { name: "barrier" }),
    firstPage: () => queue.list({ limit: 100 }),
    facets: () => queue.facets(),
    /** The server that the queue is on. */
    servers: () => ({ sql: context.sql(), redis: context.redis() }),
    async close() {
      await baldur.close();
      await end();
      process.off("exit", remove);
      remove();
    },
  };
}

/** Runs `count` entries of a name and returns entries per second; throws if fewer are there. */
function drainer(baldur, queue) {
  const ran = new Map();
  return async (count, name = "charge") => {
    if (!ran.has(name)) baldur.onReplay(name, () => void ran.set(name, ran.get(name) + 1));
    ran.set(name, 0);
    const start = performance.now();
    for (let before = -1; ran.get(name) < count && ran.get(name) > before; ) {
      before = ran.get(name);
      await queue.sweep(name, { maxItems: count - before });
    }
    const rate = count / ((performance.now() - start) / 1000);
    if (ran.get(name) !== count) throw new Error(`ran ${ran.get(name)} entries of ${count}`);
    return rate;
  };
}

async function load() {
  const modules = await Promise.all([
    import("@baldur/core"),
    import("@baldur/embedded"),
    import("@baldur/pro-dlq"),
  ]).catch((error) => {
    throw new Error(`no dead-letter queue to measure, is it built? ${error.message}`);
  });
  const [core, { embedded }, { dlq, getDlq }] = modules;
  for (const [name, value] of Object.entries({ embedded, dlq, getDlq }))
    if (typeof value !== "function") throw new Error(`no dead-letter queue to measure: no function ${name}`);
  return { core, embedded, dlq, getDlq };
}
