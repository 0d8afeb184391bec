import { ConfigurationError } from "@baldur/core";
import { MemoryKeyValueStore, type PluginContext, type PluginTelemetry } from "@baldur/core/plugin";
import { entryQuarantined, storeInMemory, storeMayForget, storeUnprepared } from "../events.js";
import { FleetDlqStore } from "./fleet/store.js";
import { KvDlqStore } from "./kv/store.js";
import { RedisEngine } from "./redis/engine.js";
import { SqlEngine } from "./sql/engine.js";
import type { DlqStore } from "./store.js";

/** Where entries are kept; `auto` is the first of them that there is. @public */
export type DlqBackend = "auto" | "sql" | "redis" | "embedded" | "memory";

type Around = Pick<PluginContext, "sql" | "redis" | "keyValue" | "telemetry">;

/** Throws `ConfigurationError` for a store that nobody provides, and before the plugins are started. */
export function chooseStore(context: Around, backend: DlqBackend): DlqStore {
  const { telemetry } = context;
  const onCorrupt = (id: string, problem: string): void =>
    telemetry.report(entryQuarantined, { id, problem });
  switch (backend) {
    case "sql":
      return new FleetDlqStore(sqlEngine(context), { onCorrupt });
    case "redis":
      return new FleetDlqStore(redisEngine(context), { onCorrupt });
    case "embedded":
      if (!context.keyValue().durable)
        throw missing(
          backend,
          "there is no folder for it",
          "install @baldur/embedded and set BALDUR_DATA_DIR",
        );
      return new KvDlqStore({ map: () => context.keyValue(), onCorrupt });
    case "memory": {
      const map = new MemoryKeyValueStore();
      tellMemory(telemetry);
      return new KvDlqStore({ map: () => map, onCorrupt });
    }
    case "auto":
      return chooseFirst(context, onCorrupt);
  }
}

function chooseFirst(context: Around, onCorrupt: (id: string, problem: string) => void): DlqStore {
  if (context.sql() !== undefined) return chooseStore(context, "sql");
  if (context.redis() !== undefined) return chooseStore(context, "redis");
  if (!context.keyValue().durable) tellMemory(context.telemetry);
  return new KvDlqStore({ map: () => context.keyValue(), onCorrupt });
}

function sqlEngine({ sql, telemetry }: Around): SqlEngine {
  const database = sql();
  if (database === undefined)
    throw missing("sql", "there is no database", "install @baldur/postgres and set BALDUR_SQL_DSN");
  let told: string | undefined;
  const onUnprepared = (error: unknown): void => {
    const { message } = error as Error;
    if (message !== told) telemetry.report(storeUnprepared, { error: message });
    told = message;
  };
  return new SqlEngine({ database, onUnprepared });
}

function redisEngine({ redis, telemetry }: Around): RedisEngine {
  const client = redis();
  if (client === undefined)
    throw missing("redis", "there is no Redis", "install @baldur/redis and set BALDUR_REDIS_URL");
  return new RedisEngine({ client, onDurability: (found) => telemetry.report(storeMayForget, { ...found }) });
}

function tellMemory(telemetry: PluginTelemetry): void {
  telemetry.report(storeInMemory, {
    remedy: "install @baldur/embedded and set BALDUR_DATA_DIR to keep them",
  });
}

function missing(backend: DlqBackend, problem: string, remedy: string): ConfigurationError {
  return new ConfigurationError(`BALDUR_DLQ_BACKEND is ${backend}, and ${problem}; ${remedy}`);
}
