import { AdapterError, ConfigurationError } from "@baldur/core";
import type { SqlOutcome } from "@baldur/core/plugin";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { type Client, Pool } from "pg";
import { withTransaction } from "../src/index.js";
import { endPool, errorOf, eventually, Postgres } from "./fixture.js";

jest.setTimeout(60_000);

let postgres: Postgres;
let client: Client;
let pools: Pool[];
beforeAll(async () => {
  postgres = await Postgres.start();
});
beforeEach(async () => {
  await postgres.newDatabase();
  client = await postgres.client();
  pools = [];
  await client.query("create table t (n int unique deferrable initially deferred)");
});
afterEach(async () => {
  for (const pool of pools) await endPool(pool);
  await postgres.closeAll();
});
afterAll(() => postgres[Symbol.asyncDispose]());

function newPool(max = 2): Pool {
  const pool = new Pool({ connectionString: postgres.url, max });
  pool.on("error", () => undefined); // some tests end its connections
  pools.push(pool);
  return pool;
}

async function kept(): Promise<unknown[]> {
  const other = await postgres.client();
  return (await other.query("select n from t order by n")).rows.map(({ n }) => n);
}

const put = (n: number, to: Client = client) => to.query("insert into t values ($1)", [n]);

describe("withTransaction", () => {
  it("commits what its function did, and answers what that answered", async () => {
    const answer = await withTransaction(client, async (given) => {
      expect(given).toBe(client);
      await put(1);
      expect(await kept()).toEqual([]);
      return "done";
    });
    expect([answer, await kept()]).toEqual(["done", [1]]);
  });

  it("rolls back when its function rejects or throws, with that error as it is", async () => {
    const error = new TypeError("no");
    const rejecting = withTransaction(client, async () => {
      await put(1);
      throw error;
    });
    await expect(rejecting).rejects.toBe(error);
    const throwing = (): never => {
      throw error;
    };
    await expect(withTransaction(client, throwing)).rejects.toBe(error);
    expect(await kept()).toEqual([]);
  });

  it("joins the transaction of the same client: only the outermost commits", async () => {
    await withTransaction(client, async () => {
      await withTransaction(client, () => withTransaction(client, () => put(1)));
      expect(await kept()).toEqual([]);
      await put(2);
    });
    expect(await kept()).toEqual([1, 2]);
    const error = new Error("no");
    const failing = withTransaction(client, async () => {
      await put(3);
      await withTransaction(client, () => put(4));
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    expect(await kept()).toEqual([1, 2]);
  });

  it("leaves other clients alone, nested or side by side", async () => {
    const other = await postgres.client();
    const error = new Error("no");
    const outer = withTransaction(client, async () => {
      await put(1);
      await withTransaction(other, () => put(2, other));
      throw error;
    });
    await expect(outer).rejects.toBe(error);
    expect(await kept()).toEqual([2]);
  });

  it("takes a client of a pool, gives it back, and joins by the pool", async () => {
    const pool = newPool(1);
    await withTransaction(pool, async (lent) => {
      await lent.query("insert into t values (1)");
      await withTransaction(pool, (same) => {
        expect(same).toBe(lent);
        return same.query("insert into t values (2)");
      });
    });
    expect([await kept(), pool.idleCount]).toEqual([[1, 2], 1]);
    await errorOf(withTransaction(pool, () => Promise.reject(new Error("no"))));
    expect(pool.idleCount).toBe(1);
    expect((await pool.query("select 1")).rowCount).toBe(1);
  });

  it("tells when it came to nothing because a failed statement in it was passed over", async () => {
    const passedOver = withTransaction(client, async () => {
      await put(1);
      await client.query("select * from absent").catch(() => undefined);
    });
    expect(await errorOf(passedOver)).toBeInstanceOf(AdapterError);
    expect(await kept()).toEqual([]);
  });

  it("rejects with the error of a commit that is refused", async () => {
    await put(1);
    const refused = withTransaction(client, () => put(1)); // the constraint is looked at with the commit
    expect(await errorOf(refused)).toMatchObject({ code: "23505" });
  });

  it("keeps the error of its function where the rollback fails, reports that, and drops the client", async () => {
    await postgres.open();
    const pool = newPool();
    const error = new Error("no");
    const failing = withTransaction(pool, async (lent) => {
      const { rows } = await lent.query("select pg_backend_pid() pid");
      await client.query("select pg_terminate_backend($1)", [rows[0].pid]);
      await errorOf(lent.query("select 1"));
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    expect(postgres.named("sql.rollback_failed")).toHaveLength(1);
    expect(pool.totalCount).toBe(0);
    expect((await pool.query("select 1")).rowCount).toBe(1);
  });

  it("keeps the process when its client breaks while its function does something else", async () => {
    const pool = newPool();
    const failing = withTransaction(pool, async (lent) => {
      const { rows } = await lent.query("select pg_backend_pid() pid");
      await client.query("select pg_terminate_backend($1)", [rows[0].pid]);
      await eventually(
        async () =>
          (await client.query("select from pg_stat_activity where pid = $1", [rows[0].pid])).rowCount === 0,
      );
      await new Promise((resolve) => setImmediate(resolve));
    });
    expect(await errorOf(failing)).toBeInstanceOf(Error);
    expect(pool.totalCount).toBe(0);
  });

  it("refuses a client that is amid a transaction of somebody else", async () => {
    let end: (() => void) | undefined;
    const first = withTransaction(client, () => new Promise<void>((resolve) => (end = resolve)));
    const error = await errorOf(withTransaction(client, () => 1));
    expect(error).toBeInstanceOf(ConfigurationError);
    (await eventually(() => end))();
    await first;
    expect(await withTransaction(client, () => 1)).toBe(1);
  });

  it("joins one that the host began itself, and leaves it to the host to end", async () => {
    await client.query("begin");
    await withTransaction(client, () => put(1));
    await errorOf(withTransaction(client, () => Promise.reject(new Error("no"))));
    expect(client.getTransactionStatus()).toBe("T");
    expect(await kept()).toEqual([]);
    await client.query("commit");
    expect(await kept()).toEqual([1]);
  });
});

describe("a client that says it is amid a transaction", () => {
  it("is asked again: after an error it says so until the server has said more", async () => {
    const [status, query] = [client.getTransactionStatus.bind(client), client.query.bind(client)];
    let isOld = true;
    client.getTransactionStatus = () => (isOld ? "T" : status());
    client.query = (async (text: string, values?: unknown[]) => {
      const answer = await query(text, values);
      isOld = false;
      return answer;
    }) as unknown as typeof query;
    await withTransaction(client, async () => {
      await put(1);
      expect(await kept()).toEqual([]);
    });
    expect([client.getTransactionStatus(), await kept()]).toEqual(["I", [1]]);
  });
});

describe("the transaction that code is in", () => {
  it("is known to a database of the same place, to all that is awaited, and no longer than it lasts", async () => {
    const database = await postgres.open();
    expect(database.ambient).toBeUndefined();
    let late: Promise<unknown> | undefined;
    await withTransaction(client, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      expect(await database.ambient?.query("insert into t values (1)")).toEqual({ rows: [], count: 1 });
      const { ambient } = database;
      late = eventually(() => database.ambient === undefined).then(() =>
        errorOf(ambient?.query("select 1") ?? Promise.resolve()),
      );
    });
    expect(await late).toBeInstanceOf(AdapterError);
    expect([await kept(), database.ambient]).toEqual([[1], undefined]);
  });

  it("is the innermost on that database", async () => {
    const database = await postgres.open();
    const here = await postgres.client();
    const pidOf = async (of: Pick<Client, "query">) =>
      (await of.query("select pg_backend_pid() pid")).rows[0]?.pid;
    await postgres.newDatabase();
    const elsewhere = await postgres.client();
    await withTransaction(client, async () => {
      const inner = await withTransaction(here, async () =>
        database.ambient?.query("select pg_backend_pid() pid"),
      );
      expect(inner?.rows).toEqual([{ pid: await pidOf(here) }]);
      const outer = await withTransaction(elsewhere, async () =>
        database.ambient?.query("select pg_backend_pid() pid"),
      );
      expect(outer?.rows).toEqual([{ pid: await pidOf(client) }]);
    });
    await withTransaction(elsewhere, async () =>
      expect([database.ambient, database.ambient]).toEqual([undefined, undefined]),
    );
    expect(postgres.named("sql.transaction_elsewhere")).toHaveLength(1);
  });

  it("tells those who asked for it how it ended, once, before its caller hears of it", async () => {
    const database = await postgres.open();
    const told: unknown[] = [];
    const ask = () =>
      database.ambient?.onEnd(async (outcome) => {
        await new Promise((resolve) => setImmediate(resolve));
        told.push(outcome);
      });
    await withTransaction(client, ask);
    await errorOf(withTransaction(client, () => Promise.reject(ask())));
    await put(1);
    await errorOf(withTransaction(client, () => (ask(), put(1)))); // the commit is refused
    await errorOf(
      withTransaction(client, async () => (ask(), client.query("nonsense").catch(() => undefined))),
    );
    const outcomes: SqlOutcome[] = ["committed", "rolled-back", "rolled-back", "rolled-back"];
    expect(told).toEqual(outcomes);
    await client.query("begin");
    await withTransaction(client, ask);
    await client.query("rollback");
    expect(told.at(-1)).toBe("unknown");
  });

  it("ends in nobody knows what when the connection is lost with the commit", async () => {
    const database = await postgres.open();
    const told: SqlOutcome[] = [];
    await client.query(
      "create function die() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$",
    );
    await client.query(
      "create constraint trigger dies after insert on t deferrable initially deferred for each row execute function die()",
    );
    const lost = withTransaction(client, async () => {
      database.ambient?.onEnd((outcome) => void told.push(outcome));
      await put(1);
    });
    await errorOf(lost);
    expect(told).toEqual(["unknown"]);
  });

  it("reports a listener that throws, and tells the others", async () => {
    const database = await postgres.open();
    const told: SqlOutcome[] = [];
    await withTransaction(client, () => {
      database.ambient?.onEnd(() => Promise.reject(new Error("boom")));
      database.ambient?.onEnd((outcome) => void told.push(outcome));
    });
    expect(told).toEqual(["committed"]);
    expect(postgres.named("sql.listener_failed")).toMatchObject([{ listener: "transaction", error: "boom" }]);
  });
});
