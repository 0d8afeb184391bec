import { randomInt } from "node:crypto";
import { type Clock, definePlugin, type Plugin, type PluginTelemetry } from "@baldur/core/plugin";
import type { Pool } from "pg";
import { isPool } from "./client.js";
import type { Target } from "./config.js";
import type { Source } from "./connections.js";
import { PostgresDatabase } from "./database.js";
import { type SqlSettings, sqlSettings } from "./settings.js";
import { hostSource, ownSource } from "./source.js";

/** Settings in milliseconds; each wins over its variable. @public */
export interface PostgresOptions extends Partial<SqlSettings> {
  /** `postgres://user@host:port/database`. Default: `BALDUR_SQL_DSN`, else the `BALDUR_POSTGRES_` variables. */
  readonly dsn?: string;
}

/**
 * Keeps state in Postgres: durable, shared by a fleet, and part of the host's own transactions (`withTransaction`). Given a
 * pool of `pg` it uses that one, and never ends it; else it makes one. Does nothing where neither a pool nor a database is named.
 * @public
 */
export function postgres(given: PostgresOptions | Pool = {}): Plugin {
  const pool = isPool(given) ? given : undefined;
  const { dsn, ...overrides } = isPool(given) ? {} : given;
  return definePlugin({
    name: "@baldur/postgres",
    settings: [sqlSettings],
    register({ provider, settings: resolve, storage, clock, telemetry }) {
      const settings = resolve(sqlSettings, overrides);
      const around = { settings, clock, telemetry };
      const target = targetOf(dsn, storage.sqlDsn, settings);
      if (pool !== undefined) provider("sql", () => start(hostSource(pool), around));
      else if (target !== undefined)
        provider("sql", async () => start(await ownSource(target, settings), around));
    },
  });
}

interface Around {
  readonly settings: SqlSettings;
  readonly clock: Clock;
  readonly telemetry: PluginTelemetry;
}

async function start(open: () => Source, around: Around): Promise<PostgresDatabase> {
  const database = new PostgresDatabase({ ...around, open, random });
  await database.start();
  return database;
}

function targetOf(
  given: string | undefined,
  configured: string | undefined,
  { host }: SqlSettings,
): Target | undefined {
  if (given !== undefined) return { option: "dsn", dsn: given };
  if (configured !== undefined) return { option: "BALDUR_SQL_DSN", dsn: configured };
  return host === undefined ? undefined : { option: "BALDUR_POSTGRES_HOST", dsn: undefined };
}

const GRAIN = 2 ** 32;

/** In [0, 1). */
function random(): number {
  return randomInt(GRAIN) / GRAIN;
}
