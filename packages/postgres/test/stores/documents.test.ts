import type { DocumentStore } from "@baldur/core/plugin";
import { createFakeClock } from "@baldur/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { eventually, Postgres, type StoresOptions, storesOf } from "../fixture.js";

jest.setTimeout(60_000);
const NEVER = 3_600_000;
const NOTIFIED_WITHIN = 1000;
const POLLED_WITHIN = 5000;

let postgres: Postgres;
beforeAll(async () => {
  postgres = await Postgres.start();
});
beforeEach(() => postgres.newDatabase());
afterEach(() => postgres.closeAll());
afterAll(() => postgres[Symbol.asyncDispose]());

/** One process that watches a document, and another that writes. */
async function two(options: StoresOptions) {
  const watching = await storesOf(postgres, options);
  const { documents: writer } = await storesOf(postgres);
  const seen: (number | undefined)[] = [];
  const watch = watching.documents.watch("key", (document) => seen.push(document?.version));
  return { ...watching, writer, seen, watch };
}

async function sees(seen: readonly unknown[], version: number, within: number): Promise<void> {
  await eventually(() => seen.at(-1) === version, within);
}

async function write(store: DocumentStore, version: number): Promise<void> {
  expect(await store.compareAndSet("key", version - 1, { version })).toEqual({ ok: true, version });
}

describe("a document that another process changes", () => {
  it("is seen within a second where it is announced", async () => {
    const { writer, seen, watch } = await two({ pollInterval: NEVER });
    await write(writer, 1);
    await sees(seen, 1, POLLED_WITHIN); // the first time the connection for announcements is made
    for (let version = 2; version < 8; version++) {
      await write(writer, version);
      await sees(seen, version, NOTIFIED_WITHIN);
    }
    watch[Symbol.dispose]();
    await write(writer, 8);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it("is seen within five seconds where nobody listens", async () => {
    const { writer, seen } = await two({ settings: { listen: false } });
    await write(writer, 1);
    await sees(seen, 1, POLLED_WITHIN + 1000);
  });

  it("is seen though it was announced while the connection was cut", async () => {
    const { writer, seen, database } = await two({ pollInterval: NEVER });
    await write(writer, 1);
    await sees(seen, 1, POLLED_WITHIN);
    const cut = "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%'";
    expect((await database.query(cut)).count).toBeGreaterThan(0);
    await write(writer, 2);
    await sees(seen, 2, POLLED_WITHIN);
  });

  it("is seen after the server was killed", async () => {
    const { writer, seen, database } = await two({ pollInterval: 100 });
    await write(writer, 1);
    await sees(seen, 1, POLLED_WITHIN);
    await postgres.server.kill();
    await eventually(() => !database.available);
    await postgres.server.restart();
    await eventually(() =>
      write(writer, 2).then(
        () => true,
        () => false,
      ),
    );
    await sees(seen, 2, POLLED_WITHIN);
    expect(seen).toEqual([1, 2]);
  });

  it("is not asked for by timers once its watch or its store is closed", async () => {
    const clock = createFakeClock();
    const { documents, watch } = await two({ clock });
    documents.watch("other", () => undefined);
    expect(clock.pending).toBe(2);
    watch[Symbol.dispose]();
    expect(clock.pending).toBe(1);
    await documents.close();
    expect(clock.pending).toBe(0);
  });
});

describe("what is stored in the place of a document and is none", () => {
  it.each([
    ["torn", `update baldur_documents set value = '{"version":'`],
    ["no object", "update baldur_documents set value = 'null'"],
    ["of no version", "update baldur_documents set version = 0"],
  ])("is put aside and told once where it is %s, and counts as absent", async (_, damage) => {
    const { documents, database, seen, writer } = await two({ pollInterval: NEVER });
    await write(writer, 1);
    await sees(seen, 1, POLLED_WITHIN);
    await database.query(damage);
    const { rows } = await database.query("select version, value from baldur_documents");
    const found = await Promise.all([documents.read("key"), writer.read("key"), documents.read("key")]);
    expect(found).toEqual([undefined, undefined, undefined]);
    await eventually(() => seen.length === 2);
    expect(seen).toStrictEqual([1, undefined]);
    const told = postgres.named("documents.document_quarantined");
    expect(told).toMatchObject([{ file: "key", kept_as: expect.stringMatching(/^key\.corrupt-\d+$/) }]);
    const kept = await database.query("select version, value from baldur_documents where key = $1", [
      told[0]?.["kept_as"],
    ]);
    expect(kept.rows).toEqual(rows);
    await write(documents, 1);
    await sees(seen, 1, POLLED_WITHIN);
  });

  it("is not overwritten by who expects what was there before", async () => {
    const { documents, database } = await two({ pollInterval: NEVER });
    await write(documents, 1);
    await database.query("update baldur_documents set value = 'garbage'");
    expect(await documents.compareAndSet("key", 1, { a: 1 })).toEqual({ ok: false });
    await write(documents, 1);
    expect((await database.query("select from baldur_documents where value = 'garbage'")).count).toBe(1);
  });

  it("keeps values that JSON can hold, NUL included", async () => {
    const { documents, writer } = await two({ pollInterval: NEVER });
    const value = { text: "a\u0000b \ud800 ž", list: [1, null, { "": true }] };
    await documents.compareAndSet("key", 0, value);
    expect(await writer.read("key")).toMatchObject({ value });
  });
});
