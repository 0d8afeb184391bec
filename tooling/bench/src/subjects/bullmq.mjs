import { startRedis } from "@baldur/services";
import { Queue, Worker } from "bullmq";

const OPTIONS = { removeOnComplete: true, removeOnFail: true };
const CONCURRENCIES = [20, 100];

const DURABLE = { appendonly: "yes", appendfsync: "always" };

/**
 * Its defaults, on a Redis that keeps nothing on disk, so that an answer says that the job is in memory; or, `durable`, on
 * one that syncs its file before it answers.
 */
export async function open({ durable = false } = {}) {
  const redis = await startRedis(durable ? { settings: DURABLE } : {});
  const connection = { host: redis.host, port: redis.port };
  const queue = new Queue("charge", { connection });
  await queue.waitUntilReady();

  /** Processes about `count` jobs and returns jobs per second; a worker that ends finishes what it has begun. */
  async function work(count, concurrency) {
    let done = 0;
    let reached;
    const enough = new Promise((resolve) => {
      reached = resolve;
    });
    const run = async () => {
      if (++done === count) reached();
    };
    const worker = new Worker("charge", run, { connection, concurrency, autorun: false });
    await worker.waitUntilReady();
    const start = performance.now();
    worker.run();
    await enough;
    const rate = count / ((performance.now() - start) / 1000);
    await worker.close();
    return { rate, done };
  }

  return {
    version: `Redis ${redis.version}`,
    store: (payload) => queue.add("charge", payload, OPTIONS),
    /** The better of the two concurrencies, half the jobs each. */
    async drain(count) {
      const first = await work(Math.floor(count / 2), CONCURRENCIES[0]);
      const second = await work(count - first.done, CONCURRENCIES[1]);
      return Math.max(first.rate, second.rate);
    },
    clean: () => queue.obliterate({ force: true }),
    async close() {
      await queue.close();
      await redis.stop();
    },
  };
}
