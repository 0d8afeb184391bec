import type { Clock, Random } from "../clock.js";
import type { RedisClient } from "../redis/redis.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { chooseFolder } from "../wal/folder.js";
import { Wal } from "../wal/wal.js";
import { ResilientStorage } from "./resilient-storage.js";
import { type ResilientStorageSettings, resilientStorageSettings } from "./settings.js";

export interface OpenOptions {
  readonly client: RedisClient;
  /** What tells this Redis from others, as its URL does: logs that are meant for another one are left alone. Never shown. */
  readonly destination: string;
  readonly settings: Readonly<ResilientStorageSettings>;
  /** The folder that the operator names for the state of this host. */
  readonly dataDir: string | undefined;
  /** The same, or else the application's default. */
  readonly stateFolder: () => string;
  readonly isProduction: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Pick<TelemetryHub, "report" | "counter" | "observeGauge">;
}

const CREDENTIALS = /\/\/[^/]*@/;

/**
 * Opens the storage over this Redis; the caller closes it, before the client. Throws `ConfigurationError` where no folder
 * for its log can be used. Loaded where Redis is configured, and nowhere else.
 */
export async function openResilientStorage(options: OpenOptions): Promise<ResilientStorage> {
  const { settings, dataDir, client, destination, clock, telemetry } = options;
  const { randomUUID } = process.getBuiltinModule("node:crypto");
  const { crc32 } = process.getBuiltinModule("node:zlib");
  const folder = await chooseFolder({
    ...options,
    named: settings.walDir ?? (dataDir === undefined ? undefined : `${dataDir}/wal`),
    allowMemoryOnly: settings.allowMemoryOnly,
    variable: resilientStorageSettings.fields.walDir.variable,
  });
  const place = destination.replace(CREDENTIALS, "//"); // they may change
  const name = `state-${crc32(`${place} ${client.prefix}`).toString(16)}`;
  const wal = new Wal({ name, folder, clock, telemetry });
  const storage = new ResilientStorage({
    ...options,
    wal,
    fallback: folder ?? "memory",
    session: randomUUID(),
  });
  storage.start();
  return storage;
}
