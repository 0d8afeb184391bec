import type { Clock } from "./clock.js";
import type { DocumentStore } from "./documents/documents.js";
import { SqlDocumentStore } from "./documents/stores/sql.js";
import { documentMigrations } from "./documents/stores/sql-migrations.js";
import type { IdempotencyStore } from "./idempotency/store.js";
import { SqlIdempotencyStore } from "./idempotency/stores/sql.js";
import { idempotencyMigrations } from "./idempotency/stores/sql-migrations.js";
import type { SqlDatabase, SqlMigration } from "./sql/sql.js";
import type { TelemetryHub } from "./telemetry/telemetry.js";

/** @public */
export interface SqlStoresOptions {
  readonly database: SqlDatabase;
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryHub, "report">;
  /** Milliseconds between looks at a watched document, for notifications that were lost. Default 5,000. */
  readonly pollInterval?: number;
}

/** What core keeps in a database that a fleet shares. @public */
export interface SqlStores {
  readonly idempotency: IdempotencyStore;
  readonly documents: DocumentStore;
  /** Their tables. Each store makes its own before it is first used; a start may do so at once. */
  readonly migrations: readonly SqlMigration[];
  /** Ends what they do by themselves. The database stays open. */
  close(): Promise<void>;
}

const POLL_INTERVAL = 5000;

/** Makes them. In a chunk of its own, for most programs have no database. */
export function createSqlStores({
  database,
  clock,
  telemetry,
  pollInterval = POLL_INTERVAL,
}: SqlStoresOptions): SqlStores {
  const idempotency = new SqlIdempotencyStore({ database, clock });
  const documents = new SqlDocumentStore({ database, clock, telemetry, pollInterval });
  return {
    idempotency,
    documents,
    migrations: [...idempotencyMigrations, ...documentMigrations],
    close: async () => {
      await documents.close();
      await idempotency.close();
    },
  };
}
