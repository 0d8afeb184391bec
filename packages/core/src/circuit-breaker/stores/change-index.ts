import type { RedisReply } from "../../redis/redis.js";
import { pastWrongTypes, type WrongTypeParts } from "../../redis/wrong-type.js";
import type { ChangedCircuit } from "../store.js";

/** The processes' idea of the time may be off by that many milliseconds, so a change is looked for that much earlier. */
const OVERLAP = 10_000;

/**
 * The epochs of all circuits in one sorted set. It is beside the records, because those of a cluster are in many places: so
 * it is written after them.
 */
export class ChangeIndex {
  /**
   * The latest changes that this process made or heard of, until they are seen in the index: whoever made one may have died
   * before it was told.
   */
  readonly #news = new Map<string, number>();
  readonly #key: string;

  constructor(private readonly parts: WrongTypeParts) {
    this.#key = `${parts.client.prefix}cb:changes`;
  }

  /** A process changed a circuit, and tells the index. */
  heard(name: string, epoch: number): void {
    this.#news.set(name, epoch);
  }

  /** Never rejects: what did not come to the index is missed there, and told again. */
  async tell(name: string, epoch: number): Promise<void> {
    this.#news.set(name, epoch);
    try {
      await this.#ask("ZADD", "GT", epoch, name);
    } catch {
      return;
    }
  }

  async since(epoch: number): Promise<readonly ChangedCircuit[]> {
    let from = epoch - OVERLAP;
    for (const news of this.#news.values()) from = Math.min(from, news - 1);
    const range = [`(${Math.max(0, from)}`, "+inf", "WITHSCORES"];
    const changed = pairs(await this.#ask("ZRANGEBYSCORE", ...range));
    const indexed = new Map(changed.map((circuit) => [circuit.name, circuit.epoch]));
    for (const [name, news] of this.#news) {
      if ((indexed.get(name) ?? 0) >= news) this.#news.delete(name);
      else void this.tell(name, news);
    }
    return changed;
  }

  async names(): Promise<readonly string[]> {
    return (await this.#ask("ZRANGE", 0, -1)) as readonly string[];
  }

  /** Takes names out that have not changed since then, but for those that are held. */
  async forget(until: number, held: ReadonlySet<string>): Promise<void> {
    const range = ["-inf", Math.floor(until)] as const;
    const old = (await this.#ask("ZRANGEBYSCORE", ...range)) as readonly string[];
    const gone = old.filter((name) => !held.has(name));
    if (gone.length > 0) await this.#ask("ZREM", ...gone);
  }

  #ask(command: string, ...args: (string | number)[]): Promise<RedisReply> {
    const { client } = this.parts;
    return pastWrongTypes(this.parts, [[this.#key, "zset"]], () =>
      client.command(command, this.#key, ...args),
    );
  }
}

/** Names and epochs come in turn. */
function pairs(reply: unknown): ChangedCircuit[] {
  const flat = reply as readonly (string | number)[];
  return Array.from({ length: flat.length / 2 }, (_, at) => ({
    name: String(flat[2 * at]),
    epoch: Number(flat[2 * at + 1]),
  }));
}
