import { AdapterError } from "../../src/errors.js";
import type { RedisClient, RedisCommand, RedisReply, RedisScript } from "../../src/redis/redis.js";

type Held = string | Map<string, string | number>;
interface Entry {
  held: Held;
  until: number;
}

/** What becomes of one call. */
export type Fate =
  | "answered"
  /** Carried out, and the answer is lost. */
  | "lost"
  /** Not sent at all. */
  | "refused"
  /** Sent, and never carried out. */
  | "dropped"
  /** Sent, and carried out when `arrive` is called. */
  | "late"
  /** As `late`, and nobody is told. */
  | "hanging";

class Unavailable extends AdapterError {
  constructor(readonly sent: boolean) {
    super(sent ? "no answer" : "not available");
  }
}

class Refusal extends AdapterError {
  override readonly retryable = false;
}

/** The memory of a Redis: what the storage uses of it, and its scripts in TypeScript. */
export class FakeServer {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly now: () => number) {}

  /** As a Redis without persistence does that is started again. */
  forget(): void {
    this.#entries.clear();
  }

  get keys(): string[] {
    return [...this.#entries.keys()].filter((key) => this.#find(key) !== undefined);
  }

  /** In seconds; undefined: for ever. */
  until(key: string): number | undefined {
    const until = this.#entries.get(key)?.until;
    return until === Number.POSITIVE_INFINITY ? undefined : until;
  }

  do([name, ...args]: RedisCommand): RedisReply {
    const [key = "", ...rest] = args.map(String);
    switch (name) {
      case "PING":
        return "PONG";
      case "GET":
        return this.#text(key) ?? null;
      case "SET":
        return this.#set(key, rest[0] as string, rest.slice(1));
      case "DEL":
        return Number(this.#entries.delete(key));
      case "INCRBY":
        return this.#increment(key, Number(rest[0]));
      case "PEXPIRE":
        return this.#expire(key, Number(rest[0]));
      case "HSET":
        return this.#put(key, pairs(rest));
      case "ZADD":
        return this.#put(
          key,
          pairs(rest).map(([score, member]) => [member, Number(score)] as const),
        );
      case "HDEL":
      case "ZREM":
        return this.#drop(key, rest);
      case "HGET":
        return (this.#map(key)?.get(rest[0] as string) as string | undefined) ?? null;
      case "HGETALL":
        return [...(this.#map(key) ?? [])].flat();
      case "ZRANGE":
        return this.#range(key, Number(rest[0]), Number(rest[1]));
      default:
        throw new Error(`the fake does not know ${name}`);
    }
  }

  run({ name }: RedisScript, keys: readonly string[], args: readonly (string | number)[]): RedisReply {
    const script = this.#scripts[name];
    if (script === undefined) throw new Error(`the fake does not know ${name}`);
    return script(keys, args.map(String));
  }

  readonly #scripts: Record<string, (keys: readonly string[], args: readonly string[]) => RedisReply> = {
    "storage.apply-once": ([applied = "", ...keys], args) => {
      const done = Number(this.#text(applied) ?? 0);
      let [last, refused, at] = [done, 0, 0];
      while (at < args.length) {
        const [seq, place, count] = args.slice(at, at + 3).map(Number) as [number, number, number];
        const [command = "", ...rest] = args.slice(at + 3, at + 4 + count);
        at += 4 + count;
        if (seq <= done) continue;
        try {
          this.do([command, keys[place - 2] as string, ...rest]);
        } catch {
          refused++;
        }
        last = Math.max(last, seq);
      }
      this.do(["SET", applied, last]);
      return refused;
    },
    "storage.increment-once": ([counter = "", sent = ""], [by, number = "", settled, kept]) => {
      const known = this.#map(sent);
      const floor = Number(known?.get("settled") ?? 0);
      if (Number(number) < floor || known?.has(number)) return Number(this.#text(counter) ?? 0);
      const value = this.do(["INCRBY", counter, Number(by)]);
      this.do(["ZADD", sent, number, number]);
      if (Number(settled) > floor) {
        for (const [member, score] of [...(this.#map(sent) ?? [])])
          if (Number(score) < Number(settled)) this.do(["ZREM", sent, member]);
        this.do(["ZADD", sent, Number(settled), "settled"]);
      }
      this.do(["PEXPIRE", sent, Number(kept)]);
      return value;
    },
    "storage.replace": ([key = ""], [isSeen, seen, value = "", ttl]) => {
      const found = this.#text(key);
      if (found !== (isSeen === "1" ? seen : undefined)) return 0;
      this.do(ttl === "0" ? ["SET", key, value] : ["SET", key, value, "PX", Number(ttl)]);
      return 1;
    },
    "storage.scan": (_, [, pattern = ""]) => {
      const prefix = pattern.slice(0, -1).replaceAll(/\\(.)/g, "$1");
      return ["0", this.keys.filter((key) => key.startsWith(prefix))];
    },
  };

  #find(key: string): Held | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.until <= this.now()) this.#entries.delete(key);
    return this.#entries.get(key)?.held;
  }

  #text(key: string): string | undefined {
    const held = this.#find(key);
    if (held === undefined || typeof held === "string") return held;
    throw new Refusal("WRONGTYPE");
  }

  #map(key: string): Map<string, string | number> | undefined {
    const held = this.#find(key);
    if (typeof held === "string") throw new Refusal("WRONGTYPE");
    return held;
  }

  #set(key: string, value: string, options: readonly string[]): RedisReply {
    if (options.includes("NX") && this.#find(key) !== undefined) return null;
    const px = options.indexOf("PX");
    const until = px < 0 ? Number.POSITIVE_INFINITY : this.now() + Number(options[px + 1]);
    this.#entries.set(key, { held: value, until });
    return "OK";
  }

  #increment(key: string, by: number): number {
    const found = this.#text(key) ?? "0";
    if (!/^-?\d+$/.test(found)) throw new Refusal("ERR value is not an integer");
    const until = this.#entries.get(key)?.until ?? Number.POSITIVE_INFINITY;
    this.#entries.set(key, { held: String(Number(found) + by), until });
    return Number(found) + by;
  }

  #expire(key: string, ttl: number): number {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.until = this.now() + ttl;
    return Number(entry !== undefined);
  }

  #put(key: string, values: readonly (readonly [string, string | number])[]): number {
    const map = this.#map(key) ?? new Map<string, string | number>();
    for (const [field, value] of values) map.set(field, value);
    const until = this.#entries.get(key)?.until ?? Number.POSITIVE_INFINITY;
    this.#entries.set(key, { held: map, until });
    return values.length;
  }

  #drop(key: string, fields: readonly string[]): number {
    const map = this.#map(key);
    for (const field of fields) map?.delete(field);
    if (map?.size === 0) this.#entries.delete(key);
    return fields.length;
  }

  #range(key: string, start: number, stop: number): string[] {
    const scored = [...(this.#map(key) ?? [])] as [string, number][];
    const all = scored
      .sort(([a, one], [b, other]) => one - other || (a < b ? -1 : 1))
      .map(([member]) => member);
    const at = (rank: number) => (rank < 0 ? all.length + rank : rank);
    return all.slice(Math.max(0, at(start)), Math.max(0, at(stop) + 1));
  }
}

function pairs(list: readonly string[]): [string, string][] {
  return list.flatMap((one, at) => (at % 2 === 0 ? [[one, list[at + 1] as string] as [string, string]] : []));
}

/** A client of that memory, whose calls may meet any fate. */
export class FakeRedis implements RedisClient {
  readonly prefix = "baldur:";
  available = true;
  /** What becomes of the next call. */
  fate: (asked: string) => Fate = () => "answered";
  /** What was asked while it was available. */
  readonly asked: string[] = [];
  readonly #watchers = new Set<(available: boolean) => void>();
  readonly #late: (() => void)[] = [];

  constructor(readonly server: FakeServer) {}

  command(...command: RedisCommand): Promise<RedisReply> {
    return this.#ask(command[0], () => this.server.do(command));
  }

  batch(commands: readonly RedisCommand[]): Promise<readonly RedisReply[]> {
    return Promise.all(commands.map((command) => this.command(...command)));
  }

  run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<RedisReply> {
    return this.#ask(script.name, () => this.server.run(script, keys, args));
  }

  async publish(): Promise<void> {
    // Nobody listens.
  }

  subscribe(): Disposable {
    return { [Symbol.dispose]: () => undefined };
  }

  watch(listener: (available: boolean) => void): Disposable {
    this.#watchers.add(listener);
    return { [Symbol.dispose]: () => void this.#watchers.delete(listener) };
  }

  async close(): Promise<void> {
    this.#watchers.clear();
  }

  down(): void {
    this.#turn(false);
  }

  up(): void {
    this.#turn(true);
  }

  /** What was sent before and is late is carried out now. */
  arrive(): void {
    for (const work of this.#late.splice(0)) work();
  }

  #turn(available: boolean): void {
    if (this.available === available) return;
    this.available = available;
    for (const tell of this.#watchers) tell(available);
  }

  async #ask(asked: string, work: () => RedisReply): Promise<RedisReply> {
    if (!this.available) throw new Unavailable(false);
    this.asked.push(asked);
    const fate = this.fate(asked);
    if (fate === "refused") throw new Unavailable(false);
    if (fate === "answered" || fate === "lost") {
      const reply = work();
      if (fate === "lost") throw new Unavailable(true);
      return reply;
    }
    const quietly = () => {
      try {
        work();
      } catch {
        return; // nobody waits for it
      }
    };
    if (fate !== "dropped") this.#late.push(quietly);
    if (fate === "hanging") return new Promise(() => undefined);
    throw new Unavailable(true);
  }
}
