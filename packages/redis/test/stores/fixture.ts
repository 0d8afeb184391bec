import { type Baldur, type BaldurOptions, createBaldur } from "@baldur/core";
import {
  type Clock,
  type CooldownTable,
  type PluginContext,
  type RedisClient,
  type RedisCommand,
  type RedisReply,
  type RedisScript,
  type RedisStores,
  type RedisStoresOptions,
  redisStores,
  systemClock,
} from "@baldur/core/plugin";
import type { RedisServer } from "@baldur/services";
import { type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import { openRedis } from "../../src/open.js";
import { type RedisSettings, redisSettings } from "../../src/settings.js";

const quiet = (): undefined => undefined;
const SILENT = { debug: quiet, info: quiet, warn: quiet, error: quiet };

type Telemetry = RedisStoresOptions["telemetry"] & Parameters<typeof openRedis>[0]["telemetry"];

function hubOf(baldur: Baldur): Telemetry {
  return baldur.telemetry as unknown as Telemetry;
}

/** For what a runtime knows and does not show. */
export function cooldownsOf(baldur: Baldur): CooldownTable {
  return (baldur as unknown as { readonly calls: { readonly cooldowns: CooldownTable } }).calls.cooldowns;
}

/** A process of a fleet: a connection of its own, and its stores. */
export interface Member extends AsyncDisposable {
  readonly baldur: Baldur;
  readonly client: RedisClient;
  /** Others than those of the runtime, on the same connection. */
  readonly stores: RedisStores;
  readonly telemetry: RecordedTelemetry;
}

interface MemberOptions {
  /** Default: that of the server. */
  readonly url?: string;
  /** Of the process; its connection has the system's. */
  readonly clock?: Clock;
  /** Of Redis, where its own is not to be read. */
  readonly redisTime?: Clock;
  /** Milliseconds that Redis may take for an answer. */
  readonly patience?: number;
  readonly pollInterval?: number;
  readonly settings?: NonNullable<BaldurOptions["settings"]>;
  /** Makes and starts the runtime. Default: one of its own. */
  readonly start?: (options: BaldurOptions) => Promise<Baldur>;
}

const begin = (options: BaldurOptions): Promise<Baldur> => createBaldur(options).start();

/** Fleets that share nothing but a server. */
export class Fleet {
  static #fleets = 0;
  readonly namespace: string = `test-${process.pid}-${++Fleet.#fleets}`;
  readonly #members: Member[] = [];

  constructor(readonly server: Pick<RedisServer, "url">) {}

  async join(options: MemberOptions = {}): Promise<Member> {
    const { clock = systemClock(), pollInterval, start = begin } = options;
    const client = await this.#connect(options);
    const baldur = await start(runtimeOptions(options, client));
    const stores = await redisStores({
      client,
      clock,
      telemetry: hubOf(baldur),
      ...(pollInterval !== undefined && { pollInterval }),
    });
    const leave = async (): Promise<void> => {
      await stores.close();
      await baldur.close({ deadline: 0 });
    };
    const telemetry = recordTelemetry(baldur);
    const member = { baldur, client, stores, telemetry, [Symbol.asyncDispose]: leave };
    this.#members.push(member);
    return member;
  }

  async dissolve(): Promise<void> {
    for (const member of this.#members) await member[Symbol.asyncDispose]();
  }

  async #connect({ url = this.server.url, patience = 1000, redisTime }: MemberOptions): Promise<RedisClient> {
    const own = { namespace: this.namespace, socketTimeout: patience };
    const defaults = Object.entries(redisSettings.fields).map(([key, field]) => [key, field.default]);
    const client = await openRedis({
      given: { option: "url", url },
      settings: { ...(Object.fromEntries(defaults) as RedisSettings), ...own },
      clock: systemClock(),
      telemetry: hubOf(createBaldur({ env: {}, logger: SILENT })),
    });
    return redisTime === undefined ? client : new ClientOfAnotherTime(client, redisTime);
  }
}

/** Of a runtime that is given this client in place of making its own. */
function runtimeOptions({ clock, settings }: MemberOptions, client: RedisClient): BaldurOptions {
  const register = ({ provider }: PluginContext): void => provider("redis", () => client);
  return {
    discover: false,
    random: () => 0, // no jitter
    env: {},
    logger: SILENT,
    plugins: [{ name: "given-redis", register }],
    settings: { control: { backend: "memory" }, ...settings },
    ...(clock !== undefined && { clock }),
  };
}

/** Runs scripts as if Redis read this clock: nobody can wait for minutes. Keys still expire by the real one. */
class ClientOfAnotherTime implements RedisClient {
  constructor(
    private readonly client: RedisClient,
    private readonly time: Clock,
  ) {}

  get prefix(): string {
    return this.client.prefix;
  }

  get available(): boolean {
    return this.client.available;
  }

  run(
    { name, lua }: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<RedisReply> {
    const now = Math.floor(this.time.now());
    const time = `{${Math.floor(now / 1000)}, ${(now % 1000) * 1000}}`;
    return this.client.run({ name, lua: lua.replaceAll("redis.call('TIME')", time) }, keys, args);
  }

  command(...command: RedisCommand): Promise<RedisReply> {
    return this.client.command(...command);
  }

  batch(commands: readonly RedisCommand[]): Promise<readonly RedisReply[]> {
    return this.client.batch(commands);
  }

  publish(channel: string, message: string): Promise<void> {
    return this.client.publish(channel, message);
  }

  subscribe(channel: string, listener: (message: string) => void, onGap?: () => void): Disposable {
    return this.client.subscribe(channel, listener, onGap);
  }

  watch(listener: (available: boolean) => void): Disposable {
    return this.client.watch(listener);
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

const PATIENCE = 10_000;

/** The answer, once there is one. */
export async function eventually<T>(
  what: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const answer = await what();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE} ms: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The error of a promise that must reject. */
export async function errorOf(promise: Promise<unknown> | PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not reject");
}

/** Large counts in a soak. */
export const runs = (usual: number): number => (process.env["BALDUR_SOAK"] === "1" ? usual * 50 : usual);
