import { createHash } from "node:crypto";
import { ConfigurationError } from "@baldur/core";
import type { SqlConnection, SqlMigration, SqlResult } from "@baldur/core/plugin";

/** Any number that others are not likely to lock. */
const LOCK = 7_223_617_148_013;
const NO_SUCH_TABLE = "42P01";
const FIND = "select id, checksum from baldur_schema_version where id = any($1)";
const RECORD = "insert into baldur_schema_version (id, checksum) values ($1, $2)";
const CREATE = `create table if not exists baldur_schema_version (
  id text primary key,
  checksum text not null,
  applied_at timestamptz not null default now()
)`;

export interface MigrationParts {
  readonly database: SqlConnection;
  /** Runs the work in a transaction. */
  readonly transaction: <T>(work: (connection: SqlConnection) => Promise<T>) => Promise<T>;
  /** Whether tables may be made; else they are only looked for. */
  readonly managed: boolean;
  readonly onApplied: (id: string) => void;
}

/**
 * Runs the steps that are missing, in one transaction, in which others wait that were started together: what they then find
 * is done. Rejects with `ConfigurationError` for a step whose text was changed, and for missing ones where they may not be run.
 */
export async function migrate(steps: readonly SqlMigration[], parts: MigrationParts): Promise<void> {
  assertDistinct(steps);
  const missing = missingOf(steps, await found(parts.database, steps));
  if (missing.length === 0) return;
  const names = missing.map(({ id }) => id).join(", ");
  if (!parts.managed)
    throw new ConfigurationError(
      `the schema is not Baldur's to manage (BALDUR_SQL_SCHEMA_MANAGED) and lacks the steps ${names}`,
    );
  const applied = await parts.transaction((connection) => apply(steps, connection));
  for (const id of applied) parts.onApplied(id);
}

async function apply(steps: readonly SqlMigration[], connection: SqlConnection): Promise<string[]> {
  // Ends with the transaction, so that a pooler may be between.
  await connection.query("select pg_advisory_xact_lock($1)", [LOCK]);
  await connection.query(CREATE);
  const missing = missingOf(steps, await connection.query(FIND, [ids(steps)]));
  for (const step of missing) {
    await connection.query(step.sql);
    await connection.query(RECORD, [step.id, checksum(step)]);
  }
  return ids(missing);
}

async function found(database: SqlConnection, steps: readonly SqlMigration[]): Promise<SqlResult> {
  try {
    return await database.query(FIND, [ids(steps)]);
  } catch (error) {
    if ((error as { reason?: string }).reason !== NO_SUCH_TABLE) throw error;
    return { rows: [], count: 0 };
  }
}

function missingOf(steps: readonly SqlMigration[], { rows }: SqlResult): SqlMigration[] {
  const run = new Map(rows.map(({ id, checksum: known }) => [id, known]));
  const changed = steps.find((step) => run.has(step.id) && run.get(step.id) !== checksum(step));
  if (changed !== undefined)
    throw new ConfigurationError(
      `the step ${changed.id} of the schema was run with another text; a change needs a step of its own`,
    );
  return steps.filter(({ id }) => !run.has(id));
}

function assertDistinct(steps: readonly SqlMigration[]): void {
  const known = ids(steps);
  const twice = known.find((id, at) => known.indexOf(id) !== at);
  if (twice !== undefined) throw new ConfigurationError(`there are two steps ${twice} of the schema`);
}

function ids(steps: readonly SqlMigration[]): string[] {
  return steps.map(({ id }) => id);
}

function checksum({ sql }: SqlMigration): string {
  return createHash("sha256").update(sql).digest("hex");
}
