import { ConfigurationError } from "@baldur/core";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

interface SinglePlace {
  readonly kind: "single";
  readonly endpoint: Endpoint;
  readonly tls: boolean;
  readonly db: number;
  readonly username?: string;
}

export interface SentinelPlace {
  readonly kind: "sentinel";
  readonly sentinels: readonly Endpoint[];
  /** The name that the Sentinels know it by. */
  readonly master: string;
  readonly db: number;
}

interface ClusterPlace {
  readonly kind: "cluster";
  readonly nodes: readonly Endpoint[];
  readonly tls: boolean;
  readonly username?: string;
}

/** Where a URL says that Redis is. */
export type Place = SinglePlace | SentinelPlace | ClusterPlace;

/** What a URL is made of; nothing is checked yet. */
interface Parts {
  readonly scheme: string;
  readonly user: string | undefined;
  readonly endpoints: readonly Endpoint[];
  readonly path: string;
}

type Fail = (rule: string) => ConfigurationError;

const SCHEMES = ["redis", "rediss", "redis+sentinel", "redis+cluster", "rediss+cluster"];
const URL_SHAPE = /^([a-z+]+):\/\/(.*)$/is;
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i;
const DB = /^\d{1,5}$/;
const HIGHEST_PORT = 65_535;
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

/**
 * Reads `redis://host:port/db`, `rediss://…`, `redis+sentinel://master@host:port,host:port/db` or
 * `redis+cluster://host:port,host:port`. Throws `ConfigurationError` that names the option and the rule, and shows the URL
 * without what might be secret.
 */
export function parseUrl(option: string, url: string): Place {
  const fail: Fail = (rule) => new ConfigurationError(`${option} ${rule}; received ${redactUrl(url)}`);
  const parts = take(url, option, fail);
  switch (parts.scheme) {
    case "redis+sentinel":
      return sentinel(parts, fail);
    case "redis+cluster":
    case "rediss+cluster":
      return cluster(parts, fail);
    default:
      return single(parts, fail);
  }
}

/** The URL as it may be shown. Everything before an @ goes, whatever it is. */
export function redactUrl(url: string): string {
  const [, scheme, rest] = URL_SHAPE.exec(url) ?? [];
  if (scheme === undefined || rest === undefined) return "***";
  const at = rest.lastIndexOf("@");
  const extra = rest.search(/[?#]/);
  if (extra !== -1 && extra < at) return `${scheme}://***`;
  const shown = extra === -1 ? rest : `${rest.slice(0, extra)}?***`;
  return at === -1 ? `${scheme}://${shown}` : `${scheme}://***@${shown.slice(at + 1)}`;
}

/** The place as it may be shown: it holds no secret. */
export function addressOf(place: Place): string {
  switch (place.kind) {
    case "single":
      return `${place.tls ? "rediss" : "redis"}://${join([place.endpoint])}/${place.db}`;
    case "sentinel":
      return `redis+sentinel://${place.master}@${join(place.sentinels)}/${place.db}`;
    case "cluster":
      return `${place.tls ? "rediss" : "redis"}+cluster://${join(place.nodes)}`;
  }
}

function join(endpoints: readonly Endpoint[]): string {
  return endpoints.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`).join(",");
}

function take(url: string, option: string, fail: Fail): Parts {
  const [, written, rest = ""] = URL_SHAPE.exec(url) ?? [];
  const scheme = written?.toLowerCase();
  if (scheme === undefined || !SCHEMES.includes(scheme))
    throw fail(`must begin with ${SCHEMES.join("://, ")}://`);
  const at = rest.lastIndexOf("@");
  const user = at === -1 ? undefined : rest.slice(0, at);
  if (user?.includes(":")) throw fail("must carry no password, which belongs in BALDUR_REDIS_PASSWORD");
  if (/[?#]/.test(rest))
    throw fail(`takes no parameters: ${option === "url" ? "options" : "variables"} set the rest`);
  const [hosts = "", ...path] = rest.slice(at + 1).split("/");
  const defaultPort = scheme === "redis+sentinel" ? SENTINEL_PORT : REDIS_PORT;
  const endpoints = hosts.split(",").map((host) => endpoint(host.trim(), defaultPort, fail));
  return { scheme, user: decode(user, fail), endpoints, path: path.join("/") };
}

function endpoint(text: string, defaultPort: number, fail: Fail): Endpoint {
  const [, host, port] = HOST.exec(text) ?? [];
  if (host === undefined) throw fail("must name a host, or hosts separated by commas, each with its port");
  const number = port === undefined ? defaultPort : Number(port);
  if (number < 1 || number > HIGHEST_PORT) throw fail(`must have ports from 1 to ${HIGHEST_PORT}`);
  return { host: host.replace(/^\[|\]$/g, ""), port: number };
}

function decode(user: string | undefined, fail: Fail): string | undefined {
  if (user === undefined) return undefined;
  try {
    if (user !== "") return decodeURIComponent(user);
  } catch {
    throw fail("must have a name before the @ that can be decoded");
  }
  throw fail("must have a name before the @");
}

function single({ scheme, user, endpoints, path }: Parts, fail: Fail): Place {
  const [endpoint, ...others] = endpoints;
  if (endpoint === undefined || others.length > 0) throw fail("must name one host");
  return {
    kind: "single",
    endpoint,
    tls: scheme === "rediss",
    db: db(path, fail),
    ...(user !== undefined && { username: user }),
  };
}

function sentinel({ user, endpoints, path }: Parts, fail: Fail): Place {
  if (user === undefined) throw fail("must name the master before the @");
  return { kind: "sentinel", sentinels: endpoints, master: user, db: db(path, fail) };
}

function cluster({ scheme, user, endpoints, path }: Parts, fail: Fail): Place {
  if (db(path, fail) !== 0) throw fail("must name no database: a cluster has one");
  return {
    kind: "cluster",
    nodes: endpoints,
    tls: scheme === "rediss+cluster",
    ...(user !== undefined && { username: user }),
  };
}

function db(path: string, fail: Fail): number {
  if (path === "") return 0;
  if (!DB.test(path)) throw fail("must end with the number of a database, or with nothing");
  return Number(path);
}
