import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { hotClock } from "../../src/clock.js";
import { chooseStore } from "../../src/journal/choose.js";
import { type JournalSettings, journalSettings } from "../../src/journal/settings.js";
import { KvJournalStore } from "../../src/journal/stores/kv.js";
import { RedisJournalStore } from "../../src/journal/stores/redis.js";
import { SqlJournalStore } from "../../src/journal/stores/sql.js";
import { idleJournal } from "../../src/journal/types.js";
import { MemoryKeyValueStore } from "../../src/kv/stores/memory.js";
import type { RedisClient } from "../../src/redis/redis.js";
import { SettingsCatalog } from "../../src/settings/catalog.js";
import { Environment } from "../../src/settings/environment.js";
import type { SqlDatabase } from "../../src/sql/sql.js";
import { Folder, settingsOf } from "./fixture.js";

const DAY = 86_400_000;

const NOWHERE = {
  redis: undefined,
  sql: undefined,
  keyValue: new MemoryKeyValueStore(),
  memory: () => new MemoryKeyValueStore(),
};

describe("a runtime that has not started", () => {
  it("has an empty journal, and says that it is not complete", async () => {
    await expect(idleJournal.page()).resolves.toEqual({ entries: [], complete: false });
    await expect(idleJournal.note({ actor: "a", reason: "r" })).resolves.toBe(false);
  });
});

describe("the settings of the journal", () => {
  const resolved = (env: Record<string, string>) => {
    const catalog = new SettingsCatalog(new Environment(env));
    return { problems: catalog.add([journalSettings]), values: catalog.of(journalSettings) };
  };

  it("have the names and units of the environment", () => {
    const env = {
      BALDUR_EVENT_JOURNAL_ENABLED: "false",
      BALDUR_EVENT_JOURNAL_BACKEND: "SQL",
      BALDUR_EVENT_JOURNAL_MAX_ENTRIES: "100",
      BALDUR_EVENT_JOURNAL_RETENTION_DAYS: "7",
    };
    const values = { enabled: false, backend: "sql", maxEntries: 100, retention: 7 * DAY };
    expect(resolved(env)).toEqual({ problems: [], values });
  });

  it.each([
    ["MAX_ENTRIES", "99"],
    ["MAX_ENTRIES", "1000001"],
    ["RETENTION_DAYS", "0"],
    ["RETENTION_DAYS", "366"],
    ["BACKEND", "file"],
  ])("are refused: %s=%s", (name, value) => {
    expect(resolved({ [`BALDUR_EVENT_JOURNAL_${name}`]: value }).problems).toHaveLength(1);
  });
});

describe("the store of the journal", () => {
  const redis = { prefix: "" } as RedisClient;
  const sql = {} as SqlDatabase;
  const durable = new Folder();
  const { keyValue } = NOWHERE;
  const choose = (backend: JournalSettings["backend"], places: object) =>
    chooseStore(
      { ...NOWHERE, ...places },
      { clock: hotClock(createFakeClock()), settings: settingsOf({ backend }), onDamaged: () => undefined },
    );

  it.each([
    ["the database", SqlJournalStore, "auto", { sql, redis, keyValue: durable }],
    ["Redis where there is no database", RedisJournalStore, "auto", { redis, keyValue: durable }],
    ["the folder where there is no server", KvJournalStore, "auto", { keyValue: durable }],
    ["memory where there is nothing", KvJournalStore, "auto", { keyValue }],
    ["Redis where it is named", RedisJournalStore, "redis", { sql, redis }],
    ["the folder where it is named", KvJournalStore, "embedded", { sql, redis, keyValue: durable }],
    ["memory where it is named", KvJournalStore, "memory", { sql, redis, keyValue: durable }],
  ] as const)("is %s", (_, type, backend, places) => {
    expect(choose(backend, places)).toBeInstanceOf(type);
  });

  it("in memory is not the map of others, which may be a folder", async () => {
    await choose("memory", { keyValue: durable }).prune({ keep: 1, before: new Date(0), interval: 0 });
    expect(durable.writes).toBe(0);
  });

  it.each(["sql", "redis", "embedded"] as const)("%s must be there where it is named", (backend) => {
    expect(() => choose(backend, {})).toThrow(
      `BALDUR_EVENT_JOURNAL_BACKEND is ${backend}, and there is none`,
    );
  });
});
