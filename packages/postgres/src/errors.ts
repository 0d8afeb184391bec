import { AdapterError, type ErrorContext } from "@baldur/core";
import { brand } from "@baldur/core/plugin";

/** Postgres is away, or went away before it answered. Available again, it takes the same statement. @public */
export class PostgresUnavailableError extends AdapterError {
  override readonly code = "ERR_BALDUR_POSTGRES_UNAVAILABLE";

  static {
    brand(PostgresUnavailableError, "PostgresUnavailableError");
  }

  constructor(
    /** Where Postgres is, without a password. */
    readonly address: string,
    /** A word: `timeout`, `closed`, `busy`, `ECONNREFUSED`, `57P03`. */
    readonly reason: string,
    /** Whether the statement was sent, and may have been carried out. */
    readonly sent: boolean,
    options?: ErrorOptions,
  ) {
    super(
      sent
        ? `${address} did not answer (${reason}); the statement may have been carried out`
        : `${address} is not available (${reason}); the statement was not sent`,
      options,
    );
  }

  override context(): ErrorContext {
    return { address: this.address, reason: this.reason, sent: this.sent };
  }
}

/** Postgres answered that it does not carry the statement out. `cause` is the error of `pg`. @public */
export class PostgresStatementError extends AdapterError {
  override readonly code = "ERR_BALDUR_POSTGRES_STATEMENT";
  /** True where the same statement may be taken later: the transaction lost a race, or room or a lock is missing. */
  override readonly retryable: boolean;

  static {
    brand(PostgresStatementError, "PostgresStatementError");
  }

  constructor(
    /** The SQLSTATE: `42P01`, `23505`. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    const words = (options?.cause as Error | undefined)?.message ?? reason;
    super(`Postgres refused a statement: ${words}`, options);
    this.retryable = /^(40|53|55)/.test(reason);
  }

  override context(): ErrorContext {
    return { reason: this.reason };
  }
}
