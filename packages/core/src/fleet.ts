import type { Calls } from "./calls.js";
import * as circuitEvents from "./circuit-breaker/fleet/events.js";
import { Fleet } from "./circuit-breaker/fleet/fleet.js";
import { sharedStateSettings } from "./circuit-breaker/fleet/settings.js";
import { RedisFleetStore } from "./circuit-breaker/stores/redis.js";
import type { HotClock, Random } from "./clock.js";
import { createRedisStores, type RedisStores } from "./create-redis-stores.js";
import { createSqlStores } from "./create-sql-stores.js";
import type { DocumentStore } from "./documents/documents.js";
import type { IdempotencyStore } from "./idempotency/store.js";
import type { RateLimitStore } from "./rate-limit/store.js";
import type { RedisClient } from "./redis/redis.js";
import type { SettingsCatalog } from "./settings/catalog.js";
import { isProduction, runtimeSettings, storageSettings } from "./settings/runtime.js";
import type { SqlDatabase } from "./sql/sql.js";
import { openResilientStorage } from "./storage/open.js";
import type { ResilientStorage } from "./storage/resilient-storage.js";
import { resilientStorageSettings } from "./storage/settings.js";
import type { TelemetryHub } from "./telemetry/telemetry.js";

export interface FleetParts {
  readonly redis: RedisClient | undefined;
  readonly sql: SqlDatabase | undefined;
  readonly calls: Pick<Calls, "circuits" | "cooldowns">;
  readonly settings: SettingsCatalog;
  readonly clock: HotClock;
  readonly random: Random;
  readonly telemetry: TelemetryHub;
  readonly control: { readonly mode: number };
  readonly stateFolder: () => string;
}

/** What a runtime shares with the others of its fleet, on the servers that it has. */
export interface FleetMembership {
  /** By the server on which they are. */
  readonly idempotency: { readonly redis?: IdempotencyStore; readonly sql?: IdempotencyStore };
  readonly documents: { readonly redis?: DocumentStore; readonly sql?: DocumentStore };
  readonly rateLimits: RateLimitStore | undefined;
  readonly storage: ResilientStorage | undefined;
  /** Writes what is due, and goes on alone. */
  leave(): Promise<void>;
}

/** In a chunk of its own, for most programs have no fleet. Rejects with `ConfigurationError` alone. */
export async function joinFleet(parts: FleetParts): Promise<FleetMembership> {
  const onRedis = parts.redis && (await joinOnRedis(parts, parts.redis));
  const onSql = parts.sql && createSqlStores({ ...parts, database: parts.sql });
  return {
    idempotency: {
      ...(onRedis && { redis: onRedis.stores.idempotency }),
      ...(onSql && { sql: onSql.idempotency }),
    },
    documents: {
      ...(onRedis && { redis: onRedis.stores.documents }),
      ...(onSql && { sql: onSql.documents }),
    },
    rateLimits: onRedis?.stores.rateLimits,
    storage: onRedis?.storage,
    leave: async () => {
      await onRedis?.leave();
      await onSql?.close();
    },
  };
}

interface OnRedis {
  readonly stores: RedisStores;
  readonly storage: ResilientStorage;
  leave(): Promise<void>;
}

async function joinOnRedis(parts: FleetParts, client: RedisClient): Promise<OnRedis> {
  const { clock, telemetry, calls } = parts;
  const storage = await openStorage(parts, client);
  const stores = createRedisStores({ client, clock, telemetry });
  stores.share(calls.cooldowns);
  const circuits = shareCircuits(parts, client);
  storage.addParticipant({ name: "circuit-breaker", reconcile: () => circuits.reconcile() });
  await circuits.join();
  return {
    stores,
    storage,
    leave: async () => {
      await circuits.leave();
      await stores.close();
      await storage[Symbol.asyncDispose]();
    },
  };
}

function openStorage(parts: FleetParts, client: RedisClient): Promise<ResilientStorage> {
  const { settings } = parts;
  const { redisUrl, dataDir } = settings.of(storageSettings);
  return openResilientStorage({
    ...parts,
    client,
    destination: redisUrl ?? "",
    settings: settings.of(resilientStorageSettings),
    dataDir,
    isProduction: isProduction(settings.of(runtimeSettings)),
  });
}

function shareCircuits({ calls, settings, ...parts }: FleetParts, client: RedisClient): Fleet {
  const { clock, telemetry } = parts;
  const onDamaged = (name: string): void => telemetry.report(circuitEvents.recordDamaged, { name });
  return new Fleet({
    ...parts,
    store: new RedisFleetStore({ client, clock, telemetry, onDamaged }),
    circuits: calls.circuits,
    timeout: settings.of(sharedStateSettings).redisTimeout,
  });
}
