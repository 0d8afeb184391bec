import type { Clock, RedisClient, RedisCommand, RedisReply, RedisScript } from "@baldur/core/plugin";
import type { Random } from "./backoff.js";
import { Connection, type Observer, type Timing } from "./connection.js";
import { RedisUnavailableError } from "./errors.js";
import { type Failure, READ_ONLY, TIMEOUT } from "./failure.js";
import type { Link } from "./link.js";
import { tell } from "./listeners.js";
import { Refusals } from "./refusals.js";
import { CommandsReporter, type Report } from "./reporter.js";
import { Scripts } from "./scripts.js";
import { Subscriptions } from "./subscriptions.js";
import type { Target } from "./target.js";

export interface ClientParts {
  readonly prefix: string;
  readonly target: Target;
  readonly timing: Timing;
  /** Milliseconds that the start, and a reading that is tried again, wait for a connection. */
  readonly patience: number;
  readonly retryOnTimeout: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Report;
}

/**
 * Milliseconds, together less than a second: everybody is to know by then that Redis is away, also where nothing is asked.
 * An answer may take that long all the same, so what waits for it goes on waiting.
 */
const ALERT = { healthCheckInterval: 250, silence: 650 };

/** Commands that change nothing, of those that the stores use: sending one twice does no harm. */
const READINGS: ReadonlySet<string> = new Set([
  "EXISTS",
  "GET",
  "HGET",
  "HGETALL",
  "HMGET",
  "LRANGE",
  "MGET",
  "PING",
  "PTTL",
  "SCAN",
  "SMEMBERS",
  "TIME",
  "TTL",
  "ZCARD",
  "ZRANGE",
  "ZSCORE",
]);

/** The client of ioredis as the stores need it: nothing hangs, nothing is sent twice. */
export class IoRedisClient implements RedisClient, Observer {
  readonly prefix: string;
  readonly #parts: ClientParts;
  readonly #reporter: CommandsReporter;
  readonly #connection: Connection;
  readonly #subscriptions: Subscriptions;
  readonly #scripts = new Scripts();
  readonly #watchers = new Set<(available: boolean) => void>();
  readonly #refusals: Refusals;
  #failure: Failure | undefined;

  constructor(parts: ClientParts) {
    const { target, telemetry, timing } = parts;
    const { address } = target;
    this.#parts = parts;
    this.prefix = parts.prefix;
    this.#reporter = new CommandsReporter({ ...parts, address });
    const watched = { ...timing, ...ALERT };
    this.#connection = new Connection({
      ...parts,
      address,
      timing: watched,
      source: target.commands,
      observer: this,
      verify: (link) => link.call(this.#check),
    });
    this.#refusals = new Refusals({
      ...parts,
      check: () => this.command(...this.#check),
      onChange: (reason) => this.#reporter.refusal(reason),
    });
    this.#subscriptions = new Subscriptions({ ...parts, address, source: target.messages, telemetry });
  }

  get available(): boolean {
    return this.#connection.isUp;
  }

  get refusal(): string | undefined {
    if (this.available) return this.#refusals.reason;
    return this.#failure?.type === READ_ONLY ? READ_ONLY : undefined;
  }

  /** Connects. Resolves when that is done, or has taken too long for a start. Never rejects. */
  async open(): Promise<void> {
    this.#connection.start();
    this.#refusals.start();
    await this.#connection.whenUp(this.#parts.patience);
    if (!this.available) this.#reporter.unavailable();
  }

  command(...given: RedisCommand): Promise<RedisReply> {
    const command = plain(given);
    const [name] = command;
    const ask = (link: Link): Promise<RedisReply> => link.call(command) as Promise<RedisReply>;
    const reply = this.#connection.send(name, ask);
    if (!this.#parts.retryOnTimeout || !READINGS.has(name)) return reply;
    return reply.catch((error: unknown) => this.#askAgain(error, () => this.#connection.send(name, ask)));
  }

  batch(commands: readonly RedisCommand[]): Promise<readonly RedisReply[]> {
    if (commands.length === 0) return Promise.resolve([]);
    const plainly = commands.map(plain);
    return this.#connection.send("a batch", async (link) => {
      const outcomes = await link.pipeline(plainly);
      const failed = outcomes.find(([error]) => error !== null);
      if (failed !== undefined) throw failed[0];
      return outcomes.map(([, reply]) => reply as RedisReply);
    });
  }

  run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<RedisReply> {
    return this.#connection.send(
      `script ${script.name}`,
      (link) => this.#scripts.run(link, script, keys, args) as Promise<RedisReply>,
    );
  }

  async publish(channel: string, message: string): Promise<void> {
    await this.command("PUBLISH", channel, message);
  }

  subscribe(channel: string, listener: (message: string) => void, onGap?: () => void): Disposable {
    return this.#subscriptions.add(channel, listener, onGap);
  }

  watch(listener: (available: boolean) => void): Disposable {
    const watcher = (available: boolean): void => listener(available); // the same function may watch twice
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  async close(): Promise<void> {
    const wasAvailable = this.available;
    this.#refusals.close();
    const closing = [this.#connection.close(), this.#subscriptions.close()];
    if (wasAvailable) this.#tell(false);
    this.#watchers.clear();
    await Promise.all(closing);
  }

  up(): void {
    this.#failure = undefined;
    this.#reporter.up();
    this.#tell(true);
  }

  down(failure: Failure): void {
    this.#failure = failure;
    this.#reporter.down(failure);
    this.#tell(false);
  }

  failed(failure: Failure): void {
    this.#failure = failure;
    this.#reporter.failed(failure);
  }

  missed(how: Parameters<Observer["missed"]>[0]): void {
    this.#reporter.missed(how);
  }

  refused(failure: Failure): void {
    this.#refusals.refused(failure);
  }

  /** Writes a key that nobody reads. */
  get #check(): RedisCommand {
    return ["SET", `${this.prefix}write_check`, "1", "PX", 1000];
  }

  async #askAgain<T>(error: unknown, ask: () => Promise<T>): Promise<T> {
    const timedOut = error instanceof RedisUnavailableError && error.sent && error.reason === TIMEOUT.type;
    if (!timedOut) throw error;
    await this.#connection.whenUp(this.#parts.patience);
    if (!this.available) throw error;
    return ask();
  }

  #tell(available: boolean): void {
    for (const watcher of [...this.#watchers]) tell(this.#parts.telemetry, "watch", () => watcher(available));
  }
}

/** In capitals: of some commands in small letters ioredis changes the reply. */
function plain([name, ...args]: RedisCommand): RedisCommand {
  return [name.toUpperCase(), ...args];
}
