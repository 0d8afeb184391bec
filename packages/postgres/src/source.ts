import type { Client, Pool } from "pg";
import { poolConfig, type Target } from "./config.js";
import type { Source } from "./connections.js";
import type { SqlSettings } from "./settings.js";

/** Rejects with `ConfigurationError`. */
export async function ownSource(target: Target, settings: SqlSettings): Promise<() => Source> {
  const config = await poolConfig(target, settings);
  // Loaded here: importing the package must cost nothing.
  const pg = await import("pg");
  return () => {
    const pool = new pg.Pool(config);
    return { pool, client: () => new pg.Client(config), end: () => pool.end() };
  };
}

/** A pool of the host's, with the host's copy of `pg`. */
export function hostSource(pool: Pool): () => Source {
  const { Client: HostClient } = pool as unknown as { Client: new (options: object) => Client };
  const source = { pool, client: () => new HostClient(pool.options) };
  return () => source;
}
