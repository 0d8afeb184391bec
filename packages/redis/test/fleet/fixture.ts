import {
  type Clock,
  type RedisClient,
  type RedisCommand,
  type RedisReply,
  type RedisScript,
  systemClock,
} from "@baldur/core/plugin";
import { openRedis } from "../../src/open.js";
import { type RedisSettings, redisSettings } from "../../src/settings.js";

const PATIENCE = 15_000;
const telemetry = {
  report: () => undefined,
  counter: () => ({ cell: () => ({ add: () => undefined }) }),
  gauge: () => ({ cell: () => ({ set: () => undefined }) }),
} as never;

/** Large counts in a soak. */
export const isSoak: boolean = process.env["BALDUR_SOAK"] === "1";

/** A connection of its own, to keys that only this test has. */
export function connect(url: string, namespace: string): Promise<RedisClient> {
  const defaults = Object.entries(redisSettings.fields).map(([key, field]) => [key, field.default]);
  const settings = { ...(Object.fromEntries(defaults) as RedisSettings), namespace };
  return openRedis({ given: { option: "url", url }, settings, clock: systemClock(), telemetry });
}

/** The answer, once there is one. */
export async function eventually<T>(
  what: () => T | undefined | false | Promise<T | undefined | false>,
  patience: number = PATIENCE,
): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    const answer = await what();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${patience} ms: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Does everything as if Redis read this clock: nobody can wait for minutes. Keys still expire by the real one. */
export class ClientOfAnotherTime implements RedisClient {
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
    const timed = lua.replaceAll("redis.call('TIME')", `{${this.#time().join(", ")}}`);
    return this.client.run({ name, lua: timed }, keys, args);
  }

  async command(...command: RedisCommand): Promise<RedisReply> {
    return command[0] === "TIME" ? this.#time() : this.client.command(...command);
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

  #time(): [seconds: number, microseconds: number] {
    const now = Math.floor(this.time.now());
    return [Math.floor(now / 1000), (now % 1000) * 1000];
  }
}
