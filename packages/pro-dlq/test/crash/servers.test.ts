import { setTimeout as sleep } from "node:timers/promises";
import type { RedisClient, SqlDatabase } from "@baldur/core/plugin";
import { type Server, startPostgres, startRedis } from "@baldur/services";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { openPostgres, openRedis } from "../store/servers.js";
import { type Content, violations } from "./checker.js";
import { redisContent, sqlContent } from "./server-content.js";
import { isSoak, type StoreServer, type WorkerOptions, Workers } from "./workers.js";

const RUNS = isSoak ? 160 : 6;
const AT_A_TIME = 2;
const BUDGET = 3;
/** Another one of the same kind: BALDUR_SEED=<number>. */
const SEED = Number(process.env["BALDUR_SEED"] ?? 20_260_101);
const POINTS = [
  "server:ask",
  "server:asked",
  "server:answered",
  "handler:begin",
  "handler:effect",
  "handler:returned",
];

jest.setTimeout(600_000);

interface Subject {
  readonly name: string;
  /** A server that has what it acknowledged when it is started again. */
  start(): Promise<Server>;
  /** A place of its own on the server. */
  place(server: Server, number: number): Promise<StoreServer>;
  content(server: Server, place: StoreServer): Promise<Content>;
}

type Random = () => number;

async function over<T extends SqlDatabase | RedisClient, R>(
  client: T,
  work: (client: T) => Promise<R>,
): Promise<R> {
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

const SUBJECTS: Subject[] = [
  {
    name: "Postgres",
    start: () => startPostgres({ settings: { max_connections: 200, fsync: "off" } }),
    async place({ url }, number) {
      await over(await openPostgres(url), (database) => database.query(`create database run_${number}`));
      const dsn = url.replace(/[^/]*$/, `run_${number}`);
      return { kind: "sql", options: { dsn, poolSize: 4 } };
    },
    content: async (_, { options }) => over(await openPostgres((options as { dsn: string }).dsn), sqlContent),
  },
  {
    name: "Redis",
    start: () => startRedis({ settings: { appendonly: "yes" } }),
    place: async ({ url }, number) => ({ kind: "redis", options: { url, namespace: `run${number}` } }),
    content: async ({ url }, { options }) =>
      over(await openRedis(url), (client) =>
        redisContent(client, `baldur:${(options as { namespace: string }).namespace}:`),
      ),
  },
];

describe.each(SUBJECTS)("processes that share a queue on $name", ({ start, place, content }) => {
  let server: Server;
  let places = 0;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  async function check(workers: Workers, on: StoreServer, budget: number): Promise<void> {
    const { acknowledged, journal } = workers;
    expect(violations({ acknowledged, journal, content: await content(server, on), budget })).toEqual([]);
  }

  it("and are killed at any moment lose nothing, and run nothing twice at a time or too often", async () => {
    let killed = 0;
    const run = async (number: number): Promise<void> => {
      const random = seeded(SEED + number);
      const on = await place(server, ++places);
      await using workers = await Workers.create(on);
      try {
        for (const options of fatesOf(random, number)) killed += await live(workers, options, random);
        const last = {
          replays: true,
          empties: true,
          seed: number,
          concurrency: 16,
          work: 1,
          maxRetries: BUDGET,
        };
        expect(await workers.start(last).ended).toBe(0);
        await check(workers, on, BUDGET);
      } catch (error) {
        throw new Error(`run ${number} of seed ${SEED}: ${(error as Error).message}`, { cause: error });
      }
    };
    const numbers = Array.from({ length: RUNS }, (_, number) => number);
    const work = async (): Promise<void> => {
      for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) await run(number);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    expect(killed).toBeGreaterThan(RUNS / 2);
  });

  it("four at a time share the entries between them, and end each once", async () => {
    const on = await place(server, ++places);
    await using workers = await Workers.create(on);
    expect(await workers.start({ captures: isSoak ? 5000 : 400 }).ended).toBe(0);
    const replaying = { replays: true, maxRetries: 3, concurrency: 8, work: 2 };
    const all = Array.from({ length: 4 }, (_, seed) => workers.start({ ...replaying, seed }));
    expect(await Promise.all(all.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
    await check(workers, on, 3);
    const done = workers.journal.filter((line) => line.startsWith("end ")).map((line) => line.split(" ")[1]);
    expect(new Set(done).size).toBe(done.length);
  });

  it("of which one is stopped in a handler for longer than its lease: it settles nothing when it goes on", async () => {
    const on = await place(server, ++places);
    await using workers = await Workers.create(on);
    expect(await workers.start({ captures: 3, failing: 0 }).ended).toBe(0);
    // It may as well take the server for gone, whose answers were late for it.
    const events = ["dlq_replay.claim_lost", "dlq_replay.settle_failed"];
    const slow = workers.start({ replays: true, concurrency: 1, stopsIn: 1, maxRetries: 2, events });
    await slow.says("stops");
    expect(await workers.start({ replays: true, maxRetries: 2 }).ended).toBe(0);
    const before = await content(server, on);
    expect(before.entries.map(({ state }) => state.status)).toEqual(["resolved", "resolved", "resolved"]);
    slow.process.kill("SIGCONT");
    expect(await slow.ended).toBe(0);
    expect((await content(server, on)).entries).toEqual(before.entries);
    expect(slow.said("event")).toHaveLength(1);
  });

  it("lose nothing when the server is killed under them, and settle what they did when it is back", async () => {
    const on = await place(server, ++places);
    await using workers = await Workers.create(on);
    const working = { captures: 150, replays: true, empties: true, maxRetries: BUDGET, concurrency: 4 };
    const all = [1, 2, 3].map((seed) => workers.start({ ...working, seed }));
    await Promise.all(all.map((worker) => worker.says("ack")));
    await server.restart({ keepData: true });
    await sleep(200);
    await server.kill();
    await server.restart({ keepData: true });
    expect(await Promise.all(all.map(({ ended }) => ended))).toEqual([0, 0, 0]);
    expect(await workers.start({ replays: true, empties: true, maxRetries: BUDGET }).ended).toBe(0);
    await check(workers, on, BUDGET);
  });
});

/** Those who come first have something to capture, for otherwise there is nothing to replay. */
function fatesOf(random: Random, number: number): WorkerOptions[][] {
  const generations = random() < 0.5 ? 2 : 1;
  return Array.from({ length: generations }, (_, generation) =>
    Array.from({ length: pick(random, [1, 2, 4]) }, (__, at) => {
      const isFirst = generation + at === 0;
      const byPoint = random() < 0.6;
      const point = POINTS[(number + at) % POINTS.length] as string;
      return {
        captures: isFirst || random() < 0.6 ? 10 + Math.floor(random() * 20) : 0,
        replays: random() < 0.8,
        automatic: random() < 0.2,
        concurrency: 1 + Math.floor(random() * 8),
        maxRetries: BUDGET,
        seed: Math.floor(random() * 2 ** 32),
        failpoint: byPoint ? { point, crossing: 1 + Math.floor(random() * 12) } : undefined,
      };
    }),
  );
}

/** Answers how many were killed. */
async function live(workers: Workers, fates: readonly WorkerOptions[], random: Random): Promise<number> {
  const ends = fates.map(async (options) => {
    const after = 5 + random() * 200;
    const worker = workers.start(options);
    if (options.failpoint === undefined) {
      await worker.says("ready");
      const timer = setTimeout(() => worker.process.kill("SIGKILL"), after);
      worker.ended.finally(() => clearTimeout(timer)).catch(() => undefined);
    }
    return worker.ended;
  });
  return (await Promise.all(ends)).filter((end) => end === "SIGKILL").length;
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** Numbers in [0, 1) that are the same in every run. */
function seeded(seed: number): Random {
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
