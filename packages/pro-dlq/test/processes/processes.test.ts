import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { violations } from "../crash/checker.js";
import { mapContent } from "../crash/map-content.js";
import { dump, isSoak, type Worker, Workers } from "../crash/workers.js";
import { readState } from "../store/state.js";

const ENTRIES = isSoak ? 10_000 : 1000;
const PROCESSES = 4;

jest.setTimeout(300_000);

let workers: Workers;
beforeEach(async () => {
  workers = await Workers.create();
});
afterEach(() => workers[Symbol.asyncDispose]());

const content = async (): Promise<[key: string, value: string][]> => (await dump([workers.folder]))[0] ?? [];
const lines = (what: string): string[] => workers.journal.filter((line) => line.startsWith(`${what} `));
const byPid = (what: string): Map<string, number> =>
  tally(lines(what).map((line) => line.split(" ")[3] as string));

describe("four processes that replay one store", () => {
  it("share the entries between them, each with one of them at a time, and end each once", async () => {
    expect(await workers.start({ captures: ENTRIES }).ended).toBe(0);
    const replaying = { replays: true, maxRetries: 3, concurrency: 8, work: 2 };
    const all = Array.from({ length: PROCESSES }, (_, seed) => workers.start({ ...replaying, seed }));
    expect(await Promise.all(all.map(({ ended }) => ended))).toEqual(all.map(() => 0));
    const { acknowledged, journal } = workers;
    expect(acknowledged).toHaveLength(ENTRIES);
    expect(violations({ acknowledged, journal, content: mapContent(await content()), budget: 3 })).toEqual(
      [],
    );
    // Nobody was killed, so nothing was done twice and everything that began has ended.
    const done = lines("end").map((line) => line.split(" ")[1]);
    expect(new Set(done).size).toBe(done.length);
    expect(lines("begin").length).toBe(lines("end").length + lines("failed").length);
    expect(byPid("begin").size).toBe(PROCESSES);
  });

  it("do so too when all of them sweep by themselves", async () => {
    expect(await workers.start({ captures: ENTRIES / 10 }).ended).toBe(0);
    const replaying = { replays: true, automatic: true, maxRetries: 3, concurrency: 8, work: 2 };
    const all = Array.from({ length: PROCESSES }, (_, seed) => workers.start({ ...replaying, seed }));
    expect(await Promise.all(all.map(({ ended }) => ended))).toEqual(all.map(() => 0));
    const { acknowledged, journal } = workers;
    expect(violations({ acknowledged, journal, content: mapContent(await content()), budget: 3 })).toEqual(
      [],
    );
  });
});

describe("a process that is stopped in a handler for longer than its lease", () => {
  const record = async () => (await content()).filter(([key]) => key.startsWith("dlq/state/"));
  const stopped = { replays: true, concurrency: 1, stopsIn: 1, events: ["dlq_replay.claim_lost"] };

  it("settles nothing when it goes on: another one took its claim over, and did the work", async () => {
    expect(await workers.start({ captures: 3, failing: 0 }).ended).toBe(0);
    const slow = workers.start({ ...stopped, maxRetries: 2 });
    await stops(slow);
    const other = workers.start({ replays: true, maxRetries: 2 });
    expect(await other.ended).toBe(0);
    const before = await record();
    slow.process.kill("SIGCONT");
    expect(await slow.ended).toBe(0);
    expect(await record()).toEqual(before);
    const [id] = lines("begin").map((line) => line.split(" ")[1]);
    expect(lostBy(slow)).toEqual([id]);
    expect(workers.journal.filter((line) => line.startsWith(`begin ${id}`))).toEqual([
      `begin ${id} 1 ${slow.pid}`,
      `begin ${id} 2 ${other.pid}`,
    ]);
    expect(statuses(before)).toEqual(["resolved", "resolved", "resolved"]);
  });

  it("settles nothing either when the budget allows no other try, and a person has the entry now", async () => {
    expect(await workers.start({ captures: 1, failing: 0, maxRetries: 1 }).ended).toBe(0);
    const slow = workers.start({ ...stopped, maxRetries: 1 });
    await stops(slow);
    expect(await workers.start({ replays: true, maxRetries: 1 }).ended).toBe(0);
    const before = await record();
    expect(statuses(before)).toEqual(["requires_review"]);
    slow.process.kill("SIGCONT");
    expect(await slow.ended).toBe(0);
    expect(await record()).toEqual(before);
    expect(lostBy(slow)).toHaveLength(1);
    expect(lines("begin")).toHaveLength(1);
  });

  it("keeps its claim when nobody takes it over, and settles", async () => {
    expect(await workers.start({ captures: 1, failing: 0 }).ended).toBe(0);
    const slow = workers.start(stopped);
    await stops(slow);
    await sleep(1500);
    slow.process.kill("SIGCONT");
    expect(await slow.ended).toBe(0);
    expect(lostBy(slow)).toEqual([]);
    expect(statuses(await record())).toEqual(["resolved"]);
    expect(lines("begin")).toHaveLength(1);
  });
});

function statuses(records: readonly (readonly [key: string, text: string])[]): unknown[] {
  return records.map(([key, text]) => readState(key, text).status);
}

function lostBy(worker: Worker): string[] {
  return worker.said("event").map((event) => JSON.parse(event.slice(event.indexOf("{"))).id);
}

/** Resolves once the process is stopped. */
async function stops({ pid }: Worker): Promise<void> {
  const isStopped = async () => /\) T /.test(await readFile(`/proc/${pid}/stat`, "utf8"));
  while (!(await isStopped())) await sleep(5);
}

function tally(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
