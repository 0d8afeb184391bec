import { ConfigurationError } from "@baldur/core";
import { definePlugin, type Plugin, type PluginContext } from "@baldur/core/plugin";
import { plainUrlIgnored } from "./events.js";
import { checkHostClient, type HostClient, isHostClient } from "./host-client.js";
import { type Given, openRedis } from "./open.js";
import { type RedisSettings, redisSettings } from "./settings.js";
import { redactUrl } from "./url.js";

/** Durations in milliseconds. @public */
export interface RedisOptions extends Partial<Omit<RedisSettings, "plainUrl">> {
  /**
   * `redis://host:port/db`, `rediss://…`, `redis+sentinel://master@host:port,host:port/db` or
   * `redis+cluster://host:port,host:port`. Default: `BALDUR_REDIS_URL`, else `REDIS_URL`; without any, nothing is provided.
   */
  readonly url?: string;
}

/**
 * Connects to the Redis that state is shared in: of a URL, or by a client of ioredis that the host has made, and closes.
 * Throws `ConfigurationError` for something else, and for a client that changes keys or replies.
 * @public
 */
export function redis(input: RedisOptions | HostClient = {}): Plugin {
  if (typeof input !== "object" || input === null)
    throw new ConfigurationError("redis() must be given options, or a client of ioredis");
  if (isHostClient(input)) checkHostClient(input);
  return definePlugin({
    name: "@baldur/redis",
    settings: [redisSettings],
    register(context) {
      const { url, ...overrides }: RedisOptions = isHostClient(input) ? {} : input;
      const given = isHostClient(input) ? { client: input } : givenUrl(context, url);
      if (given === undefined) return;
      const { provider, clock, telemetry } = context;
      provider("redis", async () => {
        const settings = context.settings(redisSettings, overrides);
        return openRedis({ given, settings, clock, telemetry });
      });
    },
  });
}

/** The option before Baldur's variable before everybody's. */
function givenUrl(
  { settings, storage, telemetry }: PluginContext,
  url: string | undefined,
): Given | undefined {
  if (url !== undefined) return { option: "url", url };
  const { plainUrl } = settings(redisSettings);
  const { redisUrl } = storage;
  if (redisUrl === undefined)
    return plainUrl === undefined ? undefined : { option: "REDIS_URL", url: plainUrl };
  if (plainUrl !== undefined && plainUrl !== redisUrl)
    telemetry.report(plainUrlIgnored, { used: redactUrl(redisUrl), ignored: redactUrl(plainUrl) });
  return { option: "BALDUR_REDIS_URL", url: redisUrl };
}
