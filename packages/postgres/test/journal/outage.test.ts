import { createBaldur } from "@baldur/core";
import { MemoryKeyValueStore, type SqlDatabase } from "@baldur/core/plugin";
import { hotClock } from "@baldur/core/source/clock.js";
import { EventJournal } from "@baldur/core/source/journal/journal.js";
import { defineEvent, type TelemetryEvent } from "@baldur/core/source/telemetry/event.js";
import { TelemetryHub } from "@baldur/core/source/telemetry/telemetry.js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { postgres as sql } from "../../src/index.js";
import { Counted, eventually, Postgres } from "../fixture.js";

jest.setTimeout(120_000);
const DAY = 86_400_000;
const QUICK = { connectTimeout: 300, statementTimeout: 400 };
const kept = defineEvent<{ n: number }>()("test.kept", { level: "info", journal: true, help: "of a test" });

const silent = (): void => undefined;
let postgres: Postgres;
beforeAll(async () => {
  postgres = await Postgres.start();
});
beforeEach(() => postgres.newDatabase());
afterEach(() => postgres.closeAll());
afterAll(() => postgres[Symbol.asyncDispose]());

/** A process with a journal in Postgres. */
class Process {
  readonly told: TelemetryEvent[] = [];
  readonly #hub: TelemetryHub;
  readonly journal: EventJournal;

  constructor(sql: SqlDatabase) {
    const clock = hotClock();
    this.#hub = new TelemetryHub(clock);
    this.#hub.subscribe((event) => void this.told.push(event));
    const settings = { enabled: true, backend: "sql", maxEntries: 10_000, retention: DAY } as const;
    this.journal = new EventJournal({ clock, telemetry: this.#hub, settings });
    const memory = (): MemoryKeyValueStore => new MemoryKeyValueStore();
    this.journal.use({ redis: undefined, sql, keyValue: memory(), memory });
    postgres.onClose(() => this.journal.close(1000));
  }

  report(from: number, count: number): void {
    for (let n = from; n < from + count; n++) this.#hub.report(kept, { n });
  }

  async numbers(): Promise<unknown[]> {
    const { entries } = await this.journal.page({ limit: 500 });
    return entries.map(({ payload }) => payload["n"]);
  }

  count(name: string): number {
    return this.told.filter((event) => event.name === name).length;
  }
}

const down = (from: number, to: number): number[] =>
  Array.from({ length: from - to + 1 }, (_, n) => from - n);
const rows = async (database: SqlDatabase): Promise<number> =>
  (await database.query("select from baldur_journal")).count;

describe("the journal in Postgres", () => {
  it("asks for one statement for a hundred entries, and one for a page", async () => {
    const database = new Counted(await postgres.open());
    const process = new Process(database);
    await process.journal.note({ actor: "ada", reason: "the tables are there, and nothing is to be pruned" });
    await database.rests();
    database.statements = [];
    process.report(0, 100);
    await eventually(() => database.statements.length > 0);
    await database.rests();
    expect(database.statements).toEqual([expect.stringMatching(/^insert into baldur_journal/)]);
    expect(
      (await process.journal.page({ limit: 100, names: ["test.kept"], level: "info" })).entries,
    ).toHaveLength(100);
    expect(database.statements).toHaveLength(2);
    expect(
      (await database.query("select name, level, at from baldur_journal where name <> 'test.kept'")).rows,
    ).toEqual([{ name: "operator.note", level: "info", at: expect.any(Number) }]);
  });

  it("finds a page by an index, however much there is", async () => {
    const database = await postgres.open();
    const process = new Process(database);
    await process.journal.note({ actor: "ada", reason: "the tables are there" });
    await database.query(`insert into baldur_journal
      select lpad(n::text, 9, '0') || '-000000000000-00000', 0, 'a.b', 'info', '{}' from generate_series(1, 20000) n`);
    await database.query("analyze baldur_journal");
    const plan = await database.query(
      "explain select id, entry from baldur_journal where id > '' and id < '~' order by id desc limit 50",
    );
    expect(JSON.stringify(plan.rows)).toMatch(/Index Scan Backward using baldur_journal_pkey/);
  });

  it("is one for processes that begin and report at once, and makes its tables once", async () => {
    const [one, other] = [new Process(await postgres.open()), new Process(await postgres.open())];
    one.report(0, 200);
    other.report(200, 200);
    const both = async (process: Process) => (await process.numbers()).length === 400;
    await eventually(async () => (await both(one)) && (await both(other)));
    expect(await one.numbers()).toEqual(await other.numbers());
    expect(new Set(await one.numbers()).size).toBe(400);
    expect(postgres.named("sql.migration_applied")).toMatchObject([{ id: "journal-1" }]);
  });

  it("waits while Postgres is killed, from the beginning on, says so, and has everything when it is back", async () => {
    await postgres.server.kill();
    const database = await postgres.open({ settings: QUICK });
    const process = new Process(database);
    process.report(0, 250);
    await eventually(() => process.count("journal.append_failed") > 0);
    expect(await process.journal.page({ limit: 500 })).toMatchObject({ complete: false });
    expect(await process.numbers()).toEqual(down(249, 0));
    await postgres.server.restart();
    await eventually(async () => database.available && (await process.journal.page()).complete);
    await eventually(async () => (await rows(database)) === 250);
    expect(await process.numbers()).toEqual(down(249, 0));
    await postgres.server.kill();
    process.report(250, 50);
    await eventually(() => process.count("journal.append_failed") > 1);
    await postgres.server.restart();
    await eventually(async () => (await process.numbers()).length === 300);
    await eventually(async () => (await rows(database)) === 300);
    expect(await process.numbers()).toEqual(down(299, 0));
    expect(process.count("journal.entries_dropped")).toBe(0);
  });

  it("has what was written once, though its answer was lost", async () => {
    const database = await postgres.open({ settings: QUICK });
    const process = new Process(database);
    await process.journal.note({ actor: "ada", reason: "the tables are there" });
    await postgres.server.pause();
    process.report(0, 5);
    await eventually(() => process.count("journal.append_failed") > 0);
    await postgres.server.resume();
    await eventually(async () => (await rows(database).catch(() => 0)) === 6);
    expect(await process.numbers()).toEqual([4, 3, 2, 1, 0, undefined]);
  });

  it("is not part of a transaction of the host's", async () => {
    const database = await postgres.open();
    const process = new Process(database);
    const rolledBack = database.transaction(async () => {
      await process.journal.note({ actor: "ada", reason: "told amid it" });
      throw new Error("no");
    });
    await expect(rolledBack).rejects.toThrow("no");
    expect(await process.numbers()).toHaveLength(1);
    expect(await rows(database)).toBe(1);
  });

  it.each([0, 3000])(
    "does not keep a runtime from closing within %i ms and a moment while Postgres hangs",
    async (deadline) => {
      const baldur = createBaldur({
        plugins: [sql({ dsn: postgres.url })],
        discover: false,
        logger: { debug: silent, info: silent, warn: silent, error: silent },
        env: {},
        settings: { control: { backend: "sql" } },
      });
      await baldur.start();
      await baldur.control.state();
      await postgres.server.pause();
      void baldur.control.disable({ actor: "ada", reason: "an incident" });
      const closing = baldur.close({ deadline });
      const { duration } = await closing.finally(() => postgres.server.resume());
      expect(duration).toBeLessThan(deadline + 1500);
    },
  );
});
