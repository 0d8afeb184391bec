import { ConfigurationError } from "../errors.js";
import type { ProviderFactory } from "../plugins/plugin.js";
import type { RedisClient } from "../redis/redis.js";
import type { SqlDatabase } from "../sql/sql.js";

/** The servers on which the runtimes of a fleet share state: those that plugins provide. */
export class Backends {
  #redis: RedisClient | undefined;
  #sql: SqlDatabase | undefined;
  #opened = false;

  /** Undefined where none is configured. Throws `ConfigurationError` before they were opened. */
  get redis(): RedisClient | undefined {
    this.#requireOpened();
    return this.#redis;
  }

  /** As `redis`. */
  get sql(): SqlDatabase | undefined {
    this.#requireOpened();
    return this.#sql;
  }

  /** What state is kept on; undefined where there is no server. */
  get name(): string | undefined {
    const names = [...(this.#redis ? ["redis"] : []), ...(this.#sql ? ["sql"] : [])];
    return names.length === 0 ? undefined : names.join(" and ");
  }

  /** What is missing while a server is away or refuses to write, for people. */
  get away(): string[] {
    return [
      ...missing("redis", this.#redis, "every process decides by itself"),
      ...missing("sql", this.#sql, "what is kept there waits"),
    ];
  }

  /** A server that is away is no error; rejects with `ConfigurationError` where one cannot be used as it is configured. */
  async open(provider: (kind: "redis" | "sql") => ProviderFactory | undefined): Promise<void> {
    this.#redis ??= (await provider("redis")?.()) as RedisClient | undefined;
    this.#sql ??= (await provider("sql")?.()) as SqlDatabase | undefined;
    this.#opened = true;
  }

  /** Never rejects: what was to be kept has been, or its loss was told. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#redis?.close(), this.#sql?.close()]);
  }

  #requireOpened(): void {
    if (!this.#opened)
      throw new ConfigurationError(
        "the servers of the fleet are there once start() has let the plugins register",
      );
  }
}

function missing(kind: string, server: RedisClient | SqlDatabase | undefined, effect: string): string[] {
  const { available = true, refusal } = server ?? {};
  if (refusal !== undefined) return [`${kind}: it refuses writes (${refusal}), and ${effect}`];
  return available ? [] : [`${kind}: it is away, and ${effect}`];
}
