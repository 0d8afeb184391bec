import { ConfigurationError } from "@baldur/core";
import type { Random } from "./backoff.js";
import { type IoRedis, type IoRedisNode, nodesOf } from "./ioredis.js";
import { openOurs, openTheirs } from "./ioredis-link.js";
import { SINGLE_USE } from "./ioredis-options.js";
import type { Target } from "./target.js";

/** A client of ioredis that the host has made and closes: a `Redis`, or a `Cluster`. @public */
export interface HostClient {
  readonly status: string;
  readonly options: object;
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
  duplicate(...args: never[]): unknown;
}

interface Duplicable extends IoRedisNode {
  duplicate(options: object): IoRedis;
}

export function isHostClient(value: object): value is HostClient {
  const { status, call, duplicate } = value as Partial<HostClient>;
  return typeof status === "string" && typeof call === "function" && typeof duplicate === "function";
}

/** Throws `ConfigurationError` for a client that changes keys or replies on the way. */
export function checkHostClient({ options }: HostClient): void {
  const { redisOptions = {}, ...own } = options as Record<string, unknown>;
  const { keyPrefix, stringNumbers, replyMapping } = { ...own, ...(redisOptions as object) } as Record<
    string,
    unknown
  >;
  if (keyPrefix) throw refused("keyPrefix: keys are Baldur's own, below `baldur:`");
  if (stringNumbers) throw refused("stringNumbers: numbers are expected as numbers");
  if (replyMapping === "resp3")
    throw refused('replyMapping "resp3": replies are expected in the form of RESP2');
}

/** The Redis of the host's client. Messages come on connections of our own, made with the same options. */
export function hostTarget(client: HostClient, random: Random): Target {
  const theirs = client as unknown as IoRedis;
  return {
    address: "the host's Redis",
    commands: (opening) => openTheirs(theirs, opening),
    messages: async (opening) => {
      const nodes = nodesOf(theirs, "all");
      const node = nodes[Math.floor(random() * nodes.length)] as Duplicable | undefined;
      if (node === undefined) throw new Error("no node of the cluster is known");
      return openOurs(node.duplicate(SINGLE_USE), opening);
    },
  };
}

function refused(rule: string): ConfigurationError {
  return new ConfigurationError(`the client given to redis() must not have the option ${rule}`);
}
