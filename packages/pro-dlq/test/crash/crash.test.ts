import { afterAll, describe, expect, it, jest } from "@jest/globals";
import { type Content, violations } from "./checker.js";
import { mapContent } from "./map-content.js";
import { dump, isSoak, type Worker, type WorkerOptions, Workers } from "./workers.js";

const RUNS = isSoak ? 320 : 24;
const BATCH = isSoak ? 20 : 12;
const AT_A_TIME = 3;
const BUDGET = 3;
/** Another one of the same kind: BALDUR_SEED=<number>. */
const SEED = Number(process.env["BALDUR_SEED"] ?? 20_260_101);

/** Where a process kills itself, and how often it may come by before. `failpoints.mjs` says what they lie between. */
const POINTS: readonly (readonly [point: string, most: number, ...modes: Mode[]])[] = [
  ["capture:made", 10, "capture", "both"],
  ["work:add", 3, "capture", "both"],
  ["commit:add", 3, "capture", "both"],
  ["told:add", 3, "capture", "both"],
  ["capture:known", 10, "capture", "both"],
  ["work:claim", 8, "replay", "both"],
  ["commit:claim", 8, "replay", "both"],
  ["told:claim", 8, "replay", "both"],
  ["handler:begin", 8, "replay", "both"],
  ["handler:effect", 8, "replay", "both"],
  ["handler:returned", 8, "replay", "both"],
  ["work:settle", 8, "replay", "both"],
  ["commit:settle", 8, "replay", "both"],
  ["told:settle", 8, "replay", "both"],
  ["work:release", 1, "replay"],
  ["commit:release", 1, "replay"],
  ["told:release", 1, "replay"],
  ["work:owner", 2, "replay", "both"],
  ["commit:owner", 2, "replay", "both"],
  ["told:owner", 2, "replay", "both"],
  ["work:lease", 2, "replay", "both"],
  ["commit:lease", 2, "replay", "both"],
  ["told:lease", 2, "replay", "both"],
  ["work:lease-end", 2, "replay", "both"],
  ["commit:lease-end", 2, "replay", "both"],
  ["told:lease-end", 2, "replay", "both"],
  ["work:owner-end", 1, "replay", "both"],
  ["commit:owner-end", 1, "replay", "both"],
  ["told:owner-end", 1, "replay", "both"],
  ["write", 60, "capture", "replay", "both"],
];

type Mode = "capture" | "replay" | "both";
type Random = () => number;

const totals = { runs: 0, processes: 0, byTimer: 0, byFailpoint: 0, entries: 0, handlerRuns: 0 };
const crossed = new Map<string, number>();
const began = performance.now();

jest.setTimeout(600_000);

afterAll(() => {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const figures = Object.entries(totals).map(([what, count]) => `${what} ${count}`);
  process.stdout.write(
    `crash test: ${figures.join(", ")}, points ${crossed.size} of ${POINTS.length}, seconds ${seconds}\n`,
  );
});

describe("processes that are killed at any moment", () => {
  const batches = Array.from({ length: Math.ceil(RUNS / BATCH) }, (_, batch) => batch * BATCH);
  it.each(batches)(
    "lose nothing, and run nothing twice at a time or too often: runs from %i on",
    async (from) => {
      const numbers = Array.from({ length: Math.min(BATCH, RUNS - from) }, (_, at) => from + at);
      const runs: { number: number; workers: Workers }[] = [];
      try {
        await inTurn(numbers, async (number) => {
          const workers = await Workers.create();
          runs.push({ number, workers });
          await crashes(number, workers);
        });
        const contents = await dump(runs.map(({ workers }) => workers.folder));
        for (const [index, { number, workers }] of runs.entries())
          check(number, workers, mapContent(contents[index] ?? []));
      } finally {
        for (const { workers } of runs) await workers[Symbol.asyncDispose]();
      }
    },
  );

  it("were killed at every point there is", () => {
    const all = POINTS.map(([point]) => point);
    const missed = all.filter((point) => !crossed.has(point));
    // How far a process comes depends on the machine, so a few may be missed by the few dozen of runs.
    expect(missed.length).toBeLessThanOrEqual(isSoak ? 0 : all.length / 3);
    expect(totals.byTimer).toBeGreaterThan(RUNS / 4);
  });
});

describe("a process that is killed while it takes up what was spilled", () => {
  it.each(["work:add", "commit:add", "told:add"])("at %s leaves it to the next, once", async (point) => {
    await using workers = await Workers.create();
    const first = workers.start({ captures: 10, refused: 10, failing: 0 });
    expect(await first.ended).toBe(0);
    const second = workers.start({ replays: true, work: 50, failpoint: { point, crossing: 1 } });
    expect(await second.ended).toBe("SIGKILL");
    expect(await workers.start({ replays: true, empties: true }).ended).toBe(0);
    const { acknowledged, journal, folder } = workers;
    expect(acknowledged).toHaveLength(10);
    const content = mapContent((await dump([folder]))[0] ?? []);
    expect(violations({ acknowledged, journal, content, budget: BUDGET })).toEqual([]);
    expect(journal.filter((line) => line.startsWith("end "))).toHaveLength(10);
  });
});

/** One to four processes at a time, in one or two generations, and one more that ends what they left. */
async function crashes(number: number, workers: Workers): Promise<void> {
  try {
    for (const fates of generations[number] as Fate[][])
      await Promise.all(fates.map((fate) => live(workers, fate)));
    const last = { replays: true, empties: true, seed: number, concurrency: 16, work: 1 };
    expect(await workers.start({ ...last, maxRetries: BUDGET }).ended).toBe(0);
  } catch (error) {
    throw new Error(`run ${number} of seed ${SEED}: ${(error as Error).message}`, { cause: error });
  }
}

interface Fate {
  readonly options: WorkerOptions;
  /** Milliseconds, from the start or from when the store is open. */
  readonly killed?: { readonly after: number; readonly from: "start" | "ready" };
}

/** Who comes first has something to capture, for otherwise there is nothing to replay. */
const POINTS_OF_THE_FIRST = POINTS.filter(([, , ...modes]) => modes.some((mode) => mode !== "replay"));
/** Each in its turn; those that come later begin elsewhere, so that few runs see many. */
const next = { first: 0, later: POINTS.length / 2 };
const given = new Set<string>();
/** Made up beforehand, in order, so that a seed always makes the same. */
const generations = Array.from({ length: RUNS }, (_, number): Fate[][] => {
  const random = seeded(SEED + number);
  const together = pick(random, [1, 1, 2, 4]);
  const count = together < 4 && random() < 0.6 ? 2 : 1;
  return Array.from({ length: count }, (__, generation) =>
    Array.from({ length: together }, (___, at) => fateOf(random, generation + at === 0)),
  );
});

function fateOf(random: Random, isFirst: boolean): Fate {
  const byPoint = random() < 0.65;
  const points = isFirst ? POINTS_OF_THE_FIRST : POINTS;
  const at = isFirst ? next.first : next.later;
  if (byPoint) next[isFirst ? "first" : "later"]++;
  const [point, most, ...modes] = points[at % points.length] as (typeof POINTS)[number];
  // The first that is to die there does so as it comes by, however slow the machine is.
  const isNew = byPoint && !given.has(point);
  if (isNew) given.add(point);
  const all: Mode[] = byPoint ? modes : ["capture", "replay", "both", "both"];
  const mode = pick(random, isFirst ? all.filter((one) => one !== "replay") : all);
  const options: WorkerOptions = {
    captures: mode === "replay" ? 0 : 10 + Math.floor(random() * 30),
    replays: mode !== "capture",
    automatic: random() < 0.2,
    concurrency: 1 + Math.floor(random() * 8),
    maxRetries: BUDGET,
    seed: Math.floor(random() * 2 ** 32),
    refused: random() < 0.15 ? 1 + Math.floor(random() * 3) : 0,
    failpoint: byPoint ? { point, crossing: isNew ? 1 : 1 + Math.floor(random() * most) } : undefined,
  };
  if (byPoint) return { options };
  const from = random() < 0.15 ? "start" : "ready";
  return { options, killed: { after: 5 + random() * (from === "start" ? 300 : 195), from } };
}

async function live(workers: Workers, { options, killed }: Fate): Promise<void> {
  totals.processes++;
  const worker = workers.start(options);
  if (killed !== undefined) await kill(worker, killed);
  if ((await worker.ended) !== "SIGKILL") return;
  const [point] = worker.said("dies");
  if (point === undefined) totals.byTimer++;
  else {
    totals.byFailpoint++;
    crossed.set(point, (crossed.get(point) ?? 0) + 1);
  }
}

async function kill(worker: Worker, { after, from }: NonNullable<Fate["killed"]>): Promise<void> {
  if (from === "ready") await worker.says("ready");
  const timer = setTimeout(() => worker.process.kill("SIGKILL"), after);
  await worker.ended.finally(() => clearTimeout(timer));
}

function check(number: number, workers: Workers, content: Content): void {
  const { acknowledged, journal } = workers;
  const found = violations({ acknowledged, journal, content, budget: BUDGET });
  expect({ number, seed: SEED, found }).toEqual({ number, seed: SEED, found: [] });
  totals.runs++;
  totals.entries += acknowledged.length;
  totals.handlerRuns += journal.filter((line) => line.startsWith("begin ")).length;
}

async function inTurn<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
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
