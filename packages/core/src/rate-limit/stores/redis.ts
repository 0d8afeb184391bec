import type { RedisClient, RedisReply } from "../../redis/redis.js";
import { askAgain, type WrongTypeParts } from "../../redis/wrong-type.js";
import type { TelemetryHub } from "../../telemetry/telemetry.js";
import { failoverTotal, fleetDegradedMode } from "../metrics.js";
import type { RateLimitStore, Taken, TakeRequest } from "../store.js";
import { take } from "./scripts.generated.js";

export interface RedisRateLimitStoreOptions extends WrongTypeParts {
  readonly telemetry: Pick<TelemetryHub, "report" | "counter" | "observeGauge">;
}

/** Calls of all processes that share a Redis: one round trip for each question, by the clock of Redis. */
export class RedisRateLimitStore implements RateLimitStore, Disposable {
  readonly #client: RedisClient;
  readonly #held: readonly Disposable[];

  constructor(private readonly options: RedisRateLimitStoreOptions) {
    const { client, telemetry } = options;
    this.#client = client;
    this.#held = [
      telemetry.observeGauge(fleetDegradedMode, () => [[[], client.available ? 0 : 1]]),
      client.watch((available) => {
        if (!available) telemetry.counter(failoverTotal).cell().add();
      }),
    ];
  }

  get available(): boolean {
    return this.#client.available;
  }

  take({ bucket, limit, window, count, owed }: TakeRequest): Promise<Taken> {
    const key = `${this.#client.prefix}ratelimit:bucket:${window}:${bucket}`;
    const ask = (): Promise<RedisReply> => this.#client.run(take, [key], [limit, window, count, owed]);
    // One promise for each call: this is asked for every request.
    return ask().then(takenOf, async (error: unknown) =>
      takenOf(await askAgain(this.options, [[key, "hash"]], ask, error)),
    );
  }

  [Symbol.dispose](): void {
    for (const held of this.#held) held[Symbol.dispose]();
  }
}

function takenOf(reply: RedisReply): Taken {
  const [granted, wait, left] = reply as readonly [number, number, number];
  return { granted, wait, left };
}
