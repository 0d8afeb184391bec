import { ConfigurationError } from "@baldur/core";
import type {
  SqlConnection,
  SqlDatabase,
  SqlMigration,
  SqlPool,
  SqlResult,
  SqlTransaction,
} from "@baldur/core/plugin";
import { Access, type AccessParts } from "./access.js";
import { addressOf, heard } from "./client.js";
import { failureOf } from "./failure.js";
import { migrate } from "./migration.js";
import { enclosing, type Observer, scope } from "./scope.js";
import { inTransaction } from "./session-transaction.js";
import type { SqlSettings } from "./settings.js";
import { Subscriptions } from "./subscriptions.js";

/** Milliseconds for a statement of a migration, which others may have to wait for. */
const MIGRATION_TIMEOUT = 60_000;

export interface PostgresDatabaseParts extends AccessParts {
  readonly settings: SqlSettings;
}

/** Postgres over a pool of `pg`. */
export class PostgresDatabase implements SqlDatabase {
  readonly #settings: SqlSettings;
  readonly #access: Access;
  readonly #subscriptions: Subscriptions;
  readonly #observer: Observer;
  #closing: Promise<void> | undefined;

  constructor(parts: PostgresDatabaseParts) {
    const { clock, random, settings } = parts;
    const access = new Access(parts);
    const { reporter } = access;
    this.#settings = settings;
    this.#access = access;
    this.#subscriptions = new Subscriptions({
      clock,
      random,
      timeout: settings.connectTimeout,
      connect: () => access.client(),
      onLoss: (error) => access.subscriptionLost(failureOf(error)),
      onRecovery: (after) => reporter.subscriptionRecovered(after),
      onListenerError: (listener, error) => reporter.listenerFailed(listener, error),
    });
    this.#observer = {
      rollbackFailed: (error) => reporter.rollbackFailed(failureOf(error)),
      listenerFailed: (error) => reporter.listenerFailed("transaction", error),
    };
  }

  get available(): boolean {
    return this.#access.available;
  }

  get refusal(): string | undefined {
    return this.#access.refusal;
  }

  get pool(): SqlPool {
    return this.#access.pool;
  }

  get ambient(): SqlTransaction | undefined {
    let elsewhere: string | undefined;
    for (const frame of enclosing()) {
      const address = addressOf(frame.client);
      if (address === this.#access.address) return frame;
      elsewhere ??= address;
    }
    if (elsewhere !== undefined) this.#access.reporter.transactionElsewhere(elsewhere);
    return undefined;
  }

  /** Looks whether the database is there. Never rejects. */
  async start(): Promise<void> {
    scope().observers.add(this.#observer);
    await this.#access.start();
  }

  query(text: string, values?: readonly unknown[]): Promise<SqlResult> {
    return this.#access.lend((session) => session.query(text, values));
  }

  transaction<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T> {
    return this.#transaction(work, this.#settings.statementTimeout);
  }

  migrate(migrations: readonly SqlMigration[]): Promise<void> {
    const { schemaManaged, autocommit } = this.#settings;
    return migrate(migrations, {
      database: this,
      transaction: (work) => this.#transaction(work, MIGRATION_TIMEOUT),
      managed: schemaManaged && !autocommit,
      onApplied: (id) => this.#access.reporter.migrationApplied(id),
    });
  }

  async notify(channel: string, message: string): Promise<void> {
    await this.query("select pg_notify($1, $2)", [channel, message]);
  }

  listen(channel: string, listener: (message: string) => void, onGap?: () => void): Disposable {
    if (!this.#settings.listen || this.#closing !== undefined) return { [Symbol.dispose]: heard };
    return this.#subscriptions.add(channel, { listener, onGap });
  }

  watch(listener: (available: boolean) => void): Disposable {
    return this.#access.watch(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    scope().observers.delete(this.#observer);
    await this.#subscriptions.close();
    await this.#access.close();
  }

  async #transaction<T>(work: (connection: SqlConnection) => Promise<T>, timeout: number): Promise<T> {
    if (this.#settings.autocommit)
      throw new ConfigurationError("BALDUR_SQL_AUTOCOMMIT is set, and so nothing begins a transaction");
    return this.#access.lend((session) => inTransaction(session, work, timeout), timeout);
  }
}
