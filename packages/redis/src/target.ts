import type { ClusterOptions, RedisOptions } from "ioredis";
import type { Random } from "./backoff.js";
import { CLOSED, failureOf } from "./failure.js";
import type { IoRedis, IoRedisCluster } from "./ioredis.js";
import { openOurs } from "./ioredis-link.js";
import { clusterOptions, type OptionsParts, sentinelOptions, serverOptions } from "./ioredis-options.js";
import type { Link, Opening, Source } from "./link.js";
import { checkMaster, findMaster } from "./sentinel.js";
import { addressOf, type Endpoint, type SentinelPlace } from "./url.js";

/** What connections are made to. */
export interface Target {
  /** Where it is, without a password. */
  readonly address: string;
  readonly commands: Source;
  /** Connections for messages alone. */
  readonly messages: Source;
}

/** The classes of ioredis, which is loaded when it is needed. */
export interface IoRedisModule {
  readonly Redis: new (options: RedisOptions) => IoRedis;
  readonly Cluster: new (nodes: Endpoint[], options: ClusterOptions) => IoRedisCluster;
}

export interface TargetParts extends OptionsParts {
  readonly ioredis: IoRedisModule;
  readonly random: Random;
}

type Sources = Omit<Target, "address">;

/** The Redis of a URL. */
export function ownTarget(parts: TargetParts): Target {
  const { place } = parts;
  const address = addressOf(place);
  switch (place.kind) {
    case "single":
      return { address, ...alike((opening) => openServer(parts, place.endpoint, place.db, opening)) };
    case "sentinel":
      return { address, ...alike((opening) => openMaster(parts, place, opening)) };
    case "cluster":
      return { address, ...ofCluster(parts, place.nodes) };
  }
}

function alike(source: Source): Sources {
  return { commands: source, messages: source };
}

function openServer(parts: TargetParts, server: Endpoint, db: number, opening: Opening): Promise<Link> {
  return openOurs(new parts.ioredis.Redis({ ...serverOptions(parts), ...server, db }), opening);
}

/** We ask the Sentinels ourselves: of one that is away ioredis keeps a timer, and with it the process. */
async function openMaster(parts: TargetParts, place: SentinelPlace, opening: Opening): Promise<Link> {
  const ask = (sentinel: Endpoint, asking: Opening): Promise<Link> =>
    openOurs(new parts.ioredis.Redis({ ...sentinelOptions(parts), ...sentinel }), asking);
  const master = await findMaster(place, ask, opening.signal);
  return checkMaster(await openServer(parts, master, place.db, opening));
}

function ofCluster(parts: TargetParts, configured: readonly Endpoint[]): Sources {
  let known = configured;
  const commands: Source = (opening) => {
    const cluster = new parts.ioredis.Cluster([...known], clusterOptions(parts));
    // Those that were configured may be gone by the time when they are needed again.
    cluster.on("ready", () => {
      known = [...configured, ...endpointsOf(cluster)];
    });
    return openOurs(cluster, opening).catch(async (error: unknown) => {
      throw failureOf(error) === CLOSED ? await explained(parts, known, opening, error) : error;
    });
  };
  // Every node passes on the messages of all.
  const messages: Source = (opening) => {
    const node = known[Math.floor(parts.random() * known.length)] as Endpoint;
    return openServer(parts, node, 0, opening);
  };
  return { commands, messages };
}

/** Why nodes could not be asked ioredis keeps to itself: one of them is asked for it. Never rejects. */
async function explained(
  parts: TargetParts,
  [node]: readonly Endpoint[],
  opening: Opening,
  error: unknown,
): Promise<unknown> {
  return openServer(parts, node as Endpoint, 0, opening).then(
    (link) => {
      link.discard();
      return error;
    },
    (cause: unknown) => cause,
  );
}

function endpointsOf(cluster: IoRedisCluster): Endpoint[] {
  return cluster
    .nodes("all")
    .flatMap(({ options: { host, port } }) => (host && port ? [{ host, port }] : []));
}
