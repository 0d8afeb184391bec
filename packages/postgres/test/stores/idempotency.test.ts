import type { ClaimRequest, IdempotencyStore } from "@baldur/core/plugin";
import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { type Counted, errorOf, eventually, Postgres, storesOf } from "../fixture.js";

jest.setTimeout(120_000);
const TTL = 60_000;
const QUICK = { connectTimeout: 300, statementTimeout: 400 };

let postgres: Postgres;
let clock: FakeClock;
let store: IdempotencyStore;
let database: Counted;
beforeAll(async () => {
  postgres = await Postgres.start();
});
beforeEach(async () => {
  await postgres.newDatabase();
  clock = createFakeClock();
  ({ idempotency: store, database } = await storesOf(postgres, { clock }));
});
afterEach(() => postgres.closeAll());
afterAll(() => postgres[Symbol.asyncDispose]());

const by = (owner: string, ttl = TTL): ClaimRequest => ({ owner, ttl, tolerance: 5000 });
const token = (owner: string, attempt = 1) => ({ owner, attempt });

/** How many statements a piece of work takes. */
async function statements(work: () => unknown): Promise<number> {
  database.statements = [];
  await work();
  return database.statements.length;
}

const rows = async () =>
  (await database.query("select key from baldur_idempotency order by key")).rows.map(({ key }) => key);

describe("what idempotency asks of Postgres", () => {
  it("is one statement for a new key, a duplicate and a settlement, and two for a takeover", async () => {
    await store.claim("first", by("a")); // looks for its table
    expect(await statements(() => store.claim("key", by("a")))).toBe(1);
    expect(await statements(() => store.claim("key", by("b")))).toBe(1);
    expect(await statements(() => store.fail("key", token("a"), { ttl: TTL }))).toBe(1);
    expect(await statements(() => store.claim("key", by("b")))).toBe(2);
    expect(await statements(() => store.complete("key", token("b", 2), { ttl: TTL, result: "1" }))).toBe(1);
    expect(await statements(() => store.claim("key", by("c")))).toBe(1);
    expect(await statements(() => store.release("first", token("a")))).toBe(1);
  });

  it("is nothing but a look for the table before, once", async () => {
    const other = await storesOf(postgres, { clock });
    await store.claim("key", by("a"));
    await Promise.all(["a", "b", "c"].map(async (key) => other.idempotency.claim(key, by("b"))));
    expect(postgres.named("sql.migration_applied")).toMatchObject([{ id: "idempotency-1" }]);
  });
});

describe("claims of many processes", () => {
  it("of one key let one through, however they meet", async () => {
    const stores = [store];
    for (let n = 0; n < 3; n++) stores.push((await storesOf(postgres, { clock })).idempotency);
    for (let round = 0; round < 10; round++) {
      const key = `key ${round}`;
      const all = () =>
        Promise.all(
          Array.from({ length: 24 }, async (_, n) =>
            (stores[n % 4] as IdempotencyStore).claim(key, by(`${round}:${n}:${clock.now()}`)),
          ),
        );
      const first = await all();
      expect(first.filter(({ decision }) => decision === "continue")).toHaveLength(1);
      await clock.advance(TTL + 5001);
      const stale = await all();
      expect(stale.filter(({ decision }) => decision === "continue")).toMatchObject([
        { takeover: "stale", attempt: 2 },
      ]);
    }
  });

  it("are forgotten without timers when they are over, a few with every claim, and not before", async () => {
    for (let n = 0; n < 100; n++) {
      await store.claim(`old ${n}`, by("a"));
      await store.complete(`old ${n}`, token("a"), { ttl: TTL });
    }
    await store.claim("running", by("a"));
    await clock.advance(TTL + 1);
    for (let n = 0; n < 50; n++) await store.claim(`early ${n}`, by("a")); // another's clock may be behind
    expect(await rows()).toHaveLength(151);
    await clock.advance(60_000);
    for (let n = 0; n < 66; n++) await store.claim(`new ${n}`, by("a"));
    const kept = await rows();
    expect(kept.filter((key) => String(key).startsWith("old"))).toEqual([]);
    expect(kept).toContain("running"); // its window is over, and its late completion would look for it
    expect(clock.pending).toBe(0);
  });
});

describe("a key", () => {
  it("may be anything, and stays what it is where that can be read", async () => {
    const keys = [
      "order:42",
      "o'r\"d;er",
      "ключ",
      "a\u0000b",
      "x".repeat(5000),
      `sha256:${"0".repeat(64)}`,
      "\ud800",
    ];
    for (const key of keys) {
      expect(await store.claim(key, by("a"))).toMatchObject({ decision: "continue" });
      expect(await store.claim(key, by("b"))).toMatchObject({ decision: "abort" });
      expect(await store.complete(key, token("a"), { ttl: TTL, result: '"a\\u0000b"' })).toBe(true);
      expect(await store.claim(key, by("b"))).toEqual({ decision: "skip", result: '"a\\u0000b"' });
    }
    expect(await rows()).toEqual(expect.arrayContaining(["order:42", "o'r\"d;er"]));
  });

  it("whose record is no record is left alone: nobody knows whether its work was done", async () => {
    await store.claim("key", by("a"));
    await database.query("update baldur_idempotency set status = 'odd'");
    expect(await store.claim("key", by("b"))).toEqual({ decision: "abort", reason: "corrupt" });
    expect(await store.complete("key", token("a"), { ttl: TTL })).toBe(false);
    expect((await database.query("select status from baldur_idempotency")).rows).toEqual([{ status: "odd" }]);
  });
});

describe("a database that is away", () => {
  it("at the start gets its table when it is there", async () => {
    await postgres.server.kill();
    const late = await storesOf(postgres, { clock, settings: QUICK });
    expect(await errorOf(Promise.resolve(late.idempotency.claim("key", by("a"))))).toMatchObject({
      sent: false,
    });
    await postgres.server.restart();
    await eventually(() => late.database.available);
    expect(await late.idempotency.claim("key", by("a"))).toEqual({ decision: "continue", attempt: 1 });
  });

  it("while a key is claimed leaves it free soon after, though the claim was made", async () => {
    const quick = await storesOf(postgres, { settings: QUICK });
    await quick.idempotency.claim("other", by("a"));
    await postgres.server.pause();
    const lost = Promise.resolve(quick.idempotency.claim("key", by("b")));
    expect(await errorOf(lost)).toMatchObject({ sent: true }); // it waits within the server
    await postgres.server.resume();
    const free = async () =>
      (await quick.idempotency.claim("key", by(`c${performance.now()}`))).decision === "continue";
    await eventually(() => free().catch(() => false));
  });

  it("while work ends learns of it when it is back", async () => {
    const quick = await storesOf(postgres, { settings: QUICK });
    await quick.idempotency.claim("key", by("a"));
    await postgres.server.kill();
    await errorOf(Promise.resolve(quick.idempotency.complete("key", token("a"), { ttl: TTL, result: "7" })));
    await postgres.server.restart();
    await eventually(async () => {
      if (!quick.database.available) return false;
      return (await quick.idempotency.claim("key", by("b"))).decision === "skip";
    });
  });
});
