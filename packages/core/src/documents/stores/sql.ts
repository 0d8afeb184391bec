import type { Clock } from "../../clock.js";
import { Schema } from "../../sql/schema.js";
import type { SqlDatabase } from "../../sql/sql.js";
import type { TelemetryHub } from "../../telemetry/telemetry.js";
import type { CompareAndSetResult, DocumentStore, VersionedDocument } from "../documents.js";
import { documentQuarantined } from "../events.js";
import { documentMigrations } from "./sql-migrations.js";
import { type Found, Watch } from "./watch.js";

const CHANNEL = "baldur_documents";
const FIND = "select version, value, updated_at from baldur_documents where key = $1";
const NOTIFY = `select pg_notify('${CHANNEL}', key) from written`;
const CREATE = `with written as (
  insert into baldur_documents (key, version, value, updated_at) values ($1, 1, $2, $3)
  on conflict (key) do nothing returning key
) ${NOTIFY}`;
/** Compares with all that was read, so that garbage in the place of a document is not overwritten unseen. */
const REPLACE = `with written as (
  update baldur_documents set version = $5 + 1, value = $2, updated_at = $3
  where key = $1 and value = $4 and version = $5 returning key
) ${NOTIFY}`;
const PUT_ASIDE = `with written as (
  update baldur_documents set key = $2 where key = $1 and value = $3 and version = $4 returning $1::text as key
) ${NOTIFY}`;

/** @public */
export interface SqlDocumentStoreOptions {
  readonly database: SqlDatabase;
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryHub, "report">;
  /** Milliseconds between looks at a watched document, for notifications that were lost or that nobody listens to. */
  readonly pollInterval: number;
}

/** A row as it was read; nothing is known of it yet. */
interface Row {
  readonly version: number;
  readonly value: string;
  readonly updated_at: number;
}

/**
 * Documents of all processes that share a database. A change is announced by the statement that writes it, so that others see
 * it at once; while the database is away nothing can be read or written, and who watches keeps what was seen last.
 * @public
 */
export class SqlDocumentStore implements DocumentStore {
  readonly #options: SqlDocumentStoreOptions;
  readonly #schema: Schema;
  readonly #watches = new Set<Watch>();

  constructor(options: SqlDocumentStoreOptions) {
    this.#options = options;
    this.#schema = new Schema(options.database, documentMigrations);
  }

  async read(key: string): Promise<VersionedDocument | undefined> {
    const row = await this.#sound(key);
    return row === undefined ? undefined : documentOf(row);
  }

  async compareAndSet(key: string, expectedVersion: number, value: object): Promise<CompareAndSetResult> {
    const text = JSON.stringify(value);
    for (;;) {
      const present = await this.#sound(key);
      if ((present?.version ?? 0) !== expectedVersion)
        return present === undefined ? { ok: false } : { ok: false, current: documentOf(present) };
      // In vain where somebody was faster: then another version is there.
      if (await this.#write(key, text, present)) return { ok: true, version: expectedVersion + 1 };
    }
  }

  watch(key: string, listener: (document: VersionedDocument | undefined) => void): Disposable {
    const { database } = this.#options;
    const watch = new Watch({
      ...this.#options,
      listener,
      subscribe: (look) => database.listen(CHANNEL, (changed) => changed === key && look(), look),
      isReadable: () => database.available,
      find: () => this.#look(key),
    });
    this.#watches.add(watch);
    return {
      [Symbol.dispose]: () => {
        watch.stop();
        this.#watches.delete(watch);
      },
    };
  }

  /** The database is not its own, and stays open. */
  async close(): Promise<void> {
    for (const watch of this.#watches) watch.stop();
    this.#watches.clear();
  }

  async #look(key: string): Promise<Found> {
    const row = await this.#sound(key);
    return row === undefined ? {} : { text: JSON.stringify(row), document: documentOf(row) };
  }

  /** The row that holds a document. One that holds none is put aside by one of those who see it, which tells. */
  async #sound(key: string): Promise<Row | undefined> {
    await this.#schema.ensure();
    const { rows } = await this.#options.database.query(FIND, [key]);
    const row = rows[0] as unknown as Row | undefined;
    if (row === undefined || isSound(row)) return row;
    await this.#putAside(key, row);
    return undefined;
  }

  async #write(key: string, text: string, present: Row | undefined): Promise<boolean> {
    const { database, clock } = this.#options;
    const written = [key, text, clock.now()];
    const { count } =
      present === undefined
        ? await database.query(CREATE, written)
        : await database.query(REPLACE, [...written, present.value, present.version]);
    return count > 0;
  }

  async #putAside(key: string, { value, version }: Row): Promise<void> {
    const { database, clock, telemetry } = this.#options;
    const keptAs = `${key}.corrupt-${clock.now()}`;
    const { count } = await database.query(PUT_ASIDE, [key, keptAs, value, version]);
    if (count > 0) telemetry.report(documentQuarantined, { file: key, kept_as: keptAs });
  }
}

function isSound({ version, value }: Row): boolean {
  try {
    const parsed: unknown = JSON.parse(value);
    return version > 0 && typeof parsed === "object" && parsed !== null;
  } catch {
    return false; // torn or garbage
  }
}

function documentOf({ version, value, updated_at }: Row): VersionedDocument {
  return { version, value: JSON.parse(value) as unknown, updatedAt: updated_at };
}
