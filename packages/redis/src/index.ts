import type { Declarations, Plugin } from "@baldur/core/plugin";
import * as events from "./events.js";
import * as metrics from "./metrics.js";
import { redis } from "./plugin.js";
import { redisSettings } from "./settings.js";

export { RedisReplyError, RedisUnavailableError } from "./errors.js";
export type { HostClient } from "./host-client.js";
export { type RedisOptions, redis } from "./plugin.js";
export type { RedisSettings } from "./settings.js";

/** For discovery. @public */
export const plugin = (): Plugin => redis();

/** Everything that the package declares. @public */
export function declarations(): Declarations {
  return {
    errors: [
      {
        name: "RedisUnavailableError",
        code: "ERR_BALDUR_REDIS_UNAVAILABLE",
        base: "AdapterError",
        help: "Redis is away, or went away before it answered",
      },
      {
        name: "RedisReplyError",
        code: "ERR_BALDUR_REDIS_REPLY",
        base: "AdapterError",
        help: "Redis answered that it does not carry a command out",
      },
    ],
    settings: [redisSettings],
    events: Object.values(events),
    metrics: Object.values(metrics),
  };
}
