import { randomInt } from "node:crypto";
import { ConfigurationError } from "@baldur/core";
import type { Clock, RedisClient } from "@baldur/core/plugin";
import type { Random } from "./backoff.js";
import { IoRedisClient } from "./client.js";
import { type HostClient, hostTarget } from "./host-client.js";
import type { Report } from "./reporter.js";
import type { RedisSettings } from "./settings.js";
import { type IoRedisModule, ownTarget, type Target } from "./target.js";
import { readTls, refuseTls } from "./tls.js";
import { parseUrl } from "./url.js";

/** A URL, and the option or variable that it comes from; or a client that is there already. */
export type Given = { readonly option: string; readonly url: string } | { readonly client: HostClient };

export interface OpenOptions {
  readonly given: Given;
  readonly settings: Readonly<RedisSettings>;
  readonly clock: Clock;
  readonly telemetry: Report;
}

const PREFIX = "baldur:";
const NAMESPACE = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * Connects, and goes on trying where that takes longer than a start should wait. Rejects with `ConfigurationError` for a
 * mistake in the settings, and for nothing else.
 */
export async function openRedis({ given, settings, clock, telemetry }: OpenOptions): Promise<RedisClient> {
  const prefix = prefixOf(settings);
  const target = "client" in given ? hostTarget(given.client, chance) : await connectable(given, settings);
  const client = new IoRedisClient({
    prefix,
    target,
    timing: {
      timeout: settings.socketTimeout,
      connectTimeout: settings.socketConnectTimeout,
      healthCheckInterval: settings.healthCheckInterval,
    },
    patience: settings.probeConnectTimeout,
    retryOnTimeout: settings.retryOnTimeout,
    clock,
    random: chance,
    telemetry,
  });
  await client.open();
  return client;
}

async function connectable(
  { option, url }: { readonly option: string; readonly url: string },
  settings: Readonly<RedisSettings>,
): Promise<Target> {
  const place = parseUrl(option, url);
  const encrypted = place.kind !== "sentinel" && place.tls;
  if (!encrypted) refuseTls(settings);
  const tls = encrypted ? await readTls(settings) : undefined;
  // Loaded here: importing the package must cost nothing.
  const ioredis = (await import("ioredis")) as unknown as IoRedisModule;
  return ownTarget({ ioredis, place, settings, tls, random: chance });
}

function prefixOf({ namespace }: Readonly<RedisSettings>): string {
  if (namespace === undefined) return PREFIX;
  if (NAMESPACE.test(namespace)) return `${PREFIX}${namespace}:`;
  throw new ConfigurationError(
    `BALDUR_NAMESPACE_NAME must be 1 to 64 letters, digits, dots, dashes or underscores; received ${JSON.stringify(namespace)}`,
  );
}

const RESOLUTION = 2 ** 32;

const chance: Random = () => randomInt(RESOLUTION) / RESOLUTION;
