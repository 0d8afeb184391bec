// Ends this process with SIGKILL at the n-th crossing of a point. The points lie between every two awaits of a capture, a
// claim, a handler and a settlement, and of what keeps those going; nothing in the packages knows of them.
//
//   write               the queue decided on a write; the store was not asked yet
//   work:<what>         the write was done in the transaction, which did not end: nothing of it may remain
//   commit:<what>       the transaction is on the disk, and the queue does not know
//   told:<what>         the queue knows, and everything that this set off was done up to its next wait
//   handler:begin       the claim is known to its owner, the handler has had no effect
//   handler:effect      the handler has had its effect, and did not return
//   handler:returned    the handler returned, the settlement was decided on
//   capture:made        the entry was made and handed over
//   capture:known       the acknowledgement reached the caller
//
//   server:ask          a server is about to be asked for something
//   server:asked        it was asked, and its answer is not there yet
//   server:answered     its answer is there, and the queue does not know
//
// <what> is one of: add (capture, or taking up what was spilled), claim, settle, release (taking back from an owner that is
// gone), owner and owner-end (the record that says who is at work), lease and lease-end (of a sweep).
import { writeSync } from "node:fs";
import { embedded } from "@baldur/embedded";

/** Synchronous: what was said before a kill was said. */
export function say(...words) {
  writeSync(1, `${words.join(" ")}\n`);
}

export class Failpoints {
  #left;

  /** `point` undefined: it never ends the process. */
  constructor({ point, crossing = 1 } = {}) {
    this.point = point;
    this.#left = crossing;
  }

  cross(point) {
    if (point !== this.point || --this.#left > 0) return;
    say("dies", point);
    process.kill(process.pid, "SIGKILL");
    for (;;); // the signal may take a moment
  }
}

/** The embedded store with failpoints around every write. `refused` first additions fail, as on a full disk. */
export function failingStore(failpoints, { refused = 0 } = {}) {
  let left = refused;
  const plugin = embedded();
  const isRefused = (about) => about.has("add") && left-- > 0;
  const decorated = (store) => ({
    location: store.location,
    durable: store.durable,
    read: (work) => store.read(work),
    close: () => store.close(),
    async write(work) {
      failpoints.cross("write");
      const cross = (where, about) => {
        for (const what of about) failpoints.cross(`${where}:${what}`);
      };
      let about;
      const value = await store.write((writer) => {
        const watched = new WatchedWriter(writer);
        const result = work(watched);
        about = watched.about;
        if (isRefused(about)) throw new Error("no space is left, says the test");
        cross("work", about);
        return result;
      });
      cross("commit", about);
      setImmediate(() => cross("told", about));
      return value;
    },
  });
  return {
    ...plugin,
    register(context) {
      const provider = (kind, open) => context.provider(kind, async () => decorated(await open()));
      plugin.register({ ...context, provider });
    },
  };
}

const [REPLAYING, RESOLVED] = ["1", "5"];

const PACKAGES = { sql: "postgres", redis: "redis" };

/** A server with failpoints around everything that the queue asks of it. */
export async function failingServer(failpoints, { kind, options }) {
  const { [PACKAGES[kind]]: create } = await import(`@baldur/${PACKAGES[kind]}`);
  const plugin = create(options);
  const asking = async (about, ask) => {
    if (!about.includes("dlq")) return ask();
    failpoints.cross("server:ask");
    const answer = ask();
    setImmediate(() => failpoints.cross("server:asked"));
    await answer;
    failpoints.cross("server:answered");
    return answer;
  };
  const watched = (server) => {
    const { query, run } = server;
    if (kind === "sql") server.query = (text, values) => asking(text, () => query.call(server, text, values));
    else server.run = (script, ...rest) => asking(script.name, () => run.call(server, script, ...rest));
    return server;
  };
  return {
    ...plugin,
    register(context) {
      const provider = (of, open) => context.provider(of, async () => watched(await open()));
      plugin.register({ ...context, provider });
    },
  };
}

/** Knows by the records what a write is about; several things may share one. */
class WatchedWriter {
  about = new Set();
  /** States that were taken from their place, by id. */
  moved = new Map();

  constructor(writer) {
    this.writer = writer;
  }

  get(key) {
    return this.writer.get(key);
  }

  range(range) {
    return this.writer.range(range);
  }

  keys(range) {
    return this.writer.keys(range);
  }

  put(key, value) {
    if (key.startsWith("dlq/entry/")) this.about.add("add");
    if (this.moved.has(idOf(key))) this.about.add(change(this.moved.get(idOf(key)), stateOf(key, value)));
    if (key.startsWith("dlq/owner/")) this.about.add("owner");
    if (key.startsWith("dlq/lease/")) this.about.add("lease");
    this.writer.put(key, value);
  }

  delete(key) {
    if (key.startsWith("dlq/state/")) this.moved.set(idOf(key), stateOf(key, this.writer.get(key)));
    if (key.startsWith("dlq/owner/")) this.about.add("owner-end");
    if (key.startsWith("dlq/lease/")) this.about.add("lease-end");
    this.writer.delete(key);
  }
}

function idOf(key) {
  return key.slice(key.lastIndexOf("/") + 1);
}

/** The key says the status. */
function stateOf(key, text) {
  return { status: key.split("/")[2], ...JSON.parse(text) };
}

function change(was, is) {
  if (is.status === REPLAYING) return "claim";
  if (was.status !== REPLAYING) return "other";
  // A handler that fails says which try it was, so that a failure always changes the error.
  return is.status === RESOLVED || is.lastError !== was.lastError ? "settle" : "release";
}
