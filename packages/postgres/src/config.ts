import { readFile } from "node:fs/promises";
import { ConfigurationError } from "@baldur/core";
import type { PoolConfig } from "pg";
import { type Dsn, parseDsn } from "./dsn.js";
import type { SqlSettings } from "./settings.js";

/** A peer that is gone without a word is noticed by the system, some minutes later. */
const KEEP_ALIVE = 10_000;

/** Where to connect, as it was given. */
export interface Target {
  readonly option: string;
  /** Undefined: by the settings of host, port, database and user. */
  readonly dsn: string | undefined;
}

/**
 * What `pg` connects with. What is said nowhere, `pg` takes from the variables of libpq. Rejects with `ConfigurationError`.
 * Nothing is set that a pooler between would refuse, or would hand to another process.
 */
export async function poolConfig({ option, dsn }: Target, settings: SqlSettings): Promise<PoolConfig> {
  const { parameters, tls, ...place } = dsn === undefined ? ownPlace(settings) : parseDsn(option, dsn);
  return {
    application_name: "baldur",
    ...parameters,
    ...place,
    ...(settings.password !== undefined && { password: settings.password }),
    ssl: await tlsOptions(tls, settings),
    max: settings.poolSize,
    connectionTimeoutMillis: settings.connectTimeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE,
    allowExitOnIdle: true,
  };
}

function ownPlace({ host, port, database, user }: SqlSettings): Dsn {
  return {
    ...(host !== undefined && { host }),
    port,
    ...(database !== undefined && { database }),
    ...(user !== undefined && { user }),
    parameters: {},
  };
}

async function tlsOptions(mode: Dsn["tls"], settings: SqlSettings): Promise<PoolConfig["ssl"]> {
  const { tlsEnabled, tlsVerify, tlsCaBundlePath, tlsCertificatePath, tlsKeyPath } = settings;
  if (mode === "off" || (mode === undefined && !tlsEnabled)) return false;
  if ((tlsCertificatePath === undefined) !== (tlsKeyPath === undefined))
    throw new ConfigurationError("sql.tlsCertificatePath and sql.tlsKeyPath need each other");
  const [ca, cert, key] = await Promise.all([
    contents("sql.tlsCaBundlePath", tlsCaBundlePath),
    contents("sql.tlsCertificatePath", tlsCertificatePath),
    contents("sql.tlsKeyPath", tlsKeyPath),
  ]);
  return {
    rejectUnauthorized: mode !== "unverified" && tlsVerify,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

async function contents(option: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code } = cause as { code?: string };
    throw new ConfigurationError(`${option} must name a file that can be read; ${path}: ${code}`, { cause });
  }
}
