import { startPostgres } from "@baldur/services";
import pg from "pg";
import PgBoss from "pg-boss";

/** Durable, and with room: no checkpoint within a sample. */
const SETTINGS = { shared_buffers: "512MB", max_wal_size: "4GB" };
const POOL = 10;
const BATCH = 100;

export async function open() {
  const postgres = await startPostgres({ settings: SETTINGS });
  const boss = new PgBoss({ connectionString: postgres.url, max: POOL, supervise: false, schedule: false });
  let closing = false; // its pool hears of the server's end
  boss.on("error", (error) => closing || console.error(`pg-boss: ${error.message}`));
  await boss.start();
  await boss.createQueue("charge");
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();

  return {
    version: `PostgreSQL ${postgres.version}`,
    store: (payload) => boss.send("charge", payload),
    /** Fetches and completes in batches; vacuumed before, for without it dead rows decide the figure. */
    async drain(count) {
      await client.query("vacuum analyze");
      let done = 0;
      const start = performance.now();
      while (done < count) {
        const jobs = await boss.fetch("charge", { batchSize: BATCH });
        if (jobs.length === 0) throw new Error(`pg-boss had ${done} jobs of ${count}`);
        const ids = jobs.map((job) => job.id);
        await boss.complete("charge", ids);
        done += jobs.length;
      }
      return done / ((performance.now() - start) / 1000);
    },
    /** It keeps finished jobs in the same table. */
    clean: () => client.query("delete from pgboss.job"),
    async close() {
      closing = true;
      await client.end();
      await boss.stop({ graceful: false });
      await postgres.stop();
    },
  };
}
