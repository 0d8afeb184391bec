import { startPostgres } from "@baldur/services";
import pg from "pg";
import PgBoss from "pg-boss";

/** Durable, and with room: no checkpoint within a sample. */
export const SETTINGS = { shared_buffers: "512MB", max_wal_size: "4GB" };
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
    /** Inserts so many at a time, one after the other; returns jobs per second. */
    async bulk(payloads, batch) {
      const start = performance.now();
      const jobs = payloads.map((data) => ({ name: "charge", data }));
      for (let from = 0; from < jobs.length; from += batch) await boss.insert(jobs.slice(from, from + batch));
      return payloads.length / ((performance.now() - start) / 1000);
    },
    /** Fetches and completes in batches, so many at a time. */
    async drain(count, lanes = 1) {
      let taken = 0;
      let done = 0;
      const lane = async () => {
        while (taken < count) {
          taken += BATCH;
          const jobs = await boss.fetch("charge", { batchSize: BATCH });
          if (jobs.length === 0) throw new Error(`pg-boss had ${done} jobs of ${count}`);
          const ids = jobs.map((job) => job.id);
          await boss.complete("charge", ids);
          done += jobs.length;
        }
      };
      const start = performance.now();
      await Promise.all(Array.from({ length: lanes }, lane));
      return done / ((performance.now() - start) / 1000);
    },
    vacuum: () => client.query("vacuum analyze"),
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
