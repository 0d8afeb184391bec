import { ConfigurationError } from "@baldur/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { eventually, Postgres } from "./fixture.js";

jest.setTimeout(60_000);
const QUICK = { connectTimeout: 500, statementTimeout: 1000 };
const SESSIONS = "select pid from pg_stat_activity where query ilike 'listen%' or query ilike 'unlisten%'";

let postgres: Postgres;
beforeAll(async () => {
  postgres = await Postgres.start();
});
beforeEach(() => postgres.newDatabase());
afterEach(() => postgres.closeAll());
afterAll(() => postgres[Symbol.asyncDispose]());

async function listening(channel = "news") {
  const database = await postgres.open({ settings: QUICK });
  const heard: string[] = [];
  let gaps = 0;
  const subscription = database.listen(
    channel,
    (message) => heard.push(message),
    () => gaps++,
  );
  await eventually(() => gaps === 1); // what was sent before it was heard is missed
  return { database, heard, gaps: () => gaps, subscription };
}

describe("notifications", () => {
  it("arrive from other processes, over one connection for all channels", async () => {
    const { database, heard } = await listening();
    const more: string[] = [];
    let ready = false;
    database.listen(
      "more",
      (message) => more.push(message),
      () => (ready = true),
    );
    database.listen("news", (message) => more.push(`also ${message}`));
    await eventually(() => ready);
    const other = await postgres.open();
    await other.notify("news", "one");
    await other.notify("more", "");
    await other.notify("other", "not for us");
    await other.notify("news", "two");
    await eventually(() => heard.length === 2 && more.length === 3);
    expect([heard, more]).toEqual([
      ["one", "two"],
      ["also one", "", "also two"],
    ]);
    expect((await database.query(SESSIONS)).count).toBe(1);
  });

  it("use no connection until somebody listens, nor after the last one", async () => {
    const { database, heard, subscription } = await listening();
    expect((await database.query(SESSIONS)).count).toBe(1);
    subscription[Symbol.dispose]();
    await database.notify("news", "late");
    await eventually(async () => (await database.query(SESSIONS)).count === 0);
    expect(heard).toEqual([]);
    expect((await (await postgres.open()).query(SESSIONS)).count).toBe(0);
  });

  it("are heard again after their connection was cut, and the gap is told", async () => {
    const { database, heard, gaps } = await listening();
    await database.query(`select pg_terminate_backend(pid) from (${SESSIONS}) s`);
    await eventually(() => gaps() === 2);
    await database.notify("news", "again");
    await eventually(() => heard.length === 1);
    expect(postgres.named("sql.subscription_lost")).toHaveLength(1);
    expect(postgres.named("sql.subscription_recovered")).toHaveLength(1);
    expect(postgres.named("sql.connection_lost")).toEqual([]);
  });

  it("are heard again after the server was killed", async () => {
    const { database, heard, gaps } = await listening();
    await postgres.server.kill();
    await eventually(() => !database.available);
    const late: string[] = [];
    database.listen("late", (message) => late.push(message)); // asked for meanwhile
    await postgres.server.restart();
    await eventually(() => gaps() === 2 && database.available);
    await database.notify("news", "again");
    await database.notify("late", "too");
    await eventually(() => heard.length === 1 && late.length === 1);
  });

  it("reach all listeners though one throws", async () => {
    const { database, heard } = await listening();
    database.listen("news", () => {
      throw new Error("boom");
    });
    const after: string[] = [];
    database.listen("news", (message) => after.push(message));
    await database.notify("news", "one");
    await eventually(() => heard.length === 1 && after.length === 1);
    expect(postgres.named("sql.listener_failed")).toMatchObject([{ listener: "news", error: "boom" }]);
  });

  it("are not listened to where a pooler gives sessions away, and are sent all the same", async () => {
    const { heard } = await listening();
    const database = await postgres.open({ settings: { ...QUICK, listen: false } });
    const none = database.listen("news", () => expect(true).toBe(false));
    await database.notify("news", "one");
    await eventually(() => heard.length === 1);
    expect((await database.query(SESSIONS)).count).toBe(1);
    none[Symbol.dispose]();
  });

  it("have channels of plain words", async () => {
    const { database } = await listening();
    for (const channel of ["", 'a"b', "Upper", "x".repeat(64)])
      expect(() => database.listen(channel, () => undefined)).toThrow(ConfigurationError);
  });
});
