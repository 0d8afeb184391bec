import type { Socket } from "node:net";

type Argument = string | number;
/** Listeners of any shape: ioredis tells each event's arguments in its documentation alone. */
type Listener = (...args: never[]) => void;

/** What is used of a connection of ioredis. */
export interface IoRedisNode {
  readonly status: string;
  readonly options: { readonly host?: string | undefined; readonly port?: number | undefined };
  /** Undefined until there was one. */
  readonly stream?: Socket | undefined;
  call(name: string, ...args: Argument[]): Promise<unknown>;
  on(event: string, listener: Listener): unknown;
}

/** What is used of a client of ioredis, `Redis` or `Cluster`. */
export interface IoRedis extends IoRedisNode {
  connect(): Promise<void>;
  disconnect(): void;
  pipeline(): IoRedisPipeline;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  off(event: string, listener: Listener): unknown;
}

interface IoRedisPipeline {
  call(name: string, ...args: Argument[]): unknown;
  exec(): Promise<[error: Error | null, reply: unknown][] | null>;
}

/** A `Cluster` has connections to many nodes. */
export interface IoRedisCluster extends IoRedis {
  nodes(role: "all" | "master"): IoRedisNode[];
}

/** The connections behind a client. */
export function nodesOf(client: IoRedis, role: "all" | "master"): readonly IoRedisNode[] {
  return isCluster(client) ? client.nodes(role) : [client];
}

function isCluster(client: IoRedis): client is IoRedisCluster {
  return (client as { isCluster?: unknown }).isCluster === true;
}
