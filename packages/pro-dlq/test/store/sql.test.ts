import { createHash } from "node:crypto";
import type { SqlConnection, SqlDatabase } from "@baldur/core/plugin";
import { type PostgresServer, startPostgres } from "@baldur/services";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { encodeState } from "../../src/entry/record.js";
import type { EntryRow, Move, StateRow } from "../../src/store/fleet/engine.js";
import { FleetDlqStore } from "../../src/store/fleet/store.js";
import { SqlEngine } from "../../src/store/sql/engine.js";
import { MIGRATIONS } from "../../src/store/sql/schema.js";
import type { Capacity, NewEntry } from "../../src/store/store.js";
import { Entries, idsOf, NOW, ROOMY } from "./entries.js";
import { openPostgres } from "./servers.js";

let server: PostgresServer;
let database: SqlDatabase;
const entries = new Entries();

beforeAll(async () => {
  // No statistics are made behind a test's back.
  server = await startPostgres({ settings: { fsync: "off", autovacuum: "off" } });
  database = await openPostgres(server.url);
  await engine().prepare();
});
afterAll(async () => {
  await database.close();
  await server.stop();
});
beforeEach(async () => {
  const tables = ["", "_state", "_group", "_count", "_room", "_compressed", "_quarantine"];
  await database.query(`truncate ${tables.map((suffix) => `baldur_dlq${suffix}`).join(", ")}`);
});

interface Asked {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Asks over a connection, and writes down what. */
function engine(connection: SqlConnection = database, asked: Asked[] = []): SqlEngine {
  const query: SqlConnection["query"] = (text, values = []) => {
    asked.push({ text, values });
    return connection.query(text, values);
  };
  const watched = { query, migrate: (steps) => database.migrate(steps) } as SqlDatabase;
  return new SqlEngine({ database: watched, onUnprepared: () => undefined });
}

function storeOn(own: SqlEngine, onCorrupt: (id: string) => void = () => undefined): FleetDlqStore {
  return new FleetDlqStore(own, { onCorrupt });
}

const add = (store: FleetDlqStore, made: readonly NewEntry[], capacity: Capacity = ROOMY) =>
  store.add(made, capacity, () => false);
const isReadOfOldest = ({ text }: Asked) => text.includes("baldur_dlq_oldest");

describe("an addition in Postgres", () => {
  const capOf = (total: number): Capacity => ({ total, perDomain: total, strategy: "drop_oldest" });

  it.each([
    ["smaller", 1000, 2000],
    ["larger", 2000, 1000],
  ])("asks once, also where another process has a %s cap", async (_, first, second) => {
    const asked: Asked[] = [];
    const [one, other] = [storeOn(engine(database, asked)), storeOn(engine(database, asked))];
    for (const [store, cap] of [
      [one, first],
      [other, second],
      [one, first],
    ] as const)
      await add(store, entries.many(1), capOf(cap));
    asked.length = 0;
    for (let n = 0; n < 20; n++) {
      await add(one, entries.many(1), capOf(first));
      await add(other, entries.many(1), capOf(second));
    }
    expect(asked).toHaveLength(40);
  });

  it("looks for entries to evict only when there are too many, and for no more than that", async () => {
    const asked: Asked[] = [];
    const store = storeOn(engine(database, asked));
    const capacity = capOf(500);
    for (let n = 0; n < 50; n++) await add(store, entries.many(10), capacity);
    expect(asked.filter(isReadOfOldest)).toEqual([]);
    asked.length = 0;
    const { evicted, overfull } = await add(store, entries.many(7), capacity);
    expect([[...evicted], overfull]).toEqual([[["shop", 7]], false]);
    expect(asked.filter(isReadOfOldest).map(({ values }) => values[1])).toEqual([8]);
    expect(asked).toHaveLength(4); // add, count, read, evict
    expect(await store.list({}, { limit: 1000 })).toHaveLength(500);
  });

  it("notices a cap that is smaller than before, and makes room for it", async () => {
    await add(storeOn(engine()), entries.many(30), capOf(100));
    const { evicted } = await add(storeOn(engine()), entries.many(1), capOf(20));
    expect([...evicted]).toEqual([["shop", 11]]);
  });

  it("keeps the newest of more entries than are added at a time", async () => {
    const store = storeOn(engine());
    const made = entries.many(1300);
    const { outcomes, evicted } = await add(store, made, capOf(3));
    expect(new Set(outcomes)).toEqual(new Set(["added"]));
    expect([...evicted]).toEqual([["shop", 1297]]);
    expect(idsOf(await store.list({}, { limit: 9, oldestFirst: true }))).toEqual(
      made.slice(-3).map(({ id }) => id),
    );
  });
});

describe("what is asked of Postgres", () => {
  /** Rows of the queue's tables that were read one after the other over this connection, and not yet told to the others. */
  async function readAsAWhole(connection: SqlConnection): Promise<number> {
    const { rows } = await connection.query(
      "select sum(seq_tup_read)::integer as read from pg_stat_xact_user_tables where relname in ('baldur_dlq', 'baldur_dlq_state')",
    );
    return rows[0]?.["read"] as number;
  }

  it("reads no table as a whole, before there are any statistics", async () => {
    const made = entries.many(6000); // a table that is small may well be read as a whole
    const ids = made.map(({ id }) => id);
    await database.transaction(async (connection) => {
      const own = engine(connection);
      const store = storeOn(own);
      const before = await readAsAWhole(connection);
      await add(store, made);
      expect(
        await store.list({ name: "orders", status: "pending" }, { limit: 300, oldestFirst: true }),
      ).toHaveLength(300);
      expect(await store.list({ status: "pending" }, { limit: 300 })).toHaveLength(300);
      expect(await store.list({}, { limit: 300 })).toHaveLength(300);
      const resolved = await store.change(
        ids.slice(0, 400).map((id) => ({ id, input: { type: "resolve", actor: "a" } as const })),
        NOW,
      );
      expect(resolved.filter((answer) => "refused" in answer)).toEqual([]);
      expect((await own.known(ids)).size).toBe(6000);
      expect(await own.entries(ids.slice(0, 300))).toHaveLength(300);
      expect(await store.remove(ids.slice(0, 300), "resolved")).toBe(300);
      const oldest = await own.oldest({ number: 0 }, 300);
      expect(await own.evict({ number: 0, cap: 1 }, oldest, [])).toMatchObject({ isDone: true });
      expect(await readAsAWhole(connection)).toBe(before);
    });
  });
});

describe("a state in Postgres", () => {
  /** Moves an entry on from what was read. */
  const moveOf = ({ id, mark, status }: StateRow, token: string): Move => {
    const state = { status: "replaying", retryCount: 1, maxRetries: 2, updatedAt: NOW } as const;
    const text = encodeState({ ...state, claim: { owner: "o", token, at: NOW } });
    return { id, mark, from: status as "pending", to: "replaying", text };
  };
  const wonBy = (marks: ReadonlyMap<string, string>) => [...marks.keys()];

  async function stored(count: number): Promise<EntryRow[]> {
    const made = entries.many(count);
    await add(storeOn(engine()), made);
    return [...(await engine().entries(made.map(({ id }) => id)))];
  }

  /** Resolves when so many statements wait for a lock. */
  async function waiting(count: number): Promise<void> {
    for (const end = performance.now() + 10_000; performance.now() < end; ) {
      const { rows } = await database.query(
        "select count(*)::integer as n from pg_stat_activity where wait_event_type = 'Lock'",
      );
      if (rows[0]?.["n"] === count) return;
    }
    throw new Error("nothing waits");
  }

  it("that another moves at the moment counts as moved, unless it is waited for", async () => {
    const [held, free] = (await stored(2)) as [EntryRow, EntryRow];
    await database.transaction(async (connection) => {
      expect(wonBy(await engine(connection).swap([moveOf(held, "a")], false))).toEqual([held.id]);
      const others = await engine().swap([moveOf(held, "b"), moveOf(free, "b")], false);
      expect(wonBy(others)).toEqual([free.id]);
    });
  });

  it("that was waited for is not moved where the other moved it, and be it there and back", async () => {
    const [held, free, back] = (await stored(3)) as [EntryRow, EntryRow, EntryRow];
    let patient: Promise<ReadonlyMap<string, string>> | undefined;
    await database.transaction(async (connection) => {
      const other = engine(connection);
      const marks = await other.swap([moveOf(held, "a"), moveOf(back, "a")], false);
      const claimed = { ...moveOf(back, "a"), mark: marks.get(back.id) as string };
      await other.swap([{ ...claimed, from: "replaying", to: "pending" }], false);
      patient = engine().swap([moveOf(held, "b"), moveOf(free, "b"), moveOf(back, "b")], true);
      await waiting(1);
    });
    expect(wonBy((await patient) as ReadonlyMap<string, string>)).toEqual([free.id]);
    const left = await engine().states([held.id, back.id]);
    expect(left.map(({ id, status }) => [id, status])).toEqual([
      [held.id, "replaying"],
      [back.id, "pending"],
    ]);
    for (const { text } of left) expect(text).toContain('"token":"a"');
  });

  it("that was waited for is moved where the other did not after all", async () => {
    const [held] = (await stored(1)) as [EntryRow];
    let patient: Promise<ReadonlyMap<string, string>> | undefined;
    const given = database.transaction(async (connection) => {
      await engine(connection).swap([moveOf(held, "a")], false);
      patient = engine().swap([moveOf(held, "b")], true);
      await waiting(1);
      throw new Error("given up");
    });
    await expect(given).rejects.toThrow("given up");
    const marks = (await patient) as ReadonlyMap<string, string>;
    const [left] = await engine().states([held.id]);
    expect(left).toMatchObject({ status: "replaying", mark: marks.get(held.id) });
    expect(left?.text).toContain('"token":"b"');
  });

  it("is locked in the same order by everybody: many that are moved at once do not wait in a circle", async () => {
    const rows = await stored(1000);
    const won = new Map<string, number>();
    const swaps = Array.from({ length: 8 }, async (_, n) => {
      const mine = n % 2 === 0 ? rows : rows.toReversed();
      const marks = await engine().swap(
        mine.map((row) => moveOf(row, `${n}`)),
        true,
      );
      for (const id of marks.keys()) won.set(id, (won.get(id) ?? 0) + 1);
    });
    await Promise.all(swaps);
    expect([...won.values()]).toEqual(rows.map(() => 1));
  });

  it("that says none that there is, is put aside, and takes nothing with it", async () => {
    const corrupt: string[] = [];
    const store = storeOn(engine(), (id) => corrupt.push(id));
    const [bad, ...good] = await stored(3);
    await database.query("update baldur_dlq_state set status = 99 where id = $1", [bad?.id]);
    expect(await engine().entries([bad?.id as string])).toMatchObject([{ status: undefined, text: "" }]);
    // Not even in place of one that can be read.
    const unread = { ...(good[0] as EntryRow), status: undefined };
    expect(await engine().remove([unread])).toBe(0);
    expect(await engine().evict({ number: 0, cap: 1 }, [unread], [])).toMatchObject({ isDone: false });
    expect(idsOf(await store.list({}, { limit: 9, oldestFirst: true }))).toEqual(good.map(({ id }) => id));
    expect(corrupt).toEqual([bad?.id]);
    expect(await store.get(bad?.id as string)).toBeUndefined();
  });
});

describe("the steps of the schema", () => {
  it("are never given another text: a change needs a step of its own", () => {
    const checksums = MIGRATIONS.map(({ id, sql }) => [
      id,
      createHash("sha256").update(sql).digest("hex").slice(0, 16),
    ]);
    expect(checksums).toEqual([
      ["dlq-1", "f521d6ad957170f1"],
      ["dlq-2", "4f96700434763c47"],
    ]);
  });
});
