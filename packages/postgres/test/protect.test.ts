import { type Baldur, createBaldur, type ProtectOptions } from "@baldur/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Pool } from "pg";
import { postgres, withTransaction } from "../src/index.js";
import { endPool, errorOf, Postgres } from "./fixture.js";

jest.setTimeout(60_000);

let server: Postgres;
let baldur: Baldur;
let pool: Pool;
beforeAll(async () => {
  server = await Postgres.start();
});
beforeEach(async () => {
  await server.newDatabase();
  pool = new Pool({ connectionString: server.url, max: 4 });
  await pool.query("create table charges (id text)");
  const quiet = (): void => undefined;
  baldur = await createBaldur({
    discover: false,
    env: { BALDUR_SQL_DSN: server.url },
    plugins: [postgres()],
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    settings: { control: { backend: "memory" } },
  }).start();
});
afterEach(async () => {
  await baldur.close();
  await endPool(pool);
  await server.closeAll();
});
afterAll(() => server[Symbol.asyncDispose]());

const charge = (id: string, work: () => unknown, options: ProtectOptions = {}) =>
  baldur.protect("charge", work, { ...options, idempotencyKey: "id", context: { id } });
const charges = async () => (await pool.query("select id from charges order by id")).rows.map(({ id }) => id);
const statuses = async () =>
  Object.fromEntries(
    (await pool.query("select key, status from baldur_idempotency")).rows.map(({ key, status }) => [
      key.split(":").at(-1),
      status,
    ]),
  );

describe("protected work within a transaction", () => {
  it.each([
    ["by itself", {}],
    ["with a timeout", { timeout: 5000 }],
    ["with a retry that was needed", { retry: { maxAttempts: 2, baseDelay: 1 } }],
  ] as const)("is committed with its key, %s", async (_, options) => {
    let tries = 0;
    await withTransaction(pool, async (client) => {
      const work = async () => {
        if ("retry" in options && ++tries === 1) throw new Error("not yet");
        return client.query("insert into charges values ('a')");
      };
      await charge("a", work, options);
      expect([await charges(), await statuses()]).toEqual([[], { a: "executing" }]);
    });
    expect([await charges(), await statuses()]).toEqual([["a"], { a: "completed" }]);
    expect(await errorOf(charge("a", () => 1))).toMatchObject({ decision: "skip" });
  });

  it("is rolled back with its key, which is free again at once", async () => {
    const error = new Error("no");
    const failing = withTransaction(pool, async (client) => {
      await charge("a", () => client.query("insert into charges values ('a')"));
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    expect([await charges(), await statuses()]).toEqual([[], { a: "failed" }]);
    await charge("a", () => pool.query("insert into charges values ('a')"));
    expect([await charges(), await statuses()]).toEqual([["a"], { a: "completed" }]);
  });

  it("may itself be a transaction, which is committed before the key is completed", async () => {
    await charge("a", () =>
      withTransaction(pool, (client) => client.query("insert into charges values ('a')")),
    );
    expect([await charges(), await statuses()]).toEqual([["a"], { a: "completed" }]);
  });

  it("of many at once is each in its own", async () => {
    const ids = Array.from({ length: 20 }, (_, n) => String(n).padStart(2, "0"));
    await Promise.allSettled(
      ids.map((id, n) =>
        withTransaction(pool, async (client) => {
          await charge(id, () => client.query("insert into charges values ($1)", [id]));
          if (n % 2 === 1) throw new Error("no");
        }),
      ),
    );
    const even = ids.filter((_, n) => n % 2 === 0);
    expect(await charges()).toEqual(even);
    const completed = Object.entries(await statuses()).filter(([, status]) => status === "completed");
    expect(completed.map(([id]) => id).toSorted()).toEqual(even);
  });
});
