import { AdapterError, ConfigurationError } from "@baldur/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { errorOf, Postgres } from "./fixture.js";

jest.setTimeout(60_000);

let postgres: Postgres;
beforeAll(async () => {
  postgres = await Postgres.start();
});
beforeEach(() => postgres.newDatabase());
afterEach(() => postgres.closeAll());
afterAll(() => postgres[Symbol.asyncDispose]());

describe("a database", () => {
  it("answers rows and how many, with values of its own reading", async () => {
    const database = await postgres.open();
    const { rows, count } = await database.query(
      "select 1::int2 a, 2::int4 b, 3::int8 c, 1.5::float8 d, true e, null f, 1.10::numeric g, $1::text h, '{\"x\":1}'::json i, '2026-01-01Z'::timestamptz at time zone 'UTC' j",
      ["it"],
    );
    expect(rows).toEqual([
      {
        a: 1,
        b: 2,
        c: 3,
        d: 1.5,
        e: true,
        f: null,
        g: "1.10",
        h: "it",
        i: '{"x":1}',
        j: "2026-01-01 00:00:00",
      },
    ]);
    expect(count).toBe(1);
    await database.query("create table t (n int)");
    expect(await database.query("insert into t select generate_series(1, 7)")).toEqual({
      rows: [],
      count: 7,
    });
  });

  it("rejects with AdapterError what Postgres refuses, keeps its code, and goes on", async () => {
    const database = await postgres.open({ settings: { poolSize: 1 } });
    const before = (await database.query("select pg_backend_pid() pid")).rows;
    const error = await errorOf(database.query("select * from absent"));
    expect(error).toBeInstanceOf(AdapterError);
    expect(error).toMatchObject({ code: "ERR_BALDUR_POSTGRES_STATEMENT", reason: "42P01", retryable: false });
    expect(database.available).toBe(true);
    expect((await database.query("select pg_backend_pid() pid")).rows).toEqual(before);
  });

  it("commits a transaction, and rolls one back whose work rejects, with the error of that", async () => {
    const database = await postgres.open();
    await database.query("create table t (n int)");
    const answer = await database.transaction(async (connection) => {
      await connection.query("insert into t values (1)");
      return "done";
    });
    expect(answer).toBe("done");
    const failure = new TypeError("no");
    const failing = database.transaction(async (connection) => {
      await connection.query("insert into t values (2)");
      throw failure;
    });
    await expect(failing).rejects.toBe(failure);
    expect((await database.query("select n from t")).rows).toEqual([{ n: 1 }]);
  });

  it("tells when a transaction came to nothing because a failed statement in it was passed over", async () => {
    const database = await postgres.open();
    const passedOver = database.transaction(async (connection) => {
      await connection.query("select * from absent").catch(() => undefined);
    });
    expect(await errorOf(passedOver)).toMatchObject({ message: expect.stringContaining("rolled back") });
  });

  it("lets nobody use the connection of a transaction that has ended", async () => {
    const database = await postgres.open();
    const kept = await database.transaction(async (connection) => connection);
    expect(await errorOf(kept.query("select 1"))).toBeInstanceOf(AdapterError);
  });

  it("gives up a statement that takes too long, with its connection, and stays available", async () => {
    const database = await postgres.open({ settings: { statementTimeout: 100, poolSize: 1 } });
    const error = await errorOf(database.query("select pg_sleep(30)"));
    expect(error).toMatchObject({ code: "ERR_BALDUR_POSTGRES_UNAVAILABLE", reason: "timeout", sent: true });
    expect((await database.query("select 1 as n")).rows).toEqual([{ n: 1 }]);
    expect(database.available).toBe(true);
    expect(postgres.named("sql.connection_lost")).toEqual([]);
  });

  it("ends a transaction at the server too, when a statement takes too long or nothing is asked", async () => {
    const database = await postgres.open({ settings: { statementTimeout: 300 } });
    const { rows } = await database.transaction((connection) =>
      connection.query(
        "select current_setting('statement_timeout') a, current_setting('idle_in_transaction_session_timeout') b",
      ),
    );
    expect(rows).toEqual([{ a: "300ms", b: "300ms" }]);
    const { rows: after } = await database.query("select current_setting('statement_timeout') a");
    expect(after).toEqual([{ a: "0" }]);
  });

  it("refuses at once those who wait for a connection too long, and is not away for that", async () => {
    const database = await postgres.open({ settings: { poolSize: 1, connectTimeout: 150 } });
    let done: () => void = () => undefined;
    const holding = database.transaction(() => new Promise<void>((resolve) => (done = resolve)));
    const error = await errorOf(database.query("select 1"));
    expect(error).toMatchObject({ reason: "busy", sent: false });
    expect(database.available).toBe(true);
    done();
    await holding;
    expect((await database.query("select 1 n")).rows).toEqual([{ n: 1 }]);
  });

  it("begins no transaction where a pooler lets none through", async () => {
    const database = await postgres.open({ settings: { autocommit: true } });
    expect(await errorOf(database.transaction(async () => 1))).toBeInstanceOf(ConfigurationError);
    expect((await database.query("select 1 n")).count).toBe(1);
  });

  it("refuses everything once it is closed, and closes once", async () => {
    const database = await postgres.open();
    await Promise.all([database.close(), database.close()]);
    expect(database.available).toBe(false);
    expect(await errorOf(database.query("select 1"))).toMatchObject({ reason: "stopped", sent: false });
  });

  it("tells that it is in use, once", async () => {
    const database = await postgres.open();
    await database.query("select 1");
    const address = postgres.url;
    expect(postgres.named("sql.connection_opened")).toEqual([{ event: "sql.connection_opened", address }]);
  });
});
