import { postgres } from "@baldur/postgres";
import { startPostgres } from "@baldur/services";
import { open as openQueue } from "./dlq-baldur.mjs";
import { openStore } from "./dlq-stores.mjs";
import { SETTINGS } from "./pg-boss.mjs";

/** Baldur's dead-letter queue on a Postgres of its own, with the settings that pg-boss's has. */
export async function open() {
  const server = await startPostgres({ settings: SETTINGS });
  const queue = await openQueue({ plugin: postgres({ dsn: server.url }), end: () => server.stop() });
  const { sql } = queue.servers();
  await queue.firstPage(); // its tables are there
  return {
    ...queue,
    ...(await openStore({ sql })),
    version: `PostgreSQL ${server.version}`,
    /** As in production after a while: what is dead is removed, and the planner knows the tables. */
    vacuum: () => sql.query("vacuum analyze"),
  };
}
