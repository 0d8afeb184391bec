/** @public */
export interface SqlResult {
  /**
   * By column: numbers of every width but `numeric` as numbers, booleans, `null`, and everything else as the text that
   * PostgreSQL writes it as.
   */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Rows that were found or changed. */
  readonly count: number;
}

/** Where statements run one after the other. @public */
export interface SqlConnection {
  /** One statement of PostgreSQL's dialect, with `$1` and so on for its values. Never prepared by name. */
  query(text: string, values?: readonly unknown[]): Promise<SqlResult>;
}

/** How a transaction ended. "unknown": its commit was sent and no answer came, or it is not Baldur's to end. @public */
export type SqlOutcome = "committed" | "rolled-back" | "unknown";

/** A transaction that the calling code is in. @public */
export interface SqlTransaction extends SqlConnection {
  /** Called once when it has ended, before its caller hears of that, and waited for. What it throws is reported. */
  onEnd(listener: (outcome: SqlOutcome) => void | PromiseLike<void>): void;
}

/** A step of a schema. @public */
export interface SqlMigration {
  /** Unique, and never given to another text: `dlq-1`. */
  readonly id: string;
  /** Statements, divided by semicolons. */
  readonly sql: string;
}

/** Connections to a database. @public */
export interface SqlPool {
  /** Open ones. */
  readonly size: number;
  /** Of those, ones that nobody uses. */
  readonly idle: number;
  /** Who waits for one. */
  readonly waiting: number;
  /** At most. */
  readonly limit: number;
}

/**
 * What the SQL stores ask of a database. Every operation rejects with `AdapterError` when it could not be asked, did not
 * answer in time or refused, and at once while it is known to be away.
 * @public
 */
export interface SqlDatabase extends SqlConnection {
  /** Whether it is worth asking. */
  readonly available: boolean;
  /** The SQLSTATE with which it refuses to write, while it does: `25006`. Default: it is not known to refuse anything. */
  readonly refusal?: string | undefined;
  /** Its connections as they are now, where it keeps several. */
  readonly pool?: SqlPool | undefined;
  /** The transaction that the calling code is in, where it was begun with the adapter's `withTransaction`. */
  readonly ambient: SqlTransaction | undefined;
  /** Runs `work` in a transaction of its own, which is rolled back when it rejects; the error is kept. */
  transaction<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T>;
  /**
   * Runs those steps that were not run yet, each once, however many processes start together. Rejects with
   * `ConfigurationError` for a step whose text is not the one that was run, and, where the schema is not Baldur's to
   * manage, for steps that are missing.
   */
  migrate(migrations: readonly SqlMigration[]): Promise<void>;
  notify(channel: string, message: string): Promise<void>;
  /**
   * Listens, over disconnections, until disposed of. `onGap` is told when messages may have been missed: the connection
   * was lost, or not there yet, and is there now. Messages may also never arrive: who must not miss one looks by itself.
   */
  listen(channel: string, listener: (message: string) => void, onGap?: () => void): Disposable;
  /** Told when `available` changes, until disposed of. */
  watch(listener: (available: boolean) => void): Disposable;
  close(): Promise<void>;
}
