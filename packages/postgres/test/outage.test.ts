import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { AdapterError } from "@baldur/core";
import { systemClock } from "@baldur/core/plugin";
import { type FaultProxy, startFaultProxy } from "@baldur/services";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Pool } from "pg";
import { Connections } from "../src/connections.js";
import { hostSource } from "../src/source.js";
import { endPool, errorOf, eventually, Postgres } from "./fixture.js";

jest.setTimeout(120_000);
const QUICK = { connectTimeout: 300, statementTimeout: 400 };

let postgres: Postgres;
beforeAll(async () => {
  postgres = await Postgres.start();
});
beforeEach(() => postgres.newDatabase());
afterEach(() => postgres.closeAll());
afterAll(() => postgres[Symbol.asyncDispose]());

describe("a database whose server is killed", () => {
  it("is away at once, by its idle connections, and back by itself", async () => {
    const database = await postgres.open({ settings: QUICK });
    const changes: boolean[] = [];
    database.watch((available) => changes.push(available));
    await database.query("create table t (n int)");
    await postgres.server.kill();
    await eventually(() => !database.available); // nobody asked anything
    expect(await errorOf(database.query("insert into t values (1)"))).toMatchObject({
      code: "ERR_BALDUR_POSTGRES_UNAVAILABLE",
      sent: false,
    });
    await postgres.server.restart();
    await eventually(() => database.available);
    await database.query("insert into t values (2)");
    expect((await database.query("select n from t")).rows).toEqual([{ n: 2 }]);
    expect(changes).toEqual([false, true]);
    expect(postgres.named("sql.connection_lost")).toHaveLength(1);
    expect(postgres.named("sql.connection_recovered")).toMatchObject([{ after: expect.any(Number) }]);
  });

  it("tells those who were waiting that their statement may have been carried out", async () => {
    const database = await postgres.open({ settings: { ...QUICK, statementTimeout: 30_000 } });
    const waiting = errorOf(database.query("select pg_sleep(20)"));
    await eventually(
      async () =>
        (await database.query("select from pg_stat_activity where wait_event = 'PgSleep'")).count > 0,
    );
    await postgres.server.kill();
    expect(await waiting).toMatchObject({ code: "ERR_BALDUR_POSTGRES_UNAVAILABLE", sent: true });
    await postgres.server.restart();
  });

  it("lets nobody wait for a connection of those that are given up", async () => {
    const database = await postgres.open({
      settings: { connectTimeout: 600_000, statementTimeout: 600_000, poolSize: 1 },
    });
    await database.query("select 1");
    const holding = errorOf(database.query("select pg_sleep(20)"));
    const waiting = Array.from({ length: 500 }, () => errorOf(database.query("select 1")));
    await eventually(() => database.pool?.waiting === waiting.length);
    await postgres.server.kill();
    expect(await holding).toMatchObject({ sent: true });
    for (const error of await Promise.all(waiting))
      expect(error).toMatchObject({ code: "ERR_BALDUR_POSTGRES_UNAVAILABLE", sent: false });
    expect(await errorOf(database.query("select 1"))).toMatchObject({ reason: "ECONNREFUSED" });
    await postgres.server.restart();
    await eventually(() => database.available);
    expect((await database.query("select 1 n")).rows).toEqual([{ n: 1 }]);
  });

  it("may be away when it is opened, and is found when it comes up", async () => {
    await postgres.server.kill();
    const database = await postgres.open({ settings: QUICK });
    expect(database.available).toBe(false);
    expect(await errorOf(database.migrate([{ id: "a-1", sql: "select 1" }]))).toMatchObject({ sent: false });
    expect(postgres.named("sql.connection_unavailable")).toMatchObject([{ error: "ECONNREFUSED" }]);
    await postgres.server.restart();
    await eventually(() => database.available);
    expect((await database.query("select 1 n")).rows).toEqual([{ n: 1 }]);
  });
});

/** What a server says that begins a session and ends it in the same breath, as one may that is shut down. */
const BRIEF = Buffer.concat([
  message("R", "\0\0\0\0"),
  message("Z", "I"),
  message("E", "SFATAL\0C57P01\0Mterminating connection\0\0"),
]);

function message(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
}

describe("a server that ends a session in the same breath as it begins it", () => {
  it("ends no process, however often it does so", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(BRIEF));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const pool = new Pool({ connectionString: `postgres://nobody@127.0.0.1:${port}/none` });
    const connections = new Connections({
      open: hostSource(pool),
      clock: systemClock(),
      connectTimeout: 5000,
      timeout: 5000,
      failed: ({ reason }) => new AdapterError(reason),
      done: () => undefined,
      onIdleError: () => undefined,
    });
    for (let times = 0; times < 3; times++)
      expect(await errorOf(connections.lend((session) => session.query("select 1")))).toBeDefined();
    await endPool(pool);
    server.close();
  });
});

describe("a database whose server is stopped", () => {
  it("is away once an answer and a probe are late, refuses at once then, and comes back", async () => {
    const database = await postgres.open({ settings: QUICK });
    await database.query("select 1");
    await postgres.server.pause();
    expect(await errorOf(database.query("select 1"))).toMatchObject({ reason: "timeout", sent: true });
    await eventually(() => !database.available);
    expect(await errorOf(database.query("select 1"))).toMatchObject({ reason: "timeout", sent: false });
    await postgres.server.resume();
    await eventually(() => database.available);
    expect((await database.query("select 1 n")).rows).toEqual([{ n: 1 }]);
  });

  it("closes all the same", async () => {
    const database = await postgres.open({ settings: QUICK });
    const waiting = errorOf(database.query("select 1"));
    await postgres.server.pause();
    await Promise.all([waiting, database.close()]).finally(() => postgres.server.resume());
  });
});

describe("a database behind a network that fails", () => {
  let proxy: FaultProxy;
  beforeEach(async () => {
    proxy = await startFaultProxy(postgres.server);
  });
  afterEach(() => proxy.stop());

  const through = () => postgres.url.replace(/:\d+\//, `:${proxy.port}/`);

  it("is late, and not busy, for who waits for a connection that a pool with room for it makes in vain", async () => {
    const database = await postgres.open({ dsn: through(), settings: { ...QUICK, statementTimeout: 2000 } });
    await database.query("select 1");
    await proxy.fault("halfOpen");
    const [, second] = await Promise.all([1, 2].map(() => errorOf(database.query("select 1"))));
    expect(second).toMatchObject({ reason: "timeout", sent: false });
  });

  it("makes new connections after an outage: nobody can tell which of the old ones still work", async () => {
    const database = await postgres.open({ settings: { ...QUICK, poolSize: 5 }, dsn: through() });
    const pid = async () =>
      (await database.query("select pg_backend_pid() pid, pg_sleep(0.05)")).rows[0]?.["pid"];
    const before = await Promise.all([1, 2, 3, 4, 5].map(pid));
    expect(new Set(before).size).toBe(5);
    await proxy.fault("halfOpen");
    await errorOf(database.query("select 1"));
    await eventually(() => !database.available);
    await proxy.heal();
    await eventually(() => database.available);
    const after = await Promise.all([1, 2, 3, 4, 5].map(pid));
    expect(after.filter((one) => before.includes(one))).toEqual([]);
    await eventually(() => proxy.connections <= 6); // those that were given up are closed
  });

  it("is not away because one connection was reset", async () => {
    const database = await postgres.open({ settings: QUICK });
    const { rows } = await database.query("select pg_backend_pid() pid");
    const other = await postgres.client();
    await other.query("select pg_terminate_backend($1)", [rows[0]?.["pid"]]);
    await eventually(() => postgres.named("sql.idle_connection_lost").length > 0);
    expect((await database.query("select 1 n")).count).toBe(1);
    expect(postgres.named("sql.connection_lost")).toEqual([]);
  });
});

describe("a host's own pool", () => {
  it("is used as it is, keeps the process when an idle connection breaks, and is not ended", async () => {
    const pool = new Pool({ connectionString: postgres.url, max: 2 });
    const database = await postgres.open({ source: hostSource(pool) });
    const { rows } = await database.query("select pg_backend_pid() pid");
    const other = await postgres.client();
    await other.query("select pg_terminate_backend($1)", [rows[0]?.["pid"]]);
    await eventually(() => postgres.named("sql.idle_connection_lost").length > 0);
    expect((await database.query("select 1 n")).count).toBe(1);
    await database.close();
    expect((await pool.query("select 1 n")).rowCount).toBe(1);
    expect([pool.ended, pool.listenerCount("error")]).toEqual([false, 0]);
    await endPool(pool);
  });

  it("that is used up is busy, not away", async () => {
    const pool = new Pool({ connectionString: postgres.url, max: 1 });
    const database = await postgres.open({ source: hostSource(pool), settings: { connectTimeout: 100 } });
    const held = await pool.connect();
    expect(await errorOf(database.query("select 1"))).toMatchObject({ reason: "busy", sent: false });
    expect(database.available).toBe(true);
    held.release();
    expect((await database.query("select 1 n")).count).toBe(1);
    await database.close();
    await endPool(pool); // resolves, for what came late was given back
  });
});
