import type { Clock } from "./clock.js";
import type { DocumentStore } from "./documents/documents.js";
import { RedisDocumentStore } from "./documents/stores/redis.js";
import type { IdempotencyStore } from "./idempotency/store.js";
import { RedisIdempotencyStore } from "./idempotency/stores/redis.js";
import type { CooldownPeers, CooldownTable } from "./rate-limit/peers.js";
import type { RateLimitStore } from "./rate-limit/store.js";
import { RedisRateLimitStore } from "./rate-limit/stores/redis.js";
import { RedisCooldownPeers } from "./rate-limit/stores/redis-cooldown.js";
import type { RedisClient } from "./redis/redis.js";
import type { TelemetryHub } from "./telemetry/telemetry.js";

/** @public */
export interface RedisStoresOptions {
  readonly client: RedisClient;
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryHub, "report" | "counter" | "observeGauge">;
  /** Milliseconds between looks at a watched document, for messages that were lost. Default 5,000. */
  readonly pollInterval?: number;
}

/** What core keeps in a Redis that a fleet shares. @public */
export interface RedisStores {
  readonly idempotency: IdempotencyStore;
  readonly documents: DocumentStore;
  readonly rateLimits: RateLimitStore;
  /** Joins the cooldowns of a process with those of all others, until these stores are closed. */
  share(cooldowns: CooldownTable): CooldownPeers;
  /** Ends what they do by themselves. The client stays open. */
  close(): Promise<void>;
}

const POLL_INTERVAL = 5000;

/** Makes them. In a chunk of its own, for most programs have no Redis. */
export function createRedisStores({
  client,
  clock,
  telemetry,
  pollInterval = POLL_INTERVAL,
}: RedisStoresOptions): RedisStores {
  const idempotency = new RedisIdempotencyStore({ client, clock });
  const documents = new RedisDocumentStore({ client, clock, telemetry, pollInterval });
  const rateLimits = new RedisRateLimitStore({ client, clock, telemetry });
  const shared: CooldownPeers[] = [];
  return {
    idempotency,
    documents,
    rateLimits,
    share: (table) => {
      const peers = new RedisCooldownPeers({ client, clock, table, telemetry });
      shared.push(peers);
      table.join(peers);
      return peers;
    },
    close: async () => {
      for (const peers of shared) peers[Symbol.dispose]();
      rateLimits[Symbol.dispose]();
      await documents.close();
      await idempotency.close();
    },
  };
}
