import type { ClientBase, Pool } from "pg";

/** A pool, of whatever copy of `pg`. */
export function isPool(target: object): target is Pool {
  return "totalCount" in target && "connect" in target;
}

/** Whether a transaction is open on it, sound or failed. */
export function isAmidTransaction(client: ClientBase): boolean {
  // Of a host's own `pg`, which may be older.
  return ["T", "E"].includes(client.getTransactionStatus?.() ?? "I");
}

/** Where a client is connected, and as whom. */
export function addressOf(client: ClientBase): string {
  const place = client as Partial<Record<"user" | "host" | "port" | "database", unknown>>;
  return `postgres://${place.user}@${place.host}:${place.port}/${place.database}`;
}

/** Listens to the errors of a connection that is in use: whoever asked over it is told, and its pool drops it. */
export function heard(): void {
  // Without a listener the error would end the process.
}
