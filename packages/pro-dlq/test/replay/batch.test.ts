import type { FailedOperation } from "@baldur/core/plugin";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { BatchReplayResult } from "../../src/api.js";
import {
  down,
  errorOf,
  type QueueSetup,
  started,
  statusOf,
  type TestQueue,
  turn,
  upTo,
  Work,
} from "../queue/runtime.js";

const open: TestQueue[] = [];
async function begin(setup: QueueSetup = {}): Promise<TestQueue> {
  const queue = await started({ automatic: false, ...setup });
  open.push(queue);
  return queue;
}
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

const batchOf = (q: TestQueue, filter: Parameters<TestQueue["queue"]["replayBatch"]>[0] = {}) =>
  q.during(q.queue.replayBatch(filter));
const sweepOf = (q: TestQueue, name: string, options?: Parameters<TestQueue["queue"]["sweep"]>[1]) =>
  q.during(q.queue.sweep(name, options));
const statuses = (q: TestQueue, ids: readonly string[]) => Promise.all(ids.map((id) => statusOf(q, id)));
const argsOf = (work: Work) => work.runs.map(([arg]) => arg);
/** An entry of each domain, failure type or maximum that is given. */
async function fail(
  q: TestQueue,
  name: string,
  dlq: { domain?: string; failureType?: () => string; maxRetries?: number },
) {
  const { captured } = await q.baldur.protectWithMeta(name, down, { dlq, circuitBreaker: false });
  await captured?.settled;
  return captured?.id as string;
}

describe("a batch", () => {
  it("replays what waits, the oldest first, and as much as is asked for", async () => {
    const q = await begin({ replay: { concurrency: 1 } });
    const work = new Work(q);
    const ids = await work.fail(...upTo(12));
    work.recover();
    expect(await batchOf(q, { maxItems: 5 })).toMatchObject({
      total: 5,
      successCount: 5,
      failedCount: 0,
      skippedCount: 0,
      governanceBlocked: false,
      inflightSkipped: false,
      priorityUsed: false,
    });
    expect(argsOf(work)).toEqual(upTo(5));
    expect(await statuses(q, ids)).toEqual([
      ...upTo(5).map(() => "resolved"),
      ...upTo(7).map(() => "pending"),
    ]);
    expect(await batchOf(q)).toMatchObject({ total: 7, successCount: 7 });
    expect(await batchOf(q)).toMatchObject({ total: 0, results: [] });
    expect(q.telemetry.named("dlq_replay.batch_completed").map(({ payload }) => payload)).toMatchObject([
      { total: 5, success_count: 5, failed_count: 0, skipped_count: 0, trigger: "manual_replay" },
      { total: 7 },
    ]);
    expect(q.telemetry.value("baldur_replay_attempts_total", { replay_type: "batch" })).toBe(12);
    expect(q.telemetry.value("baldur_replay_outcomes_total", { outcome: "success" })).toBe(12);
  });

  it("takes at most a hundred unless told otherwise, over the pages of the store", async () => {
    const q = await begin();
    const work = new Work(q);
    await Promise.all(upTo(450).map((n) => errorOf(work.call(n))));
    await turn();
    work.recover();
    expect((await batchOf(q)).total).toBe(100);
    expect((await batchOf(q, { maxItems: 1000 })).total).toBe(350);
    expect(new Set(argsOf(work)).size).toBe(450);
  });

  it("is narrowed by domain, name and failure type", async () => {
    const q = await begin();
    for (const name of ["a", "b"]) {
      q.baldur.onReplay(name, () => "ok");
      for (const domain of ["d", "e"])
        for (const type of ["F", "G"]) await fail(q, name, { domain, failureType: () => type });
    }
    expect((await batchOf(q, { name: "a", domain: "d", failureType: "F" })).total).toBe(1);
    expect((await batchOf(q, { domain: "d", failureType: "F" })).total).toBe(1);
    expect((await batchOf(q, { failureType: "F" })).total).toBe(2);
    expect((await batchOf(q, { name: "none" })).total).toBe(0);
    expect((await batchOf(q)).total).toBe(4);
  });

  it.each([0, -1, 1.5, Number.NaN, "5", null])("of %p items is refused as a mistake", async (maxItems) => {
    const q = await begin();
    for (const call of [
      q.queue.replayBatch({ maxItems: maxItems as number }),
      q.queue.sweep("x", { maxItems: maxItems as number }),
    ]) {
      const error = await errorOf(call);
      expect(error.code).toBe("ERR_BALDUR_CONFIGURATION");
      expect(error.message).toMatch(/^maxItems must be a positive integer; received/);
    }
  });

  it("says who asked for it, and why", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    work.recover();
    await q.during(q.queue.replayBatch({}, { actor: "ann", reason: "mended" }));
    expect(q.telemetry.named("dlq_replay.batch_completed")).toMatchObject([
      { payload: { actor: "ann", reason: "mended", trigger: "manual_replay", success_count: 1 } },
    ]);
    expect(q.audits).toMatchObject([{ action: "dlq_replay", actorId: "ann", targetId: id }]);
  });

  it("tells how far it is while it goes on: a process that is killed loses two seconds of it", async () => {
    const q = await begin({ replay: { concurrency: 1, rate: 2 } });
    const work = new Work(q);
    await work.fail(...upTo(12));
    work.recover();
    await batchOf(q);
    const told = q.telemetry
      .named("dlq_replay.batch_progressed")
      .map(({ payload }) => payload["success_count"]);
    expect(told.length).toBeGreaterThan(1);
    const sum = told.reduce((all: number, count) => all + Number(count), 0);
    expect(q.telemetry.named("dlq_replay.batch_completed")).toMatchObject([
      { payload: { success_count: 12, progressed_count: sum } },
    ]);
    expect(sum).toBeGreaterThanOrEqual(8);
  });

  it("is not ended by one bad entry in its middle", async () => {
    const q = await begin();
    const work = new Work(q);
    const ids = await work.fail(...upTo(9));
    work.recover();
    work.behave = (n) => {
      if (n === 4) throw new Error("poison");
    };
    const result = await batchOf(q);
    expect(result).toMatchObject({ total: 9, successCount: 8, failedCount: 1 });
    expect(result.stoppedBy).toBeUndefined();
    expect(await statusOf(q, ids[4] as string)).toBe("pending");
  });

  it("is ended by five failures in a row, which leaves the others their budgets", async () => {
    const q = await begin({ replay: { concurrency: 1 } });
    const work = new Work(q);
    const ids = await work.fail(...upTo(9));
    work.runs.length = 0;
    expect(await batchOf(q)).toMatchObject({ total: 5, failedCount: 5, stoppedBy: "failures_in_a_row" });
    expect(argsOf(work)).toEqual(upTo(5));
    expect((await q.queue.get(ids[5] as string))?.retryCount).toBe(0);
  });

  it("is not ended by failures with a success among them", async () => {
    const q = await begin({ replay: { concurrency: 1 } });
    const work = new Work(q);
    await work.fail(...upTo(18));
    work.recover();
    work.behave = (n) => {
      if ((n as number) % 5 !== 4) throw new Error("often");
    };
    expect(await batchOf(q)).toMatchObject({ total: 18, successCount: 3, failedCount: 15 });
  });

  it("is ended by a circuit that opens, which costs its entries nothing", async () => {
    const q = await begin({ replay: { concurrency: 1 } });
    const work = new Work(q, "orders", { circuitBreaker: true });
    const ids = await work.fail(...upTo(4));
    work.recover();
    work.behave = async (n) => {
      if (n === 1) await q.baldur.circuit("orders").forceOpen({ actor: "ann", reason: "stop" });
    };
    expect(await sweepOf(q, "orders")).toMatchObject({
      successCount: 2,
      skippedCount: 1,
      total: 3,
      stoppedBy: "circuit_open",
    });
    expect(await statuses(q, ids)).toEqual(["resolved", "resolved", "pending", "pending"]);
    for (const id of ids.slice(2)) expect((await q.queue.get(id))?.retryCount).toBe(0);
  });

  it("is ended by the kill switch between two entries", async () => {
    const q = await begin({ replay: { concurrency: 1 } });
    const work = new Work(q);
    const ids = await work.fail(...upTo(4));
    work.recover();
    work.behave = async (n) => {
      if (n === 1) await q.baldur.control.disable({ actor: "ann", reason: "stop" });
    };
    expect(await batchOf(q)).toMatchObject({ successCount: 2, total: 2, stoppedBy: "kill_switch" });
    expect(await statuses(q, ids)).toEqual(["resolved", "resolved", "pending", "pending"]);
  });

  it("runs nothing in a dry run, and says what it would have run", async () => {
    const q = await begin();
    const work = new Work(q);
    const ids = await work.fail(...upTo(3));
    work.recover();
    await q.baldur.control.enableDryRun({ actor: "ann" });
    expect(await batchOf(q)).toMatchObject({
      total: 3,
      skippedCount: 3,
      results: [{ data: { skip_reason: "dry_run" } }, {}, {}],
    });
    expect(await sweepOf(q, "orders")).toMatchObject({ total: 3, skippedCount: 3 });
    expect(await q.queue.replay(ids[0] as string)).toMatchObject({
      skipped: true,
      data: { skip_reason: "dry_run" },
    });
    expect(work.runs).toEqual([]);
    expect(await statuses(q, ids)).toEqual(["pending", "pending", "pending"]);
    expect(q.telemetry.named("dlq_replay.suppressed").map(({ payload }) => payload["entries"])).toEqual([
      3, 3,
    ]);
  });

  it("runs so many at a time, and no faster than the rate", async () => {
    const q = await begin({ replay: { concurrency: 3, rate: 10, rampUp: 0 } });
    const work = new Work(q);
    await work.fail(...upTo(40));
    work.recover();
    let atOnce = 0;
    let most = 0;
    const times: number[] = [];
    const began = q.clock.monotonic();
    work.behave = async () => {
      times.push(q.clock.monotonic() - began);
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => q.clock.setTimeout(() => resolve(0), 250));
      atOnce--;
    };
    expect(await batchOf(q, { maxItems: 40 })).toMatchObject({ successCount: 40 });
    expect(most).toBe(3);
    for (let second = 0; second < 3; second++) {
      const ran = times.filter((at) => at >= second * 1000 && at < (second + 1) * 1000).length;
      expect(ran).toBeGreaterThanOrEqual(9);
      expect(ran).toBeLessThanOrEqual(11);
    }
  });

  it("does not wait with what ended for what comes next", async () => {
    const q = await begin({ replay: { concurrency: 1, rampUp: 0 } });
    const ids = await new Work(q).fail(...upTo(2));
    let answer: (verdict: boolean) => void = () => undefined;
    q.baldur.onReplay("orders", {
      canReplay: ({ id }) =>
        id === ids[1]
          ? new Promise<boolean>((resolve) => {
              answer = resolve;
            })
          : true,
      replay: () => new Promise<void>((resolve) => void q.clock.setTimeout(resolve, 1000)),
    });
    const batch = q.queue.replayBatch({});
    await q.clock.advance(1000);
    expect(await statusOf(q, ids[0] as string)).toBe("resolved");
    answer(true);
    expect(await q.during(batch)).toMatchObject({ successCount: 2 });
  });

  it("skips an entry that somebody else took, and one that is gone", async () => {
    const q = await begin({ replay: { concurrency: 1 } });
    const work = new Work(q);
    const ids = await work.fail(...upTo(4));
    work.recover();
    work.behave = async (n) => {
      if (n === 0) await q.queue.resolve(ids[2] as string, { actor: "ann" });
    };
    expect(await batchOf(q)).toMatchObject({ total: 3, successCount: 3 });
    expect(argsOf(work)).toEqual([0, 1, 3]);
  });
});

describe("an adaptive batch", () => {
  it("follows what became of the last one, whatever is asked for", async () => {
    const env = {
      REPLAY_AUTOMATION_ADAPTIVE_INITIAL_ITEMS: "10",
      REPLAY_AUTOMATION_ADAPTIVE_MIN_ITEMS: "4",
      REPLAY_AUTOMATION_ADAPTIVE_MAX_ITEMS: "12",
    };
    const q = await begin({ env });
    const work = new Work(q);
    await work.fail(...upTo(60));
    work.recover();
    let ran = 0;
    let share = 0;
    work.behave = () => {
      if (++ran % 10 < share) throw new Error("sometimes");
    };
    const size = async () => {
      ran = 0;
      return (await batchOf(q, { adaptive: true, maxItems: 1 })).total;
    };
    share = 2; // 20 %
    expect(await size()).toBe(10);
    share = 0;
    expect([await size(), await size(), await size(), await size()]).toEqual([8, 8, 8, 12]);
    expect((await batchOf(q, { maxItems: 1 })).total).toBe(1);
    await q.baldur.control.enableDryRun({ actor: "ann" });
    expect(await size()).toBe(12); // all skipped
    await q.baldur.control.disableDryRun({ actor: "ann", confirm: true });
    expect(await size()).toBe(12);
  });

  it("is the rule where the settings say so", async () => {
    const q = await begin({
      env: { REPLAY_AUTOMATION_ADAPTIVE_ENABLED: "true", REPLAY_AUTOMATION_ADAPTIVE_INITIAL_ITEMS: "10" },
    });
    const work = new Work(q);
    await work.fail(...upTo(15));
    work.recover();
    expect((await batchOf(q, { maxItems: 3 })).total).toBe(10);
    expect((await batchOf(q, { adaptive: false, maxItems: 3 })).total).toBe(3);
  });
});

describe("a batch by priority", () => {
  const env = { REPLAY_AUTOMATION_DOMAIN_PRIORITIES: '{"pay":"critical","mail":"low","shop":"normal"}' };
  async function filled(setup: QueueSetup = {}): Promise<{ q: TestQueue; ran: string[] }> {
    const q = await begin({ replay: { concurrency: 1 }, env, ...setup });
    const ran: string[] = [];
    q.baldur.onReplay("x", ({ domain }: FailedOperation) => void ran.push(domain));
    for (const domain of ["mail", "other", "shop", "pay", "mail", "pay", "shop"])
      await fail(q, "x", { domain });
    return { q, ran };
  }

  it("serves critical domains first and those without a priority last, and says which it came to", async () => {
    const { q, ran } = await filled();
    expect(await batchOf(q, { priority: true })).toMatchObject({
      total: 7,
      priorityUsed: true,
      domainsProcessed: ["pay", "shop", "mail", "other"],
    });
    expect(ran).toEqual(["pay", "pay", "shop", "shop", "mail", "mail", "other"]);
  });

  it("leaves to the next one what it has no room for", async () => {
    const { q, ran } = await filled();
    expect(await batchOf(q, { priority: true, maxItems: 3 })).toMatchObject({
      total: 3,
      domainsProcessed: ["pay", "shop"],
    });
    expect(await batchOf(q, { priority: true, maxItems: 100 })).toMatchObject({ total: 4 });
    expect(ran).toEqual(["pay", "pay", "shop", "shop", "mail", "mail", "other"]);
  });

  it("is not asked for one domain, and is the rule where the settings say so", async () => {
    const { q } = await filled({ env: { ...env, REPLAY_AUTOMATION_PRIORITY_ENABLED: "true" } });
    expect(await batchOf(q, { domain: "mail" })).toMatchObject({ total: 2, priorityUsed: false });
    expect(await batchOf(q, { maxItems: 1 })).toMatchObject({
      priorityUsed: true,
      domainsProcessed: ["pay"],
    });
  });

  it("goes on with the next domain when one was stopped by failures", async () => {
    const { q, ran } = await filled();
    q.telemetry.clear();
    for (let n = 0; n < 6; n++) await fail(q, "bad", { domain: "pay" });
    q.baldur.onReplay("bad", down);
    const result = await batchOf(q, { priority: true });
    expect(result.failedCount).toBeGreaterThanOrEqual(5);
    expect(ran).toContain("mail");
  });
});

describe("a sweep", () => {
  it("replays what waits under its name alone, and sends what fails to a person", async () => {
    const q = await begin();
    const work = new Work(q);
    const other = new Work(q, "other");
    const ids = await work.fail(...upTo(4));
    const [elsewhere] = (await other.fail(1)) as [string];
    work.recover();
    work.behave = (n) => {
      if (n === 2) throw new Error("bad");
    };
    expect(await sweepOf(q, "orders")).toMatchObject({ total: 4, successCount: 3, failedCount: 1 });
    expect(await statuses(q, ids)).toEqual(["resolved", "resolved", "requires_review", "resolved"]);
    expect(await q.queue.get(ids[2] as string)).toMatchObject({
      retryCount: 1,
      recommendedAction: "escalate",
      resolutionNote: expect.stringContaining("orders"),
    });
    expect(await statusOf(q, elsewhere)).toBe("pending");
    expect(q.telemetry.value("baldur_replay_attempts_total", { replay_type: "conditional" })).toBe(4);
  });

  it("leaves what fails its budget where that is asked for", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    expect(await sweepOf(q, "orders", { escalate: false })).toMatchObject({ failedCount: 1 });
    expect(await q.queue.get(id)).toMatchObject({ status: "pending", retryCount: 1 });
  });

  it("is ended by five failures in a row, none of which goes to a person", async () => {
    const q = await begin({ replay: { concurrency: 1 } });
    const ids = await new Work(q).fail(...upTo(8));
    expect(await sweepOf(q, "orders")).toMatchObject({ failedCount: 5, stoppedBy: "failures_in_a_row" });
    expect(await statuses(q, ids)).toEqual(ids.map(() => "pending"));
  });

  it("takes fifty unless told otherwise", async () => {
    const q = await begin();
    const work = new Work(q);
    await work.fail(...upTo(60));
    work.recover();
    expect((await sweepOf(q, "orders")).total).toBe(50);
    expect((await sweepOf(q, "orders", { maxItems: 3 })).total).toBe(3);
  });

  it("of no name is refused as a mistake", async () => {
    const q = await begin();
    for (const name of ["", "x".repeat(129), undefined as never, 5 as never]) {
      expect((await errorOf(q.queue.sweep(name))).message).toMatch(
        /^name must be a string of 1 to 128 characters without control characters; received/,
      );
    }
  });

  describe("that is narrowed to failure types", () => {
    const map = (types: readonly string[]) => ({
      env: { REPLAY_AUTOMATION_SERVICE_FAILURE_TYPE_MAP: JSON.stringify({ x: types, y: [] }) },
      replay: { concurrency: 1 },
    });
    async function filled(types: readonly string[], counts: Readonly<Record<string, number>>) {
      const q = await begin(map(types));
      const ran: string[] = [];
      for (const name of ["x", "y"])
        q.baldur.onReplay(name, ({ failureType }: FailedOperation) => void ran.push(failureType));
      for (const [type, count] of Object.entries(counts))
        for (let n = 0; n < count; n++) await fail(q, "x", { failureType: () => type });
      return { q, ran };
    }
    const tally = (ran: readonly string[]) =>
      Object.fromEntries([...new Set(ran)].map((type) => [type, ran.filter((each) => each === type).length]));

    it("splits its items among them, the rest going to the first, and brings back nothing else", async () => {
      const { q, ran } = await filled(["A", "B", "C"], { A: 9, B: 9, C: 9, D: 9 });
      await sweepOf(q, "x", { maxItems: 11 });
      expect(tally(ran)).toEqual({ A: 4, B: 4, C: 3 });
      await sweepOf(q, "x", { maxItems: 100 });
      expect(tally(ran)).toEqual({ A: 9, B: 9, C: 9 });
    });

    it("counts a type once, however often it is named", async () => {
      const { q, ran } = await filled(["A", "B", "A", "A"], { A: 9, B: 9 });
      await sweepOf(q, "x", { maxItems: 10 });
      expect(tally(ran)).toEqual({ A: 5, B: 5 });
    });

    it("takes everything where the list is empty", async () => {
      const { q } = await filled(["A"], {});
      await fail(q, "y", { failureType: () => "Z" });
      expect((await sweepOf(q, "y")).total).toBe(1);
    });

    it("is not starved of its later types by the lack of the first", async () => {
      const { q, ran } = await filled(["A", "B"], { B: 3 });
      await sweepOf(q, "x", { maxItems: 1 });
      expect(tally(ran)).toEqual({ B: 1 });
    });
  });
});

describe("a batch result", () => {
  it("has one line for each entry", async () => {
    const q = await begin({ replay: { concurrency: 1 } });
    const work = new Work(q);
    const ids = await work.fail(1, { password: "x" }, 3);
    work.recover();
    work.behave = (n) => {
      if (n === 3) throw new Error("bad");
    };
    const result: BatchReplayResult = await batchOf(q);
    expect(result.results.map(({ dlqId, success, skipped }) => [dlqId, success, skipped]).sort()).toEqual(
      [
        [ids[0], true, false],
        [ids[1], true, true],
        [ids[2], false, false],
      ].sort(),
    );
  });
});
