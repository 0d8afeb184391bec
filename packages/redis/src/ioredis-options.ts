import type { ConnectionOptions } from "node:tls";
import type { ClusterOptions, RedisOptions } from "ioredis";
import type { RedisSettings } from "./settings.js";
import type { Place } from "./url.js";

export interface OptionsParts {
  readonly place: Place;
  readonly settings: Readonly<RedisSettings>;
  /** Undefined where connections are not encrypted. */
  readonly tls: ConnectionOptions | undefined;
}

/** Redirections of one command through a cluster that moves. */
const MOST_REDIRECTIONS = 8;

/**
 * What we see to ourselves, with a new client for every connection: ioredis neither connects again, nor keeps commands for
 * later, nor sends one twice.
 */
export const SINGLE_USE: RedisOptions = {
  lazyConnect: true,
  retryStrategy: null,
  disconnectTimeout: 0, // what is given up is not waited for: a dead server never hangs up
  enableOfflineQueue: false,
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  connectionName: "baldur", // as Redis lists its clients
};

/** Of a connection to a server that keeps data. */
export function serverOptions(parts: OptionsParts): RedisOptions {
  const { place, settings, tls } = parts;
  const { password, username = place.kind === "sentinel" ? undefined : place.username } = settings;
  return {
    ...commonOptions(settings),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls }),
  };
}

export function sentinelOptions({ settings }: OptionsParts): RedisOptions {
  const { sentinelPassword: password } = settings;
  return { ...commonOptions(settings), ...(password !== undefined && { password }) };
}

export function clusterOptions(parts: OptionsParts): ClusterOptions {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: null,
    maxRedirections: MOST_REDIRECTIONS,
    retryDelayOnFailover: 0, // what was sent to a node that died may have been carried out
    retryDelayOnClusterDown: 0,
    redisOptions: serverOptions(parts),
    // Certificates name hosts, not what they resolve to.
    ...(parts.tls !== undefined && { dnsLookup: (host, found) => found(null, host) }),
  };
}

/** RESP2 says all that is needed, and every server speaks it. */
function commonOptions(settings: Readonly<RedisSettings>): RedisOptions {
  return {
    ...SINGLE_USE,
    protocol: 2,
    disableClientInfo: true,
    enableReadyCheck: false, // a PING tells as well whether Redis is still loading, and may always be sent
    connectTimeout: settings.socketConnectTimeout,
    keepAlive: settings.healthCheckInterval,
  };
}
