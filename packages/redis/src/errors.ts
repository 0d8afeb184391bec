import { AdapterError, type ErrorContext } from "@baldur/core";
import { brand } from "@baldur/core/plugin";

/** Redis is away, or went away before it answered. Available again, it takes the same command. @public */
export class RedisUnavailableError extends AdapterError {
  override readonly code = "ERR_BALDUR_REDIS_UNAVAILABLE";

  static {
    brand(RedisUnavailableError, "RedisUnavailableError");
  }

  constructor(
    /** Where Redis is, without a password. */
    readonly address: string,
    /** A word: `timeout`, `closed`, `ECONNREFUSED`, `LOADING`. */
    readonly reason: string,
    /** Whether the command was sent, and may have been carried out. */
    readonly sent: boolean,
  ) {
    super(
      sent
        ? `${address} did not answer (${reason}); the command may have been carried out`
        : `${address} is not available (${reason}); the command was not sent`,
    );
  }

  override context(): ErrorContext {
    return { address: this.address, reason: this.reason, sent: this.sent };
  }
}

/** Redis answered that it does not carry the command out. @public */
export class RedisReplyError extends AdapterError {
  override readonly code = "ERR_BALDUR_REDIS_REPLY";

  static {
    brand(RedisReplyError, "RedisReplyError");
  }

  constructor(
    /** What was asked: the name of a command or a script. */
    readonly asked: string,
    /** The first word of the answer: `WRONGTYPE`, `CROSSSLOT`, `OOM`. */
    readonly reason: string,
    answer: string,
    /** Whether Redis may take the same command later: it is busy, or out of memory. */
    override readonly retryable: boolean,
  ) {
    super(`Redis refused ${asked}: ${answer}`);
  }

  override context(): ErrorContext {
    return { asked: this.asked, reason: this.reason };
  }
}
