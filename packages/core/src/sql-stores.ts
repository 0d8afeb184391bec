import type { SqlStores, SqlStoresOptions } from "./create-sql-stores.js";

export type { SqlStores, SqlStoresOptions } from "./create-sql-stores.js";

/** What core keeps in a database that a fleet shares: makes the stores, and loads their code only now. @public */
export async function sqlStores(options: SqlStoresOptions): Promise<SqlStores> {
  const { createSqlStores } = await import("./create-sql-stores.js");
  return createSqlStores(options);
}
