import { type Baldur, createBaldur } from "@baldur/core";
import {
  type Clock,
  type Plugin,
  type PluginContext,
  type SqlConnection,
  type SqlDatabase,
  type SqlMigration,
  type SqlResult,
  type SqlStores,
  type SqlTransaction,
  sqlStores,
} from "@baldur/core/plugin";
import { type PostgresServer, startPostgres } from "@baldur/services";
import { Client, type Pool } from "pg";
import type { Source } from "../src/connections.js";
import { PostgresDatabase } from "../src/database.js";
import { type SqlSettings, sqlSettings } from "../src/settings.js";
import { ownSource } from "../src/source.js";

/** Large counts in a soak. */
export const runs = (usual: number): number => (process.env["BALDUR_SOAK"] === "1" ? usual * 50 : usual);

const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

export interface Reported {
  readonly event: string;
  readonly [fact: string]: unknown;
}

export interface OpenOptions {
  readonly settings?: Partial<SqlSettings>;
  readonly clock?: Clock;
  readonly dsn?: string;
  readonly source?: () => Source;
}

/** Ends a pool; the server may stop before its connections are closed, which is no error then. */
export async function endPool(pool: Pool): Promise<void> {
  pool.on("error", () => undefined);
  await pool.end();
}

/** A server, with a database of its own for each test, and what was opened on it. */
export class Postgres implements AsyncDisposable {
  readonly events: Reported[] = [];
  readonly #opened: SqlDatabase[] = [];
  readonly #runtimes: Baldur[] = [];
  readonly #clients: Client[] = [];
  readonly #closing: (() => Promise<unknown>)[] = [];
  #databases = 0;
  #name = "postgres";

  private constructor(readonly server: PostgresServer) {}

  static async start(settings: Record<string, string | number> = {}): Promise<Postgres> {
    return new Postgres(await startPostgres({ settings }));
  }

  get url(): string {
    return this.server.url.replace(/[^/]*$/, this.#name);
  }

  /** From now on `url` names an empty one. */
  async newDatabase(): Promise<void> {
    const name = `test_${++this.#databases}`;
    const client = new Client({ connectionString: this.server.url });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    this.#name = name;
    this.events.length = 0;
  }

  /** Opens the database as the plugin does, with events recorded. */
  async open({
    settings,
    clock = systemClock,
    dsn = this.url,
    source,
  }: OpenOptions = {}): Promise<PostgresDatabase> {
    const context = await this.#context(clock);
    const values = { ...context.settings(sqlSettings), ...settings };
    const open = source ?? (await ownSource({ option: "dsn", dsn }, values));
    const random = (): number => 0.5;
    const database = new PostgresDatabase({
      open,
      clock,
      random,
      settings: values,
      telemetry: context.telemetry,
    });
    this.#opened.push(database);
    await database.start();
    return database;
  }

  /** Of `pg` itself. */
  async client(): Promise<Client> {
    const client = new Client({ connectionString: this.url });
    client.on("error", () => undefined);
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  /** Called before the databases are closed. */
  onClose(close: () => Promise<unknown>): void {
    this.#closing.push(close);
  }

  named(event: string): Reported[] {
    return this.events.filter((told) => told.event === event);
  }

  /** Closes what was opened; the server runs on. */
  async closeAll(): Promise<void> {
    await Promise.all(this.#closing.splice(0).map((close) => close()));
    await Promise.all(this.#opened.splice(0).map((database) => database.close()));
    await Promise.all(this.#clients.splice(0).map((client) => client.end().catch(() => undefined)));
    await Promise.all(this.#runtimes.splice(0).map((runtime) => runtime.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeAll();
    await this.server.stop();
  }

  async #context(clock: Clock): Promise<PluginContext> {
    let context: PluginContext | undefined;
    const probe: Plugin = {
      name: "probe",
      settings: [sqlSettings],
      register: (given) => void (context = given),
    };
    const quiet = (): void => undefined;
    const runtime = createBaldur({
      clock,
      discover: false,
      env: {},
      plugins: [probe],
      logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      settings: { control: { backend: "memory" } },
    });
    this.#runtimes.push(runtime);
    runtime.telemetry.subscribe(({ name, payload }) => void this.events.push({ event: name, ...payload }));
    await runtime.start();
    return context as unknown as PluginContext;
  }
}

/** A database that keeps account of what it is asked. */
export class Counted implements SqlDatabase {
  statements: string[] = [];
  inFlight = 0;

  constructor(private readonly database: SqlDatabase) {}

  get available(): boolean {
    return this.database.available;
  }

  get ambient(): SqlTransaction | undefined {
    return this.database.ambient;
  }

  query(text: string, values?: readonly unknown[]): Promise<SqlResult> {
    this.statements.push(text);
    return this.#counted(this.database.query(text, values));
  }

  transaction<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }

  migrate(migrations: readonly SqlMigration[]): Promise<void> {
    return this.#counted(this.database.migrate(migrations));
  }

  notify(channel: string, message: string): Promise<void> {
    return this.database.notify(channel, message);
  }

  listen(channel: string, listener: (message: string) => void, onGap?: () => void): Disposable {
    return this.database.listen(channel, listener, onGap);
  }

  watch(listener: (available: boolean) => void): Disposable {
    return this.database.watch(listener);
  }

  close(): Promise<void> {
    return this.database.close();
  }

  /** Resolves when nothing is asked any more, nor begun by what was answered last. */
  async rests(): Promise<void> {
    for (let turns = 0; turns < 3; turns++) {
      await eventually(() => this.inFlight === 0);
      await new Promise((resolve) => setImmediate(resolve));
      if (this.inFlight > 0) turns = 0;
    }
  }

  async #counted<T>(asked: Promise<T>): Promise<T> {
    this.inFlight++;
    try {
      return await asked;
    } finally {
      this.inFlight--;
    }
  }
}

export interface StoresOptions extends Pick<OpenOptions, "settings" | "dsn"> {
  /** Of the stores; that of the database is the system's. */
  readonly clock?: Clock;
  readonly pollInterval?: number;
}

/** The stores of core on a database of their own, as one process has them. */
export async function storesOf(
  postgres: Postgres,
  { clock = systemClock, pollInterval, ...options }: StoresOptions = {},
): Promise<SqlStores & { readonly database: Counted }> {
  const database = new Counted(await postgres.open(options));
  const telemetry = {
    report: ({ name }: { name: string }, payload: object) =>
      void postgres.events.push({ event: name, ...payload }),
  };
  const stores = await sqlStores({
    database,
    clock,
    telemetry: telemetry as never,
    ...(pollInterval !== undefined && { pollInterval }),
  });
  postgres.onClose(() => stores.close());
  return { ...stores, database };
}

/** The error of a promise that must reject. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error("it did not reject");
}

const WITHIN = 15_000;

/** Asks until the answer is neither undefined nor false, and fails after a while. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  within: number = WITHIN,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false && answer !== null) return answer;
    if (performance.now() > deadline) throw new Error(`in vain: ${ask}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
