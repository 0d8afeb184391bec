import type { RedisClient, RedisReply } from "../../redis/redis.js";
import type { TelemetryHub } from "../../telemetry/telemetry.js";
import { failoverTotal, fleetDegradedMode } from "../metrics.js";
import type { RateLimitStore, Taken, TakeRequest } from "../store.js";
import { take } from "./scripts.generated.js";

export interface RedisRateLimitStoreOptions {
  readonly client: RedisClient;
  readonly telemetry: Pick<TelemetryHub, "counter" | "observeGauge">;
}

/** Calls of all processes that share a Redis: one round trip for each question, by the clock of Redis. */
export class RedisRateLimitStore implements RateLimitStore, Disposable {
  readonly #client: RedisClient;
  readonly #held: readonly Disposable[];

  constructor({ client, telemetry }: RedisRateLimitStoreOptions) {
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
    return this.#client.run(take, [key], [limit, window, count, owed]).then(takenOf);
  }

  [Symbol.dispose](): void {
    for (const held of this.#held) held[Symbol.dispose]();
  }
}

function takenOf(reply: RedisReply): Taken {
  const [granted, wait, left] = reply as readonly [number, number, number];
  return { granted, wait, left };
}
