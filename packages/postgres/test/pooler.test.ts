import { createFakeClock } from "@baldur/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { withTransaction } from "../src/index.js";
import { eventually, Postgres, storesOf } from "./fixture.js";
import { Recording } from "./recording.js";

jest.setTimeout(60_000);
const TTL = 60_000;

let postgres: Postgres;
let recording: Recording;
beforeAll(async () => {
  postgres = await Postgres.start();
});
beforeEach(async () => {
  await postgres.newDatabase();
  recording = await Recording.start(postgres.server.port);
});
afterEach(async () => {
  await postgres.closeAll();
  await recording[Symbol.asyncDispose]();
});
afterAll(() => postgres[Symbol.asyncDispose]());

const through = () => postgres.url.replace(/:\d+\//, `:${recording.port}/`);

/** Everything that the stores ever ask. */
async function everything(settings: object): Promise<void> {
  const clock = createFakeClock();
  const { idempotency, documents, database } = await storesOf(postgres, { clock, dsn: through(), settings });
  const claim = (owner: string) => idempotency.claim("key", { owner, ttl: TTL, tolerance: 0 });
  await claim("a");
  await idempotency.fail("key", { owner: "a", attempt: 1 }, { ttl: TTL });
  await claim("b");
  await idempotency.complete("key", { owner: "b", attempt: 2 }, { ttl: TTL, result: "1" });
  await idempotency.release("other", { owner: "b", attempt: 2 });
  const heard: unknown[] = [];
  documents.watch("key", (document) => heard.push(document));
  await documents.compareAndSet("key", 0, { a: 1 });
  await documents.compareAndSet("key", 1, { a: 2 });
  await clock.advance(5000);
  await eventually(() => heard.length > 0);
  await database.transaction((connection) => connection.query("select $1::int", [1]));
  await database.notify("channel", "message");
}

/**
 * PgBouncer in transaction mode gives a connection to somebody else after each transaction, so nothing may be left on it. There
 * is none to test with: what goes over the wire shows that nothing is.
 */
describe("behind a pooler that lends connections by the transaction", () => {
  it("no statement has a name, and no setting, lock or listening outlives its transaction", async () => {
    await everything({ listen: false });
    const parsed = recording.texts("P").map((text) => text.split("\0")[0]);
    expect(new Set(parsed)).toEqual(new Set([""]));
    expect(recording.texts("B").map((text) => text.split("\0").slice(0, 2))).not.toContainEqual(
      expect.arrayContaining([expect.stringMatching(/./)]),
    );
    const statements = [
      ...recording.texts("Q"),
      ...recording.texts("P").map((text) => text.split("\0")[1] ?? ""),
    ];
    expect(statements.length).toBeGreaterThan(10);
    const text = statements.join(";\n").toLowerCase();
    expect(text).toContain("set local statement_timeout");
    expect(text).toContain("pg_advisory_xact_lock");
    const settings = text
      .split(";")
      .map((one) => one.trim())
      .filter((one) => one.startsWith("set "));
    expect(settings.filter((one) => !one.startsWith("set local "))).toEqual([]);
    expect(text).not.toMatch(
      /set_config|pg_advisory_lock|pg_try_advisory_lock|\bprepare\b|\bdeclare\b|create temp|\blisten\b/,
    );
    const leftovers = (await (await postgres.client()).query("select from pg_prepared_statements")).rowCount;
    expect(leftovers).toBe(0);
  });

  it("a connection begins with what every pooler takes", async () => {
    await everything({ listen: false });
    const names = recording.texts("startup").map((text) =>
      text
        .slice(4)
        .split("\0")
        .filter((_, at) => at % 2 === 0)
        .filter(Boolean),
    );
    for (const name of names.flat())
      expect(["user", "database", "application_name", "client_encoding"]).toContain(name);
  });

  it("one session alone is held, and only for notifications", async () => {
    await everything({ listen: true });
    const listening = () =>
      recording.said.filter(({ text }) => /^(un)?listen /i.test(text)).map(({ connection }) => connection);
    await eventually(() => listening().length > 0);
    const sessions = listening();
    expect(new Set(sessions).size).toBe(1);
    const others = recording.said.filter(
      ({ connection, type }) => connection === sessions[0] && ["P", "B"].includes(type),
    );
    expect(others).toEqual([]);
  });

  it("an effect and its completion use no name either", async () => {
    const { idempotency } = await storesOf(postgres, { dsn: through(), settings: { listen: false } });
    const client = await postgres.client();
    await withTransaction(client, async () => {
      await idempotency.claim("key", { owner: "a", ttl: TTL, tolerance: 0 });
      await idempotency.complete("key", { owner: "a", attempt: 1 }, { ttl: TTL });
    });
    const named = "select count(*)::int n from pg_prepared_statements";
    expect((await client.query(named)).rows).toEqual([{ n: 0 }]);
  });
});
