import { type Baldur, createBaldur } from "@baldur/core";
import { createFakeClock, type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { postgres } from "../src/index.js";
import { Refusals } from "../src/refusals.js";
import { errorOf, eventually, Postgres } from "./fixture.js";

jest.setTimeout(60_000);

let server: Postgres;
let baldur: Baldur;
let telemetry: RecordedTelemetry;
beforeAll(async () => {
  server = await Postgres.start();
});
beforeEach(async () => {
  await server.newDatabase();
  const quiet = (): void => undefined;
  baldur = createBaldur({
    discover: false,
    env: { BALDUR_SQL_DSN: server.url, BALDUR_HEALTH_CHECK_READINESS_CACHE_TTL_SECONDS: "0" },
    plugins: [postgres()],
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    settings: { control: { backend: "memory" } },
  });
  telemetry = recordTelemetry(baldur);
  await baldur.start();
});
afterEach(async () => {
  await baldur.close();
  await server.closeAll();
});
afterAll(() => server[Symbol.asyncDispose]());

const once = (key: string) =>
  baldur.protect("charge", () => "done", { idempotencyKey: () => key }).catch((error) => error.code);
/** As an operator, who may write all the same. */
async function asOperator(...statements: string[]): Promise<void> {
  const client = await server.client();
  await client.query("set default_transaction_read_only = off");
  for (const statement of statements) await client.query(statement);
}

/** The posture, readiness and health say so until it is over. */
async function told(code: string, end: () => Promise<unknown>): Promise<void> {
  const line = `sql: it refuses writes (${code}), and what is kept there waits`;
  await eventually(() => baldur.posture().degraded.includes(line));
  expect(await baldur.health.ready()).toMatchObject({
    ready: true,
    checks: { sql: { status: "degraded", detail: `it refuses writes (${code})` } },
  });
  expect((await baldur.health.check({ fresh: true })).checks["sql"]).toMatchObject({ status: "degraded" });
  expect(telemetry.named("sql.writes_refused")).toMatchObject([{ payload: { error: code } }]);
  await end();
  await eventually(async () => {
    await once("again");
    return !baldur.posture().degraded.includes(line);
  });
  expect(await baldur.health.ready()).toMatchObject({ checks: { sql: { status: "healthy" } } });
  expect(await once(`after ${code}`)).toBe("done");
  expect(telemetry.named("sql.writes_accepted")).toHaveLength(1);
}

describe("a runtime whose Postgres answers, and takes no writes any more", () => {
  it("says so while the server is read-only", async () => {
    await asOperator("alter system set default_transaction_read_only = on", "select pg_reload_conf()");
    await eventually(async () => (await once("k")) === "ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE");
    await told("25006", () =>
      asOperator("alter system reset default_transaction_read_only", "select pg_reload_conf()"),
    );
  });

  it("makes other connections where those that are there may not write", async () => {
    const role = "set default_transaction_read_only";
    await asOperator(`alter role current_user ${role} = on`);
    await baldur.health.check({ fresh: true });
    // As a pooler or a server that restarts does it: the next connections are of another kind.
    await asOperator(
      "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()",
    );
    await eventually(async () => {
      await once("k");
      return baldur.posture().degraded.some((line) => line.includes("25006"));
    });
    await told("25006", () => asOperator("alter role current_user reset default_transaction_read_only"));
  });

  it("says so while its disk is full", async () => {
    expect(await once("before")).toBe("done");
    await asOperator(
      "create function full_disk() returns trigger language plpgsql as $$ begin raise disk_full; end $$",
      "create trigger full_disk before insert on baldur_idempotency execute function full_disk()",
    );
    expect(await once("k")).toBe("ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE");
    await told("53100", () => asOperator("drop trigger full_disk on baldur_idempotency"));
  });

  it("is not blamed for a statement that is wrong", async () => {
    const database = await server.open();
    await errorOf(database.query("select nothing from nowhere"));
    expect(database.refusal).toBeUndefined();
  });
});

describe("what is known of refusals", () => {
  const known = (mayWrite: () => Promise<boolean>) => {
    const clock = createFakeClock();
    const told: (string | undefined)[] = [];
    const refusals = new Refusals({ clock, mayWrite, onChange: (reason) => told.push(reason) });
    refusals.start();
    return { clock, told, refusals };
  };

  it("comes from a look now and then where nothing is written", async () => {
    let may = false;
    const { clock, told } = known(async () => may);
    await clock.advance(10_000);
    expect(told).toEqual(["25006"]);
    await clock.advance(60_000);
    may = true;
    await clock.advance(1000);
    expect(told).toEqual(["25006", undefined]);
  });

  it("stays while nobody can be asked, and ends with the one who asks", async () => {
    const { clock, told, refusals } = known(() => Promise.reject(new Error("away")));
    refusals.refused({ reason: "25006", refused: true });
    await clock.advance(60_000);
    expect(told).toEqual(["25006"]);
    refusals.close();
    expect(clock.pending).toBe(0);
  });

  it("is told once while a full disk takes some writes", async () => {
    const { clock, told, refusals } = known(async () => true);
    for (let n = 0; n < 20; n++) {
      refusals.refused({ reason: "53100", refused: true });
      await clock.advance(700);
      refusals.accepted("insert into t values (1)");
    }
    await clock.advance(10_000);
    refusals.accepted("select 1");
    expect(told).toEqual(["53100"]);
    refusals.accepted("with due as (select 1) update t set n = 1");
    expect(told).toEqual(["53100", undefined]);
  });
});
