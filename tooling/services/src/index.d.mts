/** Servers for tests: what the sources say, in types. Durations are milliseconds. */

/** A program that runs for a test. */
export interface Server {
  /** Of the run that is under way. */
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Temporary; removed by `stop`. */
  readonly folder: string;
  readonly version: string;
  /** Ends it in good order, by force after eight seconds, and removes its folder. */
  stop(): Promise<void>;
  /** Ends it and its children as a power cut would, and resolves when they are gone. Its folder stays until `stop`. */
  kill(): Promise<void>;
  /** Starts it again on its port, after an end in good order if it runs, and resolves when it answers. */
  restart(options?: { readonly keepData?: boolean }): Promise<void>;
  /** Stops it and its children in their tracks: what they hold stays open, and nothing is answered. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/** What Redis answers to a command. */
export type RedisAnswer = string | number | null | readonly RedisAnswer[];

export interface RedisServer extends Server {
  /** One command over a connection of its own; rejects with the error that Redis answers. */
  command(...words: readonly (string | number)[]): Promise<RedisAnswer>;
  /** With TLS the certificate that a client trusts, as PEM. */
  readonly ca: string | undefined;
}

export interface PostgresServer extends Server {
  readonly user: string;
  readonly database: string;
}

/** A value of redis.conf; several words are an array. */
export type RedisSetting = string | number | readonly (string | number)[];

export interface RedisOptions {
  /** Those of redis.conf. */
  readonly settings?: Readonly<Record<string, RedisSetting>>;
  /** Whether a command is on disk before it is answered; nothing is otherwise. */
  readonly persistence?: boolean;
}

export function startRedis(
  options?: RedisOptions & {
    readonly port?: number;
    /** Whether it speaks TLS, with a certificate made for it, and nothing else. */
    readonly tls?: boolean;
  },
): Promise<RedisServer>;

export function startPostgres(options?: {
  readonly port?: number;
  /** Those of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
}): Promise<PostgresServer>;

export interface RedisSentinel {
  /** `redis+sentinel://name@host:port,host:port,host:port/0` */
  readonly url: string;
  readonly masterName: string;
  readonly sentinels: readonly Omit<RedisServer, "version" | "ca">[];
  /** The first was the first master. */
  readonly nodes: readonly RedisServer[];
  /** Resolves with the node that all Sentinels name and that says so itself, once there is one. */
  master(): Promise<RedisServer>;
  /** Kills the master and resolves with it. */
  killMaster(): Promise<RedisServer>;
  stop(): Promise<void>;
}

export function startRedisSentinel(
  options?: RedisOptions & {
    /** What the Sentinels ask for. */
    readonly sentinelPassword?: string;
  },
): Promise<RedisSentinel>;

export interface RedisCluster {
  /** `redis+cluster://host:port,host:port`, or `rediss+cluster://…`, with all nodes */
  readonly url: string;
  /** With TLS the certificate that a client trusts, as PEM. */
  readonly ca: string | undefined;
  /** The first three were the first masters. */
  readonly nodes: readonly RedisServer[];
  /** Resolves with the node that all nodes call the owner of a key's slot and that answers, once there is one. */
  ownerOf(key: string): Promise<RedisServer>;
  stop(): Promise<void>;
}

/** Three masters, each with so many replicas: one unless told otherwise. */
export function startRedisCluster(
  options?: RedisOptions & {
    readonly replicas?: number;
    /** Whether nodes speak TLS, with each other too, and nothing else. */
    readonly tls?: boolean;
  },
): Promise<RedisCluster>;

/** Which way bytes go: towards the server or from it. Faults that take one hurt both ways without it. */
export type Direction = "upstream" | "downstream";

export interface FaultOptions {
  /** Everything is late by `ms`, more or less up to `jitter`; the same `seed` gives the same delays. */
  readonly latency: {
    readonly ms: number;
    readonly jitter?: number;
    readonly seed?: number;
    readonly direction?: Direction;
  };
  /** Of each connection and direction. */
  readonly bandwidth: { readonly bytesPerSecond: number; readonly direction?: Direction };
  /** The end of a connection is late by `ms`, its bytes are not. */
  readonly slowClose: { readonly ms: number; readonly direction?: Direction };
  /** Bytes are taken and lost. A connection that lost any is cut off when the fault ends. */
  readonly timeout: { readonly direction?: Direction };
  /** Connections are silent, and nobody learns that the other side is gone; all arrives when the fault ends. */
  readonly halfOpen: Readonly<Record<never, never>>;
  /** The same in one direction. */
  readonly partition: { readonly direction: Direction };
  /** All connections, and new ones, are cut off by a reset. */
  readonly reset: Readonly<Record<never, never>>;
  /** New connections are refused. */
  readonly refuse: Readonly<Record<never, never>>;
}

type WithoutOptions = {
  [Kind in keyof FaultOptions]: Readonly<Record<never, never>> extends FaultOptions[Kind] ? Kind : never;
}[keyof FaultOptions];

export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** Connections of clients that are open. */
  readonly connections: number;
  /** `scheme://host:port` */
  url(scheme: string): string;
  /** From now on this fault, in place of the one before. */
  fault<Kind extends keyof FaultOptions>(
    kind: Kind,
    ...options: Kind extends WithoutOptions ? [options?: FaultOptions[Kind]] : [options: FaultOptions[Kind]]
  ): Promise<void>;
  /** Ends the fault: what was held goes on, what was delayed goes at once, the port listens again. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

export function startFaultProxy(server: {
  readonly host?: string;
  readonly port: number;
}): Promise<FaultProxy>;

/** The path of a Chromium: the one that `BALDUR_CHROMIUM` names, else one on the PATH. Root on Debian gets one installed. */
export function findChromium(): string;

/** What it is started with for a test. */
export const CHROMIUM_FLAGS: readonly string[];
