import type { FakeClock } from "@baldur/testkit";
import type { Clock } from "../../../src/clock.js";
import type { RedisClient, RedisCommand, RedisReply, RedisScript } from "../../../src/redis/redis.js";

/** What a Redis holds of the circuits: its memory, its clock, and who listens. */
export class WiredRedis {
  readonly texts: Map<string, string> = new Map();
  readonly listeners: Set<(text: string) => void> = new Set();

  constructor(readonly clock: FakeClock) {}

  get micros(): number {
    return Math.floor(this.clock.now() * 1000);
  }

  do([name, key = ""]: RedisCommand): RedisReply {
    const { micros } = this;
    if (name === "GET") return this.texts.get(String(key)) ?? null;
    if (name === "TIME") return [String(Math.floor(micros / 1e6)), String(micros % 1e6)];
    return []; // the index of changes, which is told and not asked
  }

  /** As `swap.lua` says. */
  swap(key: string, [expected, text, , notBefore, notAfter, channel]: readonly string[]): RedisReply {
    const { micros } = this;
    const now = Math.floor(micros / 1000);
    const found = this.texts.get(key);
    const isExpected = expected === "" ? found === undefined : found?.startsWith(expected as string);
    const isLate = notAfter !== "0" && now >= Number(notAfter);
    if (isExpected !== true || now < Number(notBefore) || isLate) return [micros, found ?? null];
    this.texts.set(key, text as string);
    if (channel !== "") for (const listener of this.listeners) listener(text as string);
    return [micros];
  }
}

/** A process's connection to it: what a question takes there, and what its answer takes back. */
export class Wire implements RedisClient {
  readonly prefix = "baldur:";
  readonly available = true;
  latency: readonly [there: number, back: number] = [0, 0];

  constructor(private readonly redis: WiredRedis) {}

  command(...command: RedisCommand): Promise<RedisReply> {
    return this.#ask(() => this.redis.do(command));
  }

  batch(commands: readonly RedisCommand[]): Promise<readonly RedisReply[]> {
    return Promise.all(commands.map((command) => this.command(...command)));
  }

  run(
    _: RedisScript,
    [key = ""]: readonly string[],
    args: readonly (string | number)[],
  ): Promise<RedisReply> {
    return this.#ask(() => this.redis.swap(key, args.map(String)));
  }

  async publish(): Promise<void> {
    // The script does.
  }

  subscribe(_: string, listener: (text: string) => void): Disposable {
    this.redis.listeners.add(listener);
    return { [Symbol.dispose]: () => void this.redis.listeners.delete(listener) };
  }

  watch(): Disposable {
    return { [Symbol.dispose]: () => undefined };
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  async #ask(work: () => RedisReply): Promise<RedisReply> {
    const [there, back] = this.latency;
    await this.#pass(there);
    const reply = work();
    await this.#pass(back);
    return reply;
  }

  async #pass(milliseconds: number): Promise<void> {
    if (milliseconds === 0) return;
    await new Promise<void>((resolve) => this.redis.clock.setTimeout(resolve, milliseconds));
  }
}

/** The clock of a host whose wall clock is off. */
export const skewed = (clock: FakeClock, skew: number): Clock => ({
  now: () => clock.now() + skew,
  monotonic: () => clock.monotonic(),
  setTimeout: (callback, delay) => clock.setTimeout(callback, delay),
  clearTimeout: (handle) => clock.clearTimeout(handle),
});
