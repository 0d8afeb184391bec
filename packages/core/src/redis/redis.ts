/** What Redis answers, as JavaScript values. @public */
export type RedisReply = string | number | null | readonly RedisReply[];

/** The name of a command and its arguments. @public */
export type RedisCommand = readonly [name: string, ...args: (string | number)[]];

/**
 * A script that Redis runs as one step. It compares and sets: what is right to set was decided by a pure transition.
 * @public
 */
export interface RedisScript {
  readonly name: string;
  /** Lua. Its header says what it guarantees, its keys and its arguments. */
  readonly lua: string;
}

/**
 * What the Redis stores ask of a client. Keys are whole, `prefix` included; those of one call share a hash tag, so that a
 * cluster has them in one place. Every operation rejects with `AdapterError` when Redis did not answer in time, and at once
 * while it is known to be away.
 * @public
 */
export interface RedisClient {
  /** What every key and channel begins with. */
  readonly prefix: string;
  /** Whether it is worth asking. */
  readonly available: boolean;
  /** The word with which it refuses what it is asked, while it does: `OOM`. Default: it is not known to refuse anything. */
  readonly refusal?: string | undefined;
  command(...command: RedisCommand): Promise<RedisReply>;
  /** Several commands in one round trip, not as one step. Rejects with the first error, after all were answered. */
  batch(commands: readonly RedisCommand[]): Promise<readonly RedisReply[]>;
  run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<RedisReply>;
  publish(channel: string, message: string): Promise<void>;
  /**
   * Listens, over disconnections, until disposed of. `onGap` is told when messages may have been missed: the connection
   * was lost and is there again.
   */
  subscribe(channel: string, listener: (message: string) => void, onGap?: () => void): Disposable;
  /** Told when `available` changes, until disposed of. */
  watch(listener: (available: boolean) => void): Disposable;
  close(): Promise<void>;
}
