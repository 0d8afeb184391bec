import type { ClaimRequest, IdempotencyStore } from "@baldur/core/plugin";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Client } from "pg";
import { withTransaction } from "../../src/index.js";
import { Children, OPENS } from "../child.js";
import { type Counted, errorOf, Postgres, runs, storesOf } from "../fixture.js";

jest.setTimeout(600_000);
const TTL = 60_000;

let postgres: Postgres;
let store: IdempotencyStore;
let database: Counted;
let client: Client;
beforeAll(async () => {
  postgres = await Postgres.start();
});
beforeEach(async () => {
  await postgres.newDatabase();
  ({ idempotency: store, database } = await storesOf(postgres));
  client = await postgres.client();
  await client.query("create table charges (id text)");
  await store.claim("first", by("first"));
});
afterEach(() => postgres.closeAll());
afterAll(() => postgres[Symbol.asyncDispose]());

const by = (owner: string): ClaimRequest => ({ owner, ttl: TTL, tolerance: 5000 });
const token = (owner: string, attempt = 1) => ({ owner, attempt });

/** Work that is done once per key, within a transaction that may be under way. */
async function charge(id: string, owner = "a"): Promise<string> {
  const { decision } = await store.claim(id, by(owner));
  if (decision !== "continue") return decision;
  await client.query("insert into charges values ($1)", [id]);
  return `done: ${await store.complete(id, token(owner), { ttl: TTL })}`;
}

const statusOf = async (key: string) =>
  (await database.query("select status from baldur_idempotency where key = $1", [key])).rows[0]?.["status"];
const charges = async () => (await database.query("select id from charges")).count;

describe("the completion of a key within a transaction", () => {
  it("is committed with the effect, and seen by nobody before", async () => {
    await withTransaction(client, async () => {
      expect(await charge("key")).toBe("done: true");
      expect([await statusOf("key"), await charges()]).toEqual(["executing", 0]);
      expect(await store.claim("key", by("b"))).toMatchObject({ decision: "abort", reason: "executing" });
    });
    expect([await statusOf("key"), await charges()]).toEqual(["completed", 1]);
    expect(await store.claim("key", by("b"))).toEqual({ decision: "skip" });
  });

  it("costs one statement, over the connection of the transaction", async () => {
    await store.claim("key", by("a"));
    database.statements = [];
    await withTransaction(client, () => store.complete("key", token("a"), { ttl: TTL }));
    expect(database.statements).toEqual([]);
    expect(await statusOf("key")).toBe("completed");
  });

  it("is undone with the effect, and the key is free again before the caller hears of it", async () => {
    const error = new Error("no");
    const failing = withTransaction(client, async () => {
      await charge("key");
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    expect([await statusOf("key"), await charges()]).toEqual(["failed", 0]);
    expect(await store.claim("key", by("b"))).toEqual({
      decision: "continue",
      attempt: 2,
      takeover: "failed",
    });
  });

  it("that cannot be written keeps the effect from being committed", async () => {
    const lost = withTransaction(client, async () => {
      await store.claim("key", by("a"));
      await client.query("insert into charges values ('key')");
      await client.query("set local search_path = pg_catalog"); // where the table of claims is not
      await errorOf(Promise.resolve(store.complete("key", token("a"), { ttl: TTL })));
    });
    expect(await errorOf(lost)).toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
    expect([await statusOf("key"), await charges()]).toEqual(["failed", 0]);
  });

  it("of a claim that was taken over meanwhile is refused", async () => {
    await store.claim("key", by("a"));
    await store.fail("key", token("a"), { ttl: TTL });
    await store.claim("key", by("b"));
    await withTransaction(client, async () => {
      expect(await store.complete("key", token("a"), { ttl: TTL })).toBe(false);
    });
    expect(await statusOf("key")).toBe("executing");
  });

  it("of a claim that was forgotten meanwhile is written all the same, and undone with a rollback", async () => {
    const settlement = { ttl: TTL, result: "7" };
    await withTransaction(client, () => store.complete("gone", token("a"), settlement));
    expect(await store.claim("gone", by("b"))).toEqual({ decision: "skip", result: "7" });
    await errorOf(
      withTransaction(client, async () => {
        await store.complete("other", token("a"), settlement);
        throw new Error("no");
      }),
    );
    expect(await statusOf("other")).toBeUndefined();
  });

  it("follows the commit where the transaction sees the database as it was before the claim", async () => {
    await withTransaction(client, async () => {
      await client.query("set transaction isolation level repeatable read");
      await client.query("select 1 from charges");
      expect(await charge("key")).toBe("done: true");
    });
    expect([await statusOf("key"), await charges()]).toEqual(["completed", 1]);
    const undone = withTransaction(client, async () => {
      await client.query("set transaction isolation level serializable");
      await client.query("select 1 from charges");
      await charge("other");
      throw new Error("no");
    });
    await errorOf(undone);
    expect([await statusOf("other"), await charges()]).toEqual(["failed", 1]);
  });

  it("does not touch a transaction on another database", async () => {
    const own = database;
    await postgres.newDatabase();
    const elsewhere = await postgres.client();
    await withTransaction(elsewhere, async () => {
      await store.claim("key", by("a"));
      expect(await store.complete("key", token("a"), { ttl: TTL })).toBe(true);
      expect(elsewhere.getTransactionStatus()).toBe("T");
    });
    const { rows } = await own.query("select status from baldur_idempotency where key = 'key'");
    expect(rows).toEqual([{ status: "completed" }]);
  });

  it("is never there without its effect, nor that without it, when the process is killed", async () => {
    const script = `${OPENS}
      import { sqlStores } from ${JSON.stringify("@CORE@")};
      import { withTransaction } from ${JSON.stringify("@POSTGRES@")};
      import { createRequire } from "node:module";
      const { Client } = createRequire(${JSON.stringify(import.meta.url)})("pg");
      const clock = { now: Date.now, monotonic: () => performance.now(), setTimeout, clearTimeout };
      const { idempotency: store } = await sqlStores({ database, clock, telemetry: { report() {} } });
      const client = new Client(dsn);
      await client.connect();
      say("up");
      for (let n = 0; ; n++) {
        const key = args[0] + ":" + n;
        await store.claim(key, { owner: key, ttl: 3600000, tolerance: 0 });
        await withTransaction(client, async () => {
          await client.query("insert into charges values ($1)", [key]);
          await store.complete(key, { owner: key, attempt: 1 }, { ttl: 3600000 });
        });
        say(key);
      }`
      .replace("@CORE@", new URL("../../../core/dist/plugin.js", import.meta.url).pathname)
      .replace("@POSTGRES@", new URL("../../dist/index.js", import.meta.url).pathname);
    await using children = new Children();
    for (let round = 0; round < runs(4); round++) {
      const child = children.run(script, { args: [postgres.url, String(round)] });
      for (let n = 0; n < 20 + 7 * (round % 4); n++) await child.next();
      child.process.kill("SIGKILL");
      await child.ended;
      const apart = await database.query(`select from baldur_idempotency i full join charges c on c.id = i.key
        where (i.status = 'completed') is distinct from (c.id is not null)`);
      expect(apart.count).toBe(0);
      const { count } = await database.query("select from charges where id like $1", [`${round}:%`]);
      expect(count).toBeGreaterThanOrEqual(child.lines.length - 1);
    }
  });
});
