// The stores of the dead-letter queue, below its public surface: bundled from their sources, for nothing exports them.
import { mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const PACKAGE = fileURLToPath(new URL("../../../../packages/pro-dlq", import.meta.url));
/** From here what the bundle imports is found, as it is for the other subjects. */
const PLACE = fileURLToPath(new URL("../../node_modules/.cache/baldur", import.meta.url));
const ENTRY = `
export { EntryIds } from "./src/entry/id.ts";
export { FleetDlqStore } from "./src/store/fleet/store.ts";
export { RedisEngine } from "./src/store/redis/engine.ts";
export { SqlEngine } from "./src/store/sql/engine.ts";
`;
const DAY = 86_400_000;
/** That of the whole queue: the stores share its tables. */
const ROOM = { total: 1_000_000, perDomain: 1_000_000, strategy: "drop_oldest" };

/** A store on a server: `sql` or `redis` is the client of Baldur's plugin. */
export async function openStore({ sql, redis }) {
  const { EntryIds, FleetDlqStore, RedisEngine, SqlEngine } = await load();
  const fail = (problem) => {
    throw new Error(`the store says: ${problem}`);
  };
  const engine =
    sql === undefined
      ? new RedisEngine({ client: redis, onDurability: () => undefined })
      : new SqlEngine({ database: sql, onUnprepared: fail });
  const store = new FleetDlqStore(engine, { onCorrupt: fail });
  const ids = new EntryIds();
  const make = (payload) => entry(ids.next(Date.now()), payload);
  return {
    /** Adds entries, so many at a time, one after the other; returns entries per second. */
    bulk: async (payloads, batch) => {
      const start = performance.now();
      const entries = payloads.map(make);
      for (let from = 0; from < entries.length; from += batch)
        await store.add(entries.slice(from, from + batch), ROOM, () => false);
      return perSecond(payloads.length, start);
    },
    claimAndSettle: (count, batch, lanes) => claimAndSettle(store, count, batch, lanes),
  };
}

/**
 * Lists, claims and settles as a replay does, so many entries at a time: those that were claimed before are settled with the
 * claims of the next ones. Returns entries per second.
 */
async function claimAndSettle(store, count, batch, lanes) {
  let after;
  let taken = 0;
  let turn = Promise.resolve();
  const page = async () => {
    if (taken >= count) return [];
    const filter = { name: "charge", status: "pending" };
    const found = await store.list(filter, { limit: batch, oldestFirst: true, after });
    after = found.at(-1)?.body.id ?? after;
    taken += found.length;
    return found;
  };
  const next = () => {
    turn = turn.then(page);
    return turn;
  };
  let done = 0;
  const lane = async (number) => {
    for (let held = [], round = 0; ; round++) {
      const claims = (await next()).map(({ body: { id } }) => claim(id, `${number}.${round}.${id}`));
      if (claims.length + held.length === 0) return;
      const changed = await store.change([...held.map(settlement), ...claims], Date.now());
      const refused = changed.find((answer) => "refused" in answer);
      if (refused !== undefined) throw new Error(`an entry was refused: ${refused.refused}`);
      done += held.length;
      held = claims;
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  const rate = perSecond(count, start);
  if (done !== count) throw new Error(`${done} entries were done of ${count}`);
  return rate;
}

const claim = (id, token) => ({
  id,
  input: { type: "claim", claim: { owner: "bench", token, at: Date.now() } },
});
const settlement = ({ id, input }) => ({
  id,
  input: { type: "succeed", token: input.claim.token, how: "manual_replay" },
});
const perSecond = (count, start) => count / ((performance.now() - start) / 1000);

function entry(id, payload) {
  const facts = { name: "charge", domain: "payments", failureType: "TIMEOUT" };
  const createdAt = Date.now();
  const body = { id, ...facts, createdAt, expiresAt: createdAt + DAY, requestData: { args: [payload] } };
  const state = { status: "pending", retryCount: 0, maxRetries: 2, updatedAt: createdAt };
  return { id, ...facts, state, body: JSON.stringify(body) };
}

async function load() {
  const fromPackage = createRequire(join(PACKAGE, "package.json"));
  const { build } = createRequire(fromPackage.resolve("tsup"))("esbuild");
  mkdirSync(PLACE, { recursive: true });
  const outfile = join(PLACE, `stores-${process.pid}.mjs`);
  await build({
    stdin: { contents: ENTRY, resolveDir: PACKAGE, loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "error",
    outfile,
  });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(outfile);
  }
}
