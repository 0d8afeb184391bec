import type { FailedOperation } from "@baldur/core/plugin";
import { createFakeClock } from "@baldur/testkit";
import { afterEach, describe, expect, it } from "@jest/globals";
import {
  down,
  errorOf,
  HOUR,
  MINUTE,
  type QueueSetup,
  SharedMap,
  started,
  statusOf,
  type TestQueue,
  turn,
  upTo,
  Work,
} from "../queue/runtime.js";

const open: TestQueue[] = [];
async function begin(setup: QueueSetup = {}): Promise<TestQueue> {
  const queue = await started(setup);
  open.push(queue);
  return queue;
}
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

const SECOND = 1000;
const statuses = (q: TestQueue, ids: readonly string[]) => Promise.all(ids.map((id) => statusOf(q, id)));
const control = { actor: "ann", reason: "test" };
/** The circuit opens and closes again by hand, and what waits is to be replayed. */
async function recover({ baldur }: TestQueue, name = "orders", triggerReplay = true): Promise<void> {
  await baldur.circuit(name).forceOpen(control);
  await baldur.circuit(name).forceClose({ ...control, triggerReplay });
  await turn();
}
/** Calls that fail at the same time. */
async function failMany(q: TestQueue, work: Work, args: readonly unknown[]): Promise<string[]> {
  await Promise.all(args.map((arg) => errorOf(work.call(arg))));
  await turn();
  const { items } = await q.queue.list({ name: work.name, limit: 1000 });
  return items.map(({ id }) => id).reverse();
}

describe("when a circuit closes", () => {
  it("everything that waits under its name is replayed, batch after batch", async () => {
    const q = await begin({ env: { REPLAY_AUTOMATION_ON_RECOVERY_MAX_ITEMS: "10" }, replay: { rampUp: 0 } });
    const work = new Work(q);
    const ids = await failMany(q, work, upTo(35));
    work.recover();
    await recover(q);
    await q.clock.advance(5 * SECOND);
    expect(new Set(await statuses(q, ids))).toEqual(new Set(["resolved"]));
    expect((await q.queue.get(ids[0] as string))?.resolutionType).toBe("auto_replay_circuit_close");
    expect(q.telemetry.named("dlq_replay.batch_completed").map(({ payload }) => payload["total"])).toEqual([
      10, 10, 10, 5,
    ]);
    expect(q.telemetry.value("baldur_dlq_replay_dispatch_total", { outcome: "dispatched" })).toBe(1);
    expect(work.runs).toHaveLength(35);
  });

  it("after its own recovery, what waits is replayed without anybody's help", async () => {
    const q = await begin();
    const circuitBreaker = {
      failureThreshold: 2,
      minimumCalls: 2,
      recoveryTimeout: 10 * SECOND,
      successThreshold: 1,
    };
    const work = new Work(q, "orders", { circuitBreaker });
    for (const n of upTo(2)) await errorOf(work.call(n));
    await errorOf(work.call(2)); // refused by the open circuit, and kept
    await turn();
    work.recover();
    await q.clock.advance(10 * SECOND);
    expect(await work.call("probe")).toBe("ok");
    await q.clock.advance(5 * SECOND);
    expect(work.runs.flat().sort()).toEqual([0, 1, 2, "probe"]);
    expect((await q.queue.stats()).byStatus).toEqual({ resolved: 3 });
  });

  it("nothing is replayed where that was not asked for", async () => {
    const q = await begin({ env: { DLQ_RETRY_DELAY: "86400" } });
    const work = new Work(q);
    const [id] = await failMany(q, work, [1]);
    work.recover();
    await q.clock.advance(2 * SECOND);
    work.runs.length = 0;
    const [late] = (await failMany(q, new Work(q, "late"), [1])) as [string];
    await recover(q, "late", false);
    await q.clock.advance(MINUTE);
    expect(await statusOf(q, late)).toBe("pending");
    expect(
      q.telemetry.value("baldur_dlq_replay_dispatch_total", { outcome: "skipped_disabled" }),
    ).toBeUndefined();
    void id;
  });

  it("nothing is replayed where it is switched off, and that is counted", async () => {
    for (const setup of [{ automatic: false }, { env: { REPLAY_AUTOMATION_ON_RECOVERY_ENABLED: "false" } }]) {
      const q = await begin(setup);
      const work = new Work(q);
      const [id] = (await failMany(q, work, [1])) as [string];
      work.recover();
      await recover(q);
      await q.clock.advance(HOUR);
      expect(await statusOf(q, id)).toBe("pending");
      expect(q.telemetry.value("baldur_dlq_replay_dispatch_total", { outcome: "skipped_disabled" })).toBe(1);
      expect(await q.queue.arming()).toMatchObject({ armed: false, missingLink: "disabled" });
    }
  });

  it("replays begin with a tenth of the rate, so that what came back is not killed", async () => {
    const q = await begin({ replay: { rate: 50, rampUp: 30_000 } });
    const work = new Work(q);
    await failMany(q, work, upTo(300));
    work.recover();
    await recover(q);
    const perSecond: number[] = [];
    for (let second = 0; second < 6; second++) {
      const before = work.runs.length;
      await q.clock.advance(SECOND);
      perSecond.push(work.runs.length - before);
    }
    expect(perSecond[0]).toBeGreaterThanOrEqual(5);
    expect(perSecond[0]).toBeLessThanOrEqual(7);
    expect(perSecond.at(-1) ?? 0).toBeGreaterThan(perSecond[0] ?? 0);
    for (const [second, count] of perSecond.entries()) expect(count).toBeLessThanOrEqual(7 + 1.6 * second);
  });

  it("again while its sweep runs, it is swept once more", async () => {
    const q = await begin();
    const work = new Work(q);
    await failMany(q, work, [1, 2]);
    work.recover();
    let finish: () => void = () => undefined;
    work.behave = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      });
    await recover(q);
    await recover(q);
    await recover(q);
    work.behave = () => "ok";
    finish();
    await q.clock.advance(5 * SECOND);
    expect(q.telemetry.value("baldur_dlq_replay_dispatch_total", { outcome: "dispatched" })).toBe(2);
    expect((await q.queue.stats()).byStatus).toEqual({ resolved: 2 });
  });

  it("what fails goes to a person, and what comes after it is replayed", async () => {
    const q = await begin();
    const work = new Work(q);
    const ids = await failMany(q, work, upTo(7));
    work.recover();
    work.behave = (n) => {
      if (n === 3) throw new Error("poison");
    };
    await recover(q);
    await q.clock.advance(5 * SECOND);
    expect(await statuses(q, ids)).toEqual(upTo(7).map((n) => (n === 3 ? "requires_review" : "resolved")));
    expect(work.runs.filter(([n]) => n === 3)).toHaveLength(1);
  });

  it("and most fail, nothing more is tried than five, and nothing goes to a person", async () => {
    const q = await begin({ replay: { concurrency: 1, rampUp: 0 }, env: { DLQ_RETRY_DELAY: "86400" } });
    await q.clock.advance(2 * SECOND);
    const work = new Work(q);
    const ids = await failMany(q, work, upTo(20));
    work.runs.length = 0;
    await recover(q);
    await q.clock.advance(500);
    expect(work.runs).toHaveLength(5);
    expect(new Set(await statuses(q, ids))).toEqual(new Set(["pending"]));
  });

  it("a crowd of entries that cannot be replayed holds up no other", async () => {
    const q = await begin({ env: { REPLAY_AUTOMATION_ON_RECOVERY_MAX_ITEMS: "5" }, replay: { rampUp: 0 } });
    const work = new Work(q);
    const masked = upTo(12).map((n) => ({ n, password: "hidden" }));
    const ids = await failMany(q, work, [...masked, 1, 2, 3]);
    work.recover();
    await recover(q);
    await q.clock.advance(5 * SECOND);
    expect(await statuses(q, ids)).toEqual([
      ...masked.map(() => "pending"),
      "resolved",
      "resolved",
      "resolved",
    ]);
    const told = q.telemetry.named("dlq_replay.batch_completed").map(({ payload }) => payload["skipped_for"]);
    expect(told).toContainEqual({ request_data_masked: expect.any(Number) });
  });
});

describe("scheduled passes", () => {
  it("bring back what an earlier process left, soon after the start", async () => {
    const first = await begin();
    const ids = await failMany(first, new Work(first), upTo(30));
    await first.close();
    const next = await begin({
      map: first.map,
      clock: first.clock,
      folder: first.folder,
      replay: { rampUp: 0 },
    });
    const work = new Work(next).recover();
    await next.clock.advance(5 * SECOND);
    expect(work.runs).toHaveLength(30);
    expect(new Set(await statuses(next, ids))).toEqual(new Set(["resolved"]));
    expect((await next.queue.get(ids[0] as string))?.resolutionType).toBe("scheduled_batch");
  });

  it("try one entry first, and the others when it went through", async () => {
    const q = await begin({ replay: { rampUp: 0 } });
    const work = new Work(q, "orders", { dlq: { maxRetries: 100 } });
    await failMany(q, work, upTo(8));
    work.runs.length = 0;
    await q.clock.advance(2 * SECOND);
    expect(work.runs).toHaveLength(1);
    work.recover();
    await q.clock.advance(5 * MINUTE);
    expect(work.runs).toHaveLength(8);
    expect((await q.queue.stats()).byStatus).toEqual({ resolved: 8 });
  });

  it("come the less often the longer they fail, and as often as before once they go through", async () => {
    const q = await begin({ replay: { rampUp: 0 } });
    const work = new Work(q, "orders", { dlq: { maxRetries: 100 } });
    await failMany(q, work, [1]);
    const times: number[] = [];
    work.behave = () => {
      times.push(q.clock.monotonic());
      throw new Error("down");
    };
    await q.clock.advance(4 * HOUR);
    const gaps = times.slice(1).map((at, index) => Math.round((at - (times[index] ?? 0)) / MINUTE));
    expect(gaps.slice(0, 7)).toEqual([2, 4, 8, 16, 32, 64, 64]);
    work.recover();
    await q.clock.advance(70 * MINUTE);
    expect((await q.queue.stats()).byStatus).toEqual({ resolved: 1 });
    work.behave = down;
    await failMany(q, work, [2]);
    work.runs.length = 0;
    await q.clock.advance(70 * SECOND);
    expect(work.runs).toHaveLength(1);
  });

  it("come as often as before once the circuit closed, too", async () => {
    const q = await begin({ replay: { rampUp: 0 } });
    const work = new Work(q, "orders", { dlq: { maxRetries: 100 } });
    await failMany(q, work, [1]);
    await q.clock.advance(HOUR);
    work.recover();
    await recover(q);
    await q.clock.advance(SECOND);
    expect((await q.queue.stats()).byStatus).toEqual({ resolved: 1 });
    work.behave = down;
    await failMany(q, work, [2]);
    work.recover();
    await q.clock.advance(70 * SECOND);
    expect((await q.queue.stats()).byStatus).toEqual({ resolved: 2 });
  });

  it("stop at the budget: what failed as often as it may waits for a person", async () => {
    const q = await begin();
    const work = new Work(q);
    const ids = await failMany(q, work, [1, 2]);
    work.runs.length = 0;
    await q.clock.advance(HOUR);
    expect(await statuses(q, ids)).toEqual(["requires_review", "requires_review"]);
    expect(work.runs).toHaveLength(4);
  });

  it("serve every name, whatever becomes of the others", async () => {
    const q = await begin({ replay: { rampUp: 0 } });
    const bad = new Work(q, "bad");
    const good = new Work(q, "good");
    await failMany(q, bad, upTo(3));
    const ids = await failMany(q, good, upTo(3));
    good.recover();
    await q.clock.advance(5 * SECOND);
    expect(await statuses(q, ids)).toEqual(["resolved", "resolved", "resolved"]);
  });

  it("are not held up by entries that cannot be replayed, or may not be", async () => {
    const q = await begin({ replay: { rampUp: 0 } });
    const never = new Work(q, "orders", { dlq: { maxRetries: 0 } });
    const head = await failMany(q, never, [1, { password: "hidden" }]);
    // The same function, with a budget.
    const { captured } = await q.baldur.protectWithMeta("orders", down, { dlq: true, circuitBreaker: false });
    await captured?.settled;
    const seen: string[] = [];
    q.baldur.onReplay("orders", {
      canReplay: ({ id }) => id !== head[1],
      replay: ({ id }: FailedOperation) => void seen.push(id),
    });
    await q.clock.advance(5 * SECOND);
    expect(seen).toEqual([captured?.id]);
    expect(await statuses(q, head)).toEqual(["pending", "pending"]);
  });

  it("are not held up by the lack of one failure type", async () => {
    const q = await begin({ env: { REPLAY_AUTOMATION_SERVICE_FAILURE_TYPE_MAP: '{"orders":["A","B"]}' } });
    const work = new Work(q, "orders", { dlq: { failureType: () => "B" } });
    const ids = await failMany(q, work, upTo(3));
    work.recover();
    await q.clock.advance(5 * SECOND);
    expect(await statuses(q, ids)).toEqual(["resolved", "resolved", "resolved"]);
  });

  it("find a handler that is registered late, and say once that there was none", async () => {
    const q = await begin();
    for (const n of upTo(2)) {
      await q.baldur.protectWithMeta("late", down, { dlq: true, circuitBreaker: false, context: { n } });
    }
    await q.clock.advance(5 * MINUTE);
    expect(q.telemetry.named("dlq_replay.automation_blocked").map(({ payload }) => payload)).toEqual([
      { name: "late", missing_link: "handler_missing" },
    ]);
    expect(await q.queue.arming()).toEqual({
      armed: false,
      missingLink: "handler_missing",
      missingLinks: ["handler_missing"],
    });
    let ran = 0;
    q.baldur.onReplay("late", () => void ran++);
    await q.clock.advance(5 * SECOND);
    expect(ran).toBe(2);
    expect(await q.queue.arming()).toEqual({ armed: true, missingLinks: [] });
  });

  it("that come while one runs start nothing, least of all a sweep that sends failures to a person", async () => {
    const q = await begin({ replay: { rampUp: 0 } });
    const work = new Work(q, "orders", { dlq: { maxRetries: 9 } });
    const ids = await failMany(q, work, upTo(3));
    work.runs.length = 0;
    work.behave = async () => {
      await new Promise((resolve) => q.clock.setTimeout(() => resolve(0), 150 * SECOND));
      throw new Error("slow and bad");
    };
    await q.clock.advance(160 * SECOND);
    expect(work.runs).toHaveLength(1);
    expect(await statuses(q, ids)).toEqual(["pending", "pending", "pending"]);
  });

  it("that cannot read the store say so, and come again", async () => {
    const q = await begin();
    const work = new Work(q);
    const ids = await failMany(q, work, [1]);
    work.recover();
    q.map.broken = "all";
    await q.clock.advance(2 * SECOND);
    expect(q.telemetry.named("dlq_replay.automation_failed")).not.toEqual([]);
    q.map.broken = "none";
    await q.clock.advance(2 * MINUTE);
    expect(await statuses(q, ids)).toEqual(["resolved"]);
  });

  it("do nothing while Baldur is switched off, and go on afterwards", async () => {
    const q = await begin();
    const work = new Work(q);
    const ids = await failMany(q, work, [1]);
    work.recover();
    await q.baldur.control.disable(control);
    await q.clock.advance(3 * MINUTE);
    expect(await statuses(q, ids)).toEqual(["pending"]);
    expect(q.telemetry.value("baldur_dlq_replay_dispatch_total", { outcome: "blocked" })).toBeGreaterThan(0);
    await q.baldur.control.enable(control);
    await q.clock.advance(2 * MINUTE);
    expect(await statuses(q, ids)).toEqual(["resolved"]);
  });

  it("do not notice a clock that is set", async () => {
    const q = await begin({ replay: { rampUp: 0 } });
    const work = new Work(q, "orders", { dlq: { maxRetries: 9 } });
    await failMany(q, work, [1]);
    work.runs.length = 0;
    await q.clock.advance(2 * SECOND);
    expect(work.runs).toHaveLength(1);
    q.clock.set(q.clock.now() - 3 * HOUR);
    await failMany(q, work, [2]);
    work.runs.length = 0;
    work.recover();
    await q.clock.advance(3 * MINUTE);
    expect((await q.queue.stats()).byStatus).toEqual({ resolved: 2 });
    q.clock.set(q.clock.now() + 6 * HOUR);
    work.behave = down;
    await failMany(q, work, [3]);
    work.recover();
    await q.clock.advance(3 * MINUTE);
    expect((await q.queue.stats()).byStatus).toEqual({ resolved: 3 });
  });
});

describe("a dependency that answers 429", () => {
  it("is waited for as long as it asks", async () => {
    const q = await begin({ replay: { rampUp: 0, concurrency: 1 } });
    const work = new Work(q, "orders", { retry: { maxAttempts: 3, baseDelay: 10, jitter: 0 } });
    const failing = errorOf(work.call(1));
    await q.clock.advance(SECOND);
    await failing;
    await turn();
    const limited = Object.assign(new Error("429"), { status: 429, headers: { "retry-after": "20" } });
    const times: number[] = [];
    const began = q.clock.monotonic();
    work.behave = () => {
      times.push(q.clock.monotonic() - began);
      if (times.length === 1) throw limited;
      return "ok";
    };
    await recover(q);
    await q.clock.advance(40 * SECOND);
    expect(times).toHaveLength(2);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(20 * SECOND);
    expect((await q.queue.stats()).byStatus).toEqual({ resolved: 1 });
  });
});

describe("a shutdown", () => {
  it("ends a sweep between two entries, and does not wait for its pace", async () => {
    const q = await begin({ replay: { rate: 0.1, rampUp: 0, concurrency: 2 } });
    const work = new Work(q);
    const ids = await failMany(q, work, upTo(4));
    work.recover();
    await recover(q);
    await q.clock.advance(2 * SECOND);
    const ran = work.runs.length;
    const report = await q.during(q.baldur.close(), 3 * SECOND);
    expect(report.clean).toBe(true);
    expect(work.runs).toHaveLength(ran);
    expect(ran).toBeLessThan(4);
    expect(ids).toHaveLength(4);
  });

  it("ends a sweep that an operator asked for, too", async () => {
    const q = await begin({ automatic: false, replay: { rate: 0.1, concurrency: 2 } });
    const work = new Work(q);
    await failMany(q, work, upTo(4));
    work.recover();
    const sweep = q.queue.sweep("orders");
    await q.clock.advance(2 * SECOND);
    const ran = work.runs.length;
    expect((await q.during(q.baldur.close(), 3 * SECOND)).clean).toBe(true);
    expect(await sweep).toMatchObject({ stoppedBy: "shutdown", successCount: ran });
    expect(ran).toBeLessThan(4);
  });
});

describe("a pass that finds its name being swept", () => {
  it("comes again after the usual delay", async () => {
    const map = new SharedMap();
    const clock = createFakeClock();
    const first = await begin({ map, clock, automatic: false });
    const work = new Work(first);
    await work.fail(1);
    work.behave = () => new Promise((resolve) => clock.setTimeout(() => resolve("ok"), 10 * MINUTE));
    const sweep = first.queue.sweep("orders");
    await turn();
    await first.queue.store({ name: "orders", failureType: "F" });
    const second = await begin({ map, clock, env: { DLQ_RETRY_DELAY: "30" } });
    new Work(second).recover();
    await clock.advance(5 * MINUTE);
    const found = second.telemetry.value("baldur_dlq_replay_dispatch_total", { outcome: "in_flight" });
    expect(found).toBeGreaterThanOrEqual(9);
    await first.during(sweep);
  });
});

describe("a process that is started again and again while its dependency is away", () => {
  it("takes no entry's last try in its first pass, and has it later", async () => {
    const map = new SharedMap();
    const first = await begin({ map });
    const [id] = (await failMany(first, new Work(first), [1])) as [string];
    await first.clock.advance(2 * SECOND);
    expect((await first.queue.get(id))?.retryCount).toBe(1);
    for (let start = 0; start < 3; start++) {
      const next = await begin({ map });
      const work = new Work(next);
      await next.clock.advance(2 * SECOND);
      expect(work.runs).toEqual([]);
      expect(await statusOf(next, id)).toBe("pending");
      if (start < 2) continue;
      await next.clock.advance(2 * MINUTE);
      expect(work.runs).toHaveLength(1);
      expect(await statusOf(next, id)).toBe("requires_review");
    }
  });
});

describe("the pace of many workers", () => {
  it("is waited for by all of them at once, without a warning about listeners", async () => {
    const warnings: string[] = [];
    const listen = ({ name }: Error): number => warnings.push(name);
    process.on("warning", listen);
    const q = await begin({ replay: { rate: 20, rampUp: 0, concurrency: 16 } });
    const work = new Work(q);
    await failMany(q, work, upTo(60));
    work.recover();
    await recover(q);
    await q.clock.advance(10 * SECOND);
    await turn();
    process.off("warning", listen);
    expect(work.runs.length).toBeGreaterThanOrEqual(60);
    expect(warnings).toEqual([]);
  });
});
