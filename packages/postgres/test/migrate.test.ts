import { ConfigurationError } from "@baldur/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Children, OPENS } from "./child.js";
import { errorOf, Postgres, runs } from "./fixture.js";

jest.setTimeout(600_000);
const PROCESSES = 8;
const STEPS = [
  {
    id: "a-1",
    sql: "create table a (n int); create index on a (n); insert into a values (1); select pg_sleep(0.2)",
  },
  { id: "a-2", sql: "insert into a values (2)" },
];

let postgres: Postgres;
let children: Children;
beforeAll(async () => {
  postgres = await Postgres.start();
});
beforeEach(async () => {
  children = new Children();
  await postgres.newDatabase();
});
afterEach(async () => {
  await children[Symbol.asyncDispose]();
  await postgres.closeAll();
});
afterAll(() => postgres[Symbol.asyncDispose]());

describe("migrations", () => {
  it("run once each, in order, whoever asks again", async () => {
    const database = await postgres.open();
    await database.migrate(STEPS.slice(0, 1));
    await database.migrate(STEPS);
    await (await postgres.open()).migrate(STEPS);
    expect((await database.query("select n from a order by n")).rows).toEqual([{ n: 1 }, { n: 2 }]);
    expect(postgres.named("sql.migration_applied").map(({ id }) => id)).toEqual(["a-1", "a-2"]);
  });

  it("run once each among processes that start at once", async () => {
    const script = `${OPENS}
      say("up");
      await new Promise((resolve) => process.stdin.once("data", resolve));
      await database.migrate(${JSON.stringify(STEPS)});
      say(events.filter(({ name }) => name === "sql.migration_applied").length);
      await database.close();
      process.exit();`;
    for (let round = 0; round < runs(1); round++) {
      await postgres.newDatabase();
      const all = Array.from({ length: PROCESSES }, () => children.run(script, { args: [postgres.url] }));
      for (const child of all) expect(await child.next()).toBe("up");
      for (const child of all) child.process.stdin?.write("go\n");
      const applied = await Promise.all(all.map((child) => child.next()));
      expect(applied.toSorted()).toEqual([0, 0, 0, 0, 0, 0, 0, 2]);
      for (const child of all) expect([await child.ended, child.stderr()]).toEqual([0, ""]);
      const database = await postgres.open();
      expect((await database.query("select n from a order by n")).rows).toEqual([{ n: 1 }, { n: 2 }]);
    }
  });

  it("are all or nothing where one of them fails", async () => {
    const database = await postgres.open();
    const failing = database.migrate([...STEPS, { id: "a-3", sql: "insert into absent values (1)" }]);
    expect(await errorOf(failing)).toMatchObject({ reason: "42P01" });
    expect((await database.query("select to_regclass('a') a")).rows).toEqual([{ a: null }]);
    await database.migrate(STEPS);
  });

  it("name a step whose text was changed after it was run, and one that is there twice", async () => {
    const database = await postgres.open();
    await database.migrate(STEPS);
    const changed = await errorOf(database.migrate([{ id: "a-2", sql: "insert into a values (3)" }]));
    expect(changed).toBeInstanceOf(ConfigurationError);
    expect(changed.message).toContain("a-2");
    const twice = await errorOf(database.migrate([...STEPS, { id: "a-1", sql: "select 1" }]));
    expect(twice.message).toContain("a-1");
  });

  it("are only looked for where the schema is managed by others, who are told what is missing", async () => {
    const own = await postgres.open();
    const database = await postgres.open({ settings: { schemaManaged: false } });
    const missing = await errorOf(database.migrate(STEPS));
    expect(missing).toBeInstanceOf(ConfigurationError);
    expect(missing.message).toContain("a-1, a-2");
    expect((await own.query("select to_regclass('baldur_schema_version') a")).rows).toEqual([{ a: null }]);
    await own.migrate(STEPS.slice(0, 1));
    expect((await errorOf(database.migrate(STEPS))).message).toMatch(/steps a-2$/);
    await own.migrate(STEPS);
    await database.migrate(STEPS);
  });

  it("wait for others under another isolation that is the default of the user", async () => {
    const admin = await postgres.client();
    await admin.query("alter role postgres set default_transaction_isolation = 'repeatable read'");
    try {
      const databases = await Promise.all(Array.from({ length: 6 }, () => postgres.open()));
      await Promise.all(databases.map((database) => database.migrate(STEPS)));
      expect((await admin.query("select n from a")).rowCount).toBe(2);
    } finally {
      await admin.query("alter role postgres reset default_transaction_isolation");
    }
  });
});
