import { text } from "../../describe.js";
import type { RedisReply, RedisScript } from "../../redis/redis.js";
import { pastWrongTypes, type TypedKey, type WrongTypeParts } from "../../redis/wrong-type.js";
import type { TelemetryHub } from "../../telemetry/telemetry.js";
import { sharingFailed } from "../events.js";
import { cooldownFallbackActive } from "../metrics.js";
import type { CooldownPeers, CooldownTable, PeerCooldown } from "../peers.js";
import { endCooldown, extendCooldown, leaseCanary, listCooldowns } from "./scripts.generated.js";

/** Cooldowns that a process learns when it comes, or comes back. */
const MOST_LISTED = 1000;

export interface RedisCooldownPeersOptions extends WrongTypeParts {
  readonly table: CooldownTable;
  readonly telemetry: Pick<TelemetryHub, "report" | "observeGauge">;
}

/** What is published: a cooldown as it is now, or that it, or a canary of it, has ended. */
type Message =
  | (PeerCooldown & { readonly by: string })
  | { readonly by: string; readonly key: string; readonly over: boolean };

/**
 * The processes that share a Redis. All times are in milliseconds from now, for the clocks of processes differ; a message
 * that is late makes a wait longer, never shorter. Whoever comes, or comes back, asks for what it has missed and tells
 * what it knows.
 */
export class RedisCooldownPeers implements CooldownPeers {
  readonly #me = globalThis.crypto.randomUUID();
  readonly #held: Disposable[];
  #failing = false;

  constructor(private readonly options: RedisCooldownPeersOptions) {
    const { client, telemetry } = options;
    this.#held = [
      telemetry.observeGauge(cooldownFallbackActive, () => [[[], client.available ? 0 : 1]]),
      client.subscribe(
        this.#channel,
        (message) => this.#hear(message),
        () => this.#catchUp(),
      ),
      client.watch((available) => {
        if (available) this.#catchUp();
      }),
    ];
  }

  get available(): boolean {
    return this.options.client.available;
  }

  limited(cooldown: PeerCooldown, canary: boolean): void {
    this.#tell(() => this.#extend(cooldown, canary));
  }

  async lease(key: string, duration: number): Promise<number> {
    try {
      const busy = await this.#run(leaseCanary, [this.#leaseOf(key)], [this.#me, duration]);
      this.#failing = false;
      return busy as number;
    } catch (error) {
      this.#failed(error);
      return 0; // every process for itself
    }
  }

  released(key: string): void {
    this.#tell(() => this.#end(key, ""));
  }

  succeeded(key: string, consecutive: number): void {
    this.#tell(() => this.#end(key, consecutive));
  }

  [Symbol.dispose](): void {
    for (const held of this.#held) held[Symbol.dispose]();
  }

  async #extend({ key, delay, consecutive }: PeerCooldown, canary: boolean): Promise<void> {
    const { table } = this.options;
    const figures = [Math.ceil(delay), consecutive, Math.ceil(table.memory)];
    const args = [key, ...figures, this.#me, canary ? "1" : "0", this.#channel];
    const reply = await this.#run(extendCooldown, [...this.#tables(), this.#leaseOf(key)], args);
    const [longest, most] = reply as readonly [number, number];
    table.heardLimited({ key, delay: longest, consecutive: most });
  }

  async #end(key: string, consecutive: number | ""): Promise<void> {
    const keys = [...this.#tables(), this.#leaseOf(key)];
    await this.#run(endCooldown, keys, [key, consecutive, this.#me, this.#channel]);
  }

  #catchUp(): void {
    const { table } = this.options;
    for (const cooldown of table.known()) this.limited(cooldown, false);
    this.#tell(async () => {
      for (const cooldown of await this.#list()) table.heardLimited(cooldown);
    });
  }

  async #list(): Promise<PeerCooldown[]> {
    const { table } = this.options;
    const reply = await this.#run(listCooldowns, this.#tables(), [Math.ceil(table.memory), MOST_LISTED]);
    return inThrees(reply as readonly RedisReply[]);
  }

  #run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<RedisReply> {
    const [until, consecutive] = this.#tables();
    const typed = keys.map(
      (key): TypedKey => [key, key === until ? "zset" : key === consecutive ? "hash" : "string"],
    );
    return pastWrongTypes(this.options, typed, () => this.options.client.run(script, keys, args));
  }

  #hear(message: string): void {
    const { table } = this.options;
    try {
      const told = JSON.parse(message) as Message;
      if (told.by === this.#me) return;
      if ("over" in told) told.over ? table.heardSucceeded(told.key) : table.heardReleased(told.key);
      else if (isCooldown(told)) table.heardLimited(told);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** While they cannot be reached, nothing is sent: all is told when they can be again. */
  #tell(work: () => Promise<void>): void {
    if (!this.available) return;
    work().then(
      () => {
        this.#failing = false;
      },
      (error: unknown) => this.#failed(error),
    );
  }

  /** Told once, until something succeeds again. */
  #failed(error: unknown): void {
    if (!this.#failing) this.options.telemetry.report(sharingFailed, { error: text(error) });
    this.#failing = true;
  }

  get #channel(): string {
    return `${this.options.client.prefix}ratelimit`;
  }

  /** One place for all, in a cluster: they are few, and asked for together. */
  #tables(): readonly [until: string, consecutive: string] {
    const { prefix } = this.options.client;
    return [`${prefix}ratelimit:{cooldowns}:until`, `${prefix}ratelimit:{cooldowns}:consecutive`];
  }

  #leaseOf(key: string): string {
    return `${this.options.client.prefix}ratelimit:{cooldowns}:canary:${key}`;
  }
}

/** The channel may carry what another version, or a person, has written. */
function isCooldown({ key, delay, consecutive }: PeerCooldown): boolean {
  return typeof key === "string" && Number.isFinite(delay) && Number.isFinite(consecutive);
}

function inThrees(reply: readonly RedisReply[]): PeerCooldown[] {
  const cooldowns: PeerCooldown[] = [];
  for (let at = 0; at + 2 < reply.length; at += 3) {
    const [key, delay, consecutive] = reply.slice(at, at + 3) as [string, number, number];
    cooldowns.push({ key, delay, consecutive });
  }
  return cooldowns;
}
