import type { SqlDatabase } from "@baldur/core/plugin";
import { type PostgresServer, startPostgres } from "@baldur/services";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { FleetDlqStore } from "../../src/store/fleet/store.js";
import { SqlEngine } from "../../src/store/sql/engine.js";
import { dlqStoreContract } from "./contract.js";
import { Entries, idsOf, ROOMY } from "./entries.js";
import { openPostgres } from "./servers.js";

let server: PostgresServer;
const databases: SqlDatabase[] = [];

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
});
afterAll(async () => {
  await Promise.all(databases.map((database) => database.close()));
  await server.stop();
});

const TABLES = ["", "_state", "_group", "_count", "_room", "_owner", "_lease", "_compressed", "_quarantine"]
  .map((suffix) => `baldur_dlq${suffix}`)
  .join(", ");

async function twoDatabases(): Promise<[SqlDatabase, SqlDatabase]> {
  while (databases.length < 2) databases.push(await openPostgres(server.url));
  return databases as [SqlDatabase, SqlDatabase];
}

dlqStoreContract({
  name: "the store in Postgres",
  runs: 10,
  damages: [
    ["text", "damage"],
    ["nothing", ""],
    ["another shape", '{"b":2}'],
  ],
  create: async (onCorrupt) => {
    const [first, second] = await twoDatabases();
    const make = (database: SqlDatabase) =>
      new FleetDlqStore(new SqlEngine({ database, onUnprepared: () => undefined }), { onCorrupt });
    const [store, other] = [make(first), make(second)];
    await Promise.all([store.prepare(), other.prepare()]);
    await first.query(`truncate ${TABLES}`);
    return {
      store,
      other,
      damage: async (id, damaged) => {
        const [row] = (await first.query("select body from baldur_dlq where id = $1", [id])).rows;
        const values = [id, damaged(row?.["body"] as string)];
        await first.query("update baldur_dlq set body = $2 where id = $1", values);
      },
      quarantined: async (id) => {
        const [row] = (await first.query("select body from baldur_dlq_quarantine where id = $1", [id])).rows;
        return row?.["body"] as string | undefined;
      },
      idle: async () => undefined,
      end: async () => {
        databases.shift();
        await first.close();
      },
      close: async () => undefined,
    };
  },
});

describe("the store in Postgres", () => {
  const open = async (): Promise<[FleetDlqStore, SqlDatabase]> => {
    const [database] = await twoDatabases();
    const engine = new SqlEngine({ database, onUnprepared: () => undefined });
    return [new FleetDlqStore(engine, { onCorrupt: () => undefined }), database];
  };

  it.each([
    ["its tables", `drop view baldur_dlq_entries; drop table ${TABLES}, baldur_schema_version`],
    ["everything", "drop schema public cascade; create schema public"],
  ])("makes %s again where that is gone, with the next thing that is asked", async (_, dropped) => {
    const [store, database] = await open();
    const entries = new Entries();
    await store.add([entries.make()], ROOMY);
    await database.query(dropped);
    await expect(store.add([entries.make()], ROOMY)).rejects.toThrow("does not exist");
    const last = entries.make();
    await store.add([last], ROOMY);
    expect(idsOf(await store.list({}, { limit: 9 }))).toEqual([last.id]);
  });

  it("has a view for people, with words for states", async () => {
    const [store, database] = await open();
    await database.query(`truncate ${TABLES}`);
    const entry = new Entries().make({ name: "payments", domain: "shop" }, { status: "requires_review" });
    await store.add([entry], ROOMY);
    const { rows } = await database.query(
      "select * from baldur_dlq_entries where status = 'requires_review'",
    );
    expect(rows).toMatchObject([{ id: entry.id, name: "payments", domain: "shop", body: entry.body }]);
  });
});
