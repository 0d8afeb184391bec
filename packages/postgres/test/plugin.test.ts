import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { type Baldur, ConfigurationError, createBaldur } from "@baldur/core";
import type { Plugin, PluginContext, ProviderFactory, SqlDatabase } from "@baldur/core/plugin";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { Pool } from "pg";
import { poolConfig } from "../src/config.js";
import { declarations, type PostgresOptions, plugin, postgres } from "../src/index.js";
import { sqlSettings } from "../src/settings.js";
import { endPool, errorOf, Postgres } from "./fixture.js";

jest.setTimeout(60_000);
const SECRET = "S3CR3T";

let server: Postgres;
let baldur: Baldur | undefined;
let lines: string[] = [];
beforeAll(async () => {
  server = await Postgres.start();
});
afterEach(async () => {
  await baldur?.close();
  baldur = undefined;
  lines = [];
});
afterAll(() => server[Symbol.asyncDispose]());

const log = (fields: object): void => void lines.push(JSON.stringify(fields));
const logger = { debug: log, info: log, warn: log, error: log };

/** Registers the plugin, with what it provides kept; nothing is opened yet. */
async function provided(
  given: PostgresOptions | Pool | undefined,
  env: Record<string, string> = {},
): Promise<ProviderFactory | undefined> {
  let factory: ProviderFactory | undefined;
  const { register, settings = [] } = postgres(given);
  const spy: Plugin = {
    name: "spy",
    settings,
    register: (context: PluginContext) =>
      register({ ...context, provider: (kind, made) => void (kind === "sql" && (factory = made)) }),
  };
  baldur = createBaldur({ discover: false, env: { ...env, BALDUR_SQL_DSN: "" }, plugins: [spy], logger });
  baldur.telemetry.subscribe((event) => lines.push(JSON.stringify(event)));
  await baldur.start();
  expect(baldur.posture().plugins).toMatchObject([{ status: "active" }]);
  return factory;
}

async function opened(given: PostgresOptions | Pool, env?: Record<string, string>): Promise<SqlDatabase> {
  return (await provided(given, env))?.() as Promise<SqlDatabase>;
}

describe("the plugin", () => {
  it("provides a database for a DSN", async () => {
    const database = await opened({ dsn: server.url });
    expect((await database.query("select 1 n")).rows).toEqual([{ n: 1 }]);
    expect(baldur?.telemetry.metrics()).toContainEqual(
      expect.objectContaining({ name: "baldur_sql_available", value: 1 }),
    );
    await database.close();
  });

  it("is not enough for production where it takes no writes", async () => {
    const pool = new Pool({ connectionString: server.url, options: "-c default_transaction_read_only=on" });
    const env = {
      BALDUR_ENVIRONMENT: "production",
      BALDUR_SYSTEM_CONTROL_BACKEND: "sql",
      BALDUR_DATA_DIR: "",
    };
    baldur = createBaldur({ discover: false, env, plugins: [postgres(pool)], logger });
    const message = expect.stringContaining("the database is read-only: is it a standby?");
    await expect(baldur.start()).rejects.toMatchObject({ code: "ERR_BALDUR_CONFIGURATION", message });
    await baldur.close();
    await endPool(pool);
  });

  it("provides one for the variables of host, port, database and user", async () => {
    const { host, port, database: name, user } = server.server;
    const database = await opened(
      {},
      {
        BALDUR_POSTGRES_HOST: host,
        BALDUR_POSTGRES_PORT: String(port),
        BALDUR_POSTGRES_DATABASE: name,
        BALDUR_POSTGRES_USER: user,
        BALDUR_SQL_POOL_SIZE: "3",
      },
    );
    expect((await database.query("select 1 n")).rows).toEqual([{ n: 1 }]);
    await database.close();
  });

  it("tells a runtime about its connections, and keeps it from being ready while the database is away", async () => {
    const own = await Postgres.start();
    try {
      baldur = await createBaldur({
        discover: false,
        env: { BALDUR_SQL_POOL_SIZE: "4" },
        plugins: [postgres({ dsn: own.url })],
        settings: { health: { readinessCacheTtl: 0 } },
        logger,
      }).start();
      const { health } = baldur;
      expect(await health.ready()).toMatchObject({ ready: true, checks: { sql: { status: "healthy" } } });
      expect(await baldur.control.state()).toMatchObject({ backend: "postgres" });
      const { pools } = await health.pool();
      expect(pools["sql"]).toMatchObject({ status: "healthy", waiting: 0, limit: 4 });
      expect(pools["sql"]?.size).toBeGreaterThan(0);
      await own.server.stop();
      expect(await health.ready()).toMatchObject({ ready: false, checks: { sql: { status: "unhealthy" } } });
      expect((await health.check({ fresh: true })).status).toBe("unhealthy");
    } finally {
      await baldur?.close();
      await own[Symbol.asyncDispose]();
    }
  });

  it("provides one for a host's pool, and does not end that", async () => {
    const pool = new Pool({ connectionString: server.url });
    const database = await opened(pool);
    expect((await database.query("select 1 n")).rows).toEqual([{ n: 1 }]);
    await database.close();
    expect(pool.ended).toBe(false);
    await endPool(pool);
  });

  it("provides nothing where nothing is named", async () => {
    expect(await provided(undefined)).toBeUndefined();
  });

  it("rejects a DSN that breaks its rules when it is opened", async () => {
    const factory = await provided({ dsn: `mysql://ann:${SECRET}@db/shop` });
    const error = await errorOf(factory?.() as Promise<unknown>);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toContain("mysql is not spoken");
  });

  it("is found by discovery, and declares what it reads and tells", () => {
    expect(plugin().name).toBe("@baldur/postgres");
    const { settings, events, metrics, errors } = declarations();
    expect(settings).toEqual([sqlSettings]);
    expect([events.length, metrics.length, errors.length]).toEqual([13, 2, 2]);
  });
});

describe("a password", () => {
  it("is shown nowhere: not by what is told or logged, nor by errors or the database itself", async () => {
    const admin = await server.client();
    await admin.query(`create role ann login password '${SECRET}'`);
    const dsn = server.server.url.replace(/\/\/[^@]*@/, `//ann:${SECRET}@`).replace("/postgres", "/absent");
    const given = { dsn, password: SECRET };
    const database = await opened(given);
    const failed = await errorOf(database.query("select 1"));
    expect(failed).toMatchObject({ reason: "3D000" });
    for (const shown of [database, failed, postgres(given), baldur?.settings.describe()])
      expect(inspect(shown, { depth: 12 })).not.toContain(SECRET);
    expect(JSON.stringify(failed)).not.toContain(SECRET);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join()).not.toContain(SECRET);
    await database.close();
  });

  it("of its own variable wins over the one in the DSN", async () => {
    const values = Object.fromEntries(
      Object.entries(sqlSettings.fields).map(([key, field]) => [key, field.default]),
    );
    const settings = { ...(values as never as Parameters<typeof poolConfig>[1]), password: "own" };
    const { password } = await poolConfig({ option: "dsn", dsn: "postgres://ann:other@db/shop" }, settings);
    expect(password).toBe("own");
  });
});

describe("what a connection begins with", () => {
  const defaults = Object.fromEntries(
    Object.entries(sqlSettings.fields).map(([key, field]) => [key, field.default]),
  ) as never as Parameters<typeof poolConfig>[1];
  const sslOf = async (dsn: string, settings: object = {}) =>
    (await poolConfig({ option: "dsn", dsn }, { ...defaults, ...settings })).ssl;

  it("is TLS as the settings say, unless the DSN says so itself", async () => {
    expect(await sslOf("postgres://db")).toBe(false);
    expect(await sslOf("postgres://db", { tlsEnabled: true })).toEqual({ rejectUnauthorized: true });
    expect(await sslOf("postgres://db", { tlsEnabled: true, tlsVerify: false })).toEqual({
      rejectUnauthorized: false,
    });
    expect(await sslOf("postgres://db?sslmode=disable", { tlsEnabled: true })).toBe(false);
    expect(await sslOf("postgres://db?sslmode=require")).toEqual({ rejectUnauthorized: true });
    expect(await sslOf("postgres://db?sslmode=no-verify")).toEqual({ rejectUnauthorized: false });
  });

  it("has the certificates of the files that are named, which must be there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "baldur-postgres-"));
    try {
      const [ca, cert, key] = ["ca", "cert", "key"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      for (const file of [ca, cert, key]) await writeFile(file, `text of ${file}`);
      const files = { tlsEnabled: true, tlsCaBundlePath: ca, tlsCertificatePath: cert, tlsKeyPath: key };
      expect(await sslOf("postgres://db", files)).toEqual({
        rejectUnauthorized: true,
        ca: `text of ${ca}`,
        cert: `text of ${cert}`,
        key: `text of ${key}`,
      });
      const lone = await errorOf(sslOf("postgres://db", { tlsEnabled: true, tlsKeyPath: key }));
      expect(lone.message).toContain("need each other");
      const absent = await errorOf(
        sslOf("postgres://db", { tlsEnabled: true, tlsCaBundlePath: `${ca}-none` }),
      );
      expect([absent instanceof ConfigurationError, absent.message]).toEqual([
        true,
        expect.stringContaining("ENOENT"),
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
