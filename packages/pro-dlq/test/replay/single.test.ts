import { DLQReplayError } from "@baldur/core";
import type { FailedOperation } from "@baldur/core/plugin";
import { afterEach, describe, expect, it } from "@jest/globals";
import { DLQEntryNotFoundError, DLQStateConflictError } from "../../src/errors.js";
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

const NO_ID = "0mjuohs00-0123456789abcdef-0000";

describe("the replay of one entry", () => {
  it("runs the function again with its arguments, and resolves the entry", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail({ order: 1 })) as [string];
    work.recover();
    expect(await q.queue.replay(id)).toEqual({
      success: true,
      dlqId: id,
      message: "replayed",
      skipped: false,
      data: { status: "resolved", retryCount: 1 },
    });
    expect(work.runs).toEqual([[{ order: 1 }]]);
    expect(await q.queue.get(id)).toMatchObject({
      status: "resolved",
      resolutionType: "manual_replay",
      retryCount: 1,
      resolvedAt: new Date(q.clock.now()),
      lastRetryAt: new Date(q.clock.now()),
    });
    expect(q.telemetry.named("dlq_replay.completed")).toMatchObject([
      { payload: { id, success: true, replay_attempt: 1, trigger: "manual_replay" } },
    ]);
    expect(q.audits).toMatchObject([
      { action: "dlq_replay", targetId: id, success: true, actorId: "system" },
    ]);
  });

  it("goes to a person after two failures, and refuses a third", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    expect(await q.queue.replay(id)).toMatchObject({
      success: false,
      error: "Error: down",
      data: { status: "pending" },
    });
    expect(await q.queue.replay(id)).toMatchObject({
      success: false,
      data: { status: "requires_review", retryCount: 2 },
    });
    const error = await errorOf(q.queue.replay(id));
    expect(error).toBeInstanceOf(DLQStateConflictError);
    expect(error).toMatchObject({
      code: "ERR_BALDUR_DLQ_STATE_CONFLICT",
      status: "requires_review",
      entryId: id,
    });
    expect(work.runs).toHaveLength(3); // the call itself and two replays
    expect(q.telemetry.named("dlq_replay.failed").map(({ payload }) => payload["replay_attempt"])).toEqual([
      1, 2,
    ]);
    expect(q.telemetry.named("dlq_replay.exhausted")).toMatchObject([
      { payload: { id, attempts: 2, redriven: false } },
    ]);
    expect(q.telemetry.value("baldur_dlq_replay_exhausted_total", { domain: "default" })).toBe(1);
  });

  it("has the budget of its call, else of its domain, else of the options, else of the settings", async () => {
    const env = { REPLAY_AUTOMATION_DOMAIN_MAX_RETRIES: '{"shop":4}', DLQ_MAX_REPLAY_ATTEMPTS: "5" };
    const budget = async (
      q: TestQueue,
      dlq: true | { domain?: string; maxRetries?: number },
      name: string,
    ) => {
      const [id] = await new Work(q, name, { dlq }).fail(1);
      return (await q.queue.get(id as string))?.maxRetries;
    };
    const q = await begin({ env });
    expect(await budget(q, { domain: "shop", maxRetries: 7 }, "a")).toBe(7);
    expect(await budget(q, { domain: "shop" }, "b")).toBe(4);
    expect(await budget(q, true, "c")).toBe(5);
    expect(await budget(await begin({ env, replay: { maxRetries: 3 } }), true, "d")).toBe(3);
    expect(await budget(await begin(), true, "e")).toBe(2);
    expect(await budget(q, { domain: "constructor" }, "f")).toBe(5);
  });

  it("says that there is no such entry", async () => {
    const q = await begin();
    for (const id of [NO_ID, "totals", "../x", ""]) {
      expect(await errorOf(q.queue.replay(id))).toBeInstanceOf(DLQEntryNotFoundError);
      expect(await errorOf(q.queue.resolve(id, { actor: "a" }))).toBeInstanceOf(DLQEntryNotFoundError);
      expect(await errorOf(q.queue.forceRedrive(id, { actor: "a", reason: "r" }))).toBeInstanceOf(
        DLQEntryNotFoundError,
      );
    }
    expect((await errorOf(q.queue.replay(NO_ID))).code).toBe("ERR_BALDUR_DLQ_ENTRY_NOT_FOUND");
  });

  it("is refused what is not pending", async () => {
    const q = await begin();
    const work = new Work(q);
    const [done, resolved] = (await work.fail(1, 2)) as [string, string];
    work.recover();
    await q.queue.replay(done);
    await q.queue.resolve(resolved, { actor: "ann" });
    for (const id of [done, resolved])
      expect(await errorOf(q.queue.replay(id))).toBeInstanceOf(DLQStateConflictError);
    expect(work.runs).toHaveLength(1);
  });

  it("of one entry by two at the same time runs once", async () => {
    const first = await begin();
    const work = new Work(first);
    const [id] = (await work.fail(1)) as [string];
    const second = await begin({ map: first.map, clock: first.clock, folder: first.folder });
    const other = new Work(second);
    let release: () => void = () => undefined;
    const slow = () =>
      new Promise<void>((resolve) => {
        release = resolve;
      });
    work.behave = slow;
    other.behave = slow;
    work.runs.length = 0;
    const each = [first, second, first, second].map(({ queue }) =>
      queue.replay(id).catch((error: unknown) => error),
    );
    await turn();
    release();
    const results = await Promise.all(each);
    expect(results.filter((result) => !(result instanceof Error))).toHaveLength(1);
    expect(results.filter((result) => result instanceof DLQStateConflictError)).toHaveLength(3);
    expect(work.runs.length + other.runs.length).toBe(1);
  });

  it("names who asked for it", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    work.recover();
    await q.queue.replay(id, { actor: "ann", reason: "mended" });
    expect(await q.queue.get(id)).toMatchObject({ resolutionType: "manual_retry" });
    expect(q.audits).toMatchObject([{ action: "dlq_replay", actorId: "ann" }]);
    expect(q.telemetry.named("dlq.entry_operated")).toMatchObject([
      { payload: { id, action: "replay", actor: "ann", reason: "mended" } },
    ]);
  });
});

describe("a handler", () => {
  it("that is missing costs the entry nothing, and may be registered late", async () => {
    const q = await begin();
    await q.baldur.protectWithMeta("plain", down, { dlq: true, circuitBreaker: false });
    await turn();
    const [entry] = (await q.queue.list()).items as [FailedOperation];
    expect(await q.queue.replay(entry.id)).toMatchObject({
      skipped: true,
      data: { skip_reason: "handler_missing" },
    });
    expect(await q.queue.get(entry.id)).toMatchObject({ status: "pending", retryCount: 0 });
    const seen: FailedOperation[] = [];
    const registered = q.baldur.onReplay("plain", (operation) => void seen.push(operation));
    expect(await q.queue.replay(entry.id)).toMatchObject({ success: true, skipped: false });
    expect(seen).toMatchObject([{ id: entry.id, name: "plain", status: "replaying", retryCount: 1 }]);
    registered[Symbol.dispose]();
  });

  it("is none where several functions are wrapped under one name", async () => {
    const q = await begin();
    const [id] = (await new Work(q, "twice").fail(1)) as [string];
    new Work(q, "twice");
    expect(await q.queue.replay(id)).toMatchObject({ data: { skip_reason: "handler_missing" } });
  });

  it.each<[string, unknown, string]>([
    ["a string", "text", "text"],
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["a number", 5, "5"],
    [
      "a DLQReplayError",
      new DLQReplayError("op", "no stock"),
      "DLQReplayError: replay of op failed: no stock",
    ],
    ["what throws when it is read", Object.create(null), "unreadable"],
  ])("that throws %s fails its entry alone", async (_, thrown, message) => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    q.baldur.onReplay("orders", () => {
      throw thrown;
    });
    expect(await q.queue.replay(id)).toMatchObject({ success: false, skipped: false, error: message });
    expect((await q.queue.get(id))?.metadata["last_replay_error"]).toBe(message);
  });

  it("succeeds by returning, whatever that is", async () => {
    const q = await begin();
    const ids = await new Work(q).fail(...upTo(4));
    for (const value of [undefined, false, null, new Error("returned")]) {
      const registered = q.baldur.onReplay("orders", () => value);
      expect(await q.queue.replay(ids.shift() as string)).toMatchObject({ success: true });
      registered[Symbol.dispose]();
    }
  });

  it("may refuse, for a reason, on every path, which costs the entry nothing", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    const verdicts = [false, { ok: false }, { ok: false, reason: "stock is closed" }] as const;
    const reasons = ["can_replay_refused", "can_replay_refused", "stock is closed"];
    let ran = 0;
    for (const [index, verdict] of verdicts.entries()) {
      const handler = { canReplay: async () => verdict, replay: () => void ran++ };
      const registered = q.baldur.onReplay("orders", handler);
      const refused = { skipped: true, data: { skip_reason: reasons[index] } };
      expect(await q.queue.replay(id)).toMatchObject(refused);
      expect(await q.queue.forceRedrive(id, { actor: "ann", reason: "r" })).toMatchObject(refused);
      expect(await q.during(q.queue.replayBatch({ name: "orders" }))).toMatchObject({
        skippedCount: 1,
        results: [refused],
      });
      expect(await q.during(q.queue.sweep("orders"))).toMatchObject({ skippedCount: 1, results: [refused] });
      registered[Symbol.dispose]();
    }
    for (const canReplay of [
      () => {
        throw new Error("no answer");
      },
      () => undefined as never,
      () => null as never,
    ]) {
      const registered = q.baldur.onReplay("orders", { canReplay, replay: () => void ran++ });
      expect(await q.queue.replay(id)).toMatchObject({
        data: { skip_reason: expect.stringMatching(/^not_replayable/) },
      });
      registered[Symbol.dispose]();
    }
    expect(ran).toBe(0);
    expect(await q.queue.get(id)).toMatchObject({ status: "pending", retryCount: 0 });
    expect(q.telemetry.value("baldur_replay_attempts_total")).toBeUndefined();
    expect(q.telemetry.value("baldur_replay_outcomes_total")).toBeUndefined();
  });

  it("cannot breed a second entry, however deep it calls", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    const inner = new Work(q, "inner");
    work.behave = async () => {
      await errorOf(q.baldur.protect("direct", down, { dlq: true }));
      await inner.call("nested");
    };
    expect(await q.queue.replay(id)).toMatchObject({ success: false });
    q.baldur.onReplay("orders", () => work.behave());
    expect(await q.queue.replay(id)).toMatchObject({ success: false });
    await turn();
    expect((await q.queue.list()).items.map((entry) => entry.id)).toEqual([id]);
    await errorOf(inner.call("after")); // the scope ended with the replay
    await turn();
    expect((await q.queue.list()).items).toHaveLength(2);
  });

  it("is given its own copy: what it does to the arguments touches nothing else", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail({ list: [1] })) as [string];
    work.behave = (arg) => {
      (arg as { list: number[] }).list.push(2);
      throw new Error("down");
    };
    await q.queue.replay(id);
    work.recover();
    await q.queue.replay(id);
    expect(work.runs).toEqual([[{ list: [1] }]]);
  });
});

describe("an idempotent replay", () => {
  const keyed = { idempotencyKey: (order: unknown) => `order-${(order as { n: number }).n}` };

  it("does not do again what was done meanwhile", async () => {
    const q = await begin();
    const work = new Work(q, "orders", keyed);
    const [id] = (await work.fail({ n: 1 })) as [string];
    work.recover();
    await work.call({ n: 1 });
    expect(await q.queue.replay(id)).toMatchObject({ success: true });
    expect(work.runs).toHaveLength(1);
    expect(await q.queue.get(id)).toMatchObject({ status: "resolved", resolutionType: "duplicate_skip" });
  });

  it("costs nothing while the work is under way", async () => {
    const q = await begin();
    const work = new Work(q, "orders", keyed);
    const [id] = (await work.fail({ n: 1 })) as [string];
    let finish: () => void = () => undefined;
    work.behave = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      });
    work.runs.length = 0;
    const running = work.call({ n: 1 });
    await turn();
    expect(await q.queue.replay(id)).toMatchObject({ skipped: true, data: { skip_reason: "in_progress" } });
    expect(await q.queue.get(id)).toMatchObject({ status: "pending", retryCount: 0 });
    finish();
    await running;
    expect(work.runs).toHaveLength(1);
  });
});

describe("a force-redrive", () => {
  const by = { actor: "ann", reason: "the customer waits" };

  it("gives a fresh budget and leaves a scar that grows with each", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    await q.queue.replay(id);
    await q.queue.replay(id);
    for (const redrive of [1, 2, 3]) {
      expect(await q.queue.forceRedrive(id, { ...by, ticketUrl: `https://t/${redrive}` })).toMatchObject({
        success: false,
        data: { status: "pending", retryCount: 1 },
      });
      await q.queue.replay(id);
      expect(await q.queue.get(id)).toMatchObject({
        status: "requires_review",
        metadata: {
          previous_total_retries: 2 * redrive,
          force_redrive_count: redrive,
          ticket_url: `https://t/${redrive}`,
        },
      });
    }
    expect(q.telemetry.value("baldur_dlq_force_redrive_total", { domain: "default" })).toBe(3);
    expect(q.telemetry.value("baldur_dlq_force_redrive_exhausted_total", { domain: "default" })).toBe(3);
    expect(q.telemetry.named("dlq_replay.exhausted").map(({ payload }) => payload["redriven"])).toEqual([
      false,
      true,
      true,
      true,
    ]);
    work.recover();
    expect(await q.queue.forceRedrive(id, by)).toMatchObject({ success: true });
    expect(await q.queue.get(id)).toMatchObject({ status: "resolved", resolutionType: "force_redrive" });
    expect(q.audits.filter(({ action }) => action === "dlq_force_redrive")).toHaveLength(4);
  });

  it("is written down before its outcome is known, and whatever that is", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    let audited = 0;
    work.behave = () => {
      audited = q.audits.length;
      throw new Error("down");
    };
    await q.queue.forceRedrive(id, by);
    expect(audited).toBe(1);
    expect(q.audits[0]).toMatchObject({
      action: "dlq_force_redrive",
      actorId: "ann",
      targetId: id,
      details: { reason: by.reason },
    });
  });

  it.each([
    ["actor", { ...by, actor: "" }],
    ["actor", { reason: "r" } as never],
    ["reason", { ...by, reason: "  " }],
    ["reason", { ...by, reason: "x".repeat(501) }],
    ["ticketUrl", { ...by, ticketUrl: "x".repeat(501) }],
  ])("is refused without what it needs: %s", async (option, options) => {
    const q = await begin();
    const error = await errorOf(q.queue.forceRedrive(NO_ID, options));
    expect(error.code).toBe("ERR_BALDUR_CONFIGURATION");
    expect(error.message).toMatch(new RegExp(`^${option} must be .*; received`));
  });

  it("of what is done, or being done, is a conflict", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    work.recover();
    await q.queue.replay(id);
    expect(await errorOf(q.queue.forceRedrive(id, by))).toBeInstanceOf(DLQStateConflictError);
  });

  it("that an open circuit refused leaves a pending entry pending", async () => {
    const q = await begin();
    const work = new Work(q, "orders", { circuitBreaker: true });
    const [id] = (await work.fail(1)) as [string];
    await q.baldur.circuit("orders").forceOpen({ actor: "ann", reason: "maintenance" });
    expect(await q.queue.forceRedrive(id, by)).toMatchObject({ skipped: true });
    expect(await q.queue.get(id)).toMatchObject({ status: "pending", retryCount: 0 });
  });
});

describe("a replay that cannot be settled", () => {
  it("answers that, and is settled when the store is well again, without being run again", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    work.recover();
    work.behave = () => {
      q.map.broken = "writes";
      return "ok";
    };
    expect(await q.queue.replay(id)).toMatchObject({
      success: false,
      error: expect.stringContaining("could not be stored"),
    });
    expect(q.telemetry.named("dlq_replay.settle_failed")).toHaveLength(1);
    await q.clock.advance(20_000);
    q.map.broken = "none";
    expect(await statusOf(q, id)).toBe("replaying");
    await q.clock.advance(10_000);
    expect(await q.queue.get(id)).toMatchObject({ status: "resolved", retryCount: 1 });
    expect(work.runs).toHaveLength(1);
  });

  it("that was never begun, because nobody knew whether it was claimed, costs the entry nothing", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    work.recover();
    q.map.loseAnswer(2); // the first one says who is at work
    expect((await errorOf(q.queue.replay(id))).code).toBe("ERR_BALDUR_ADAPTER");
    expect(await q.queue.get(id)).toMatchObject({ status: "replaying", retryCount: 1 });
    await q.clock.advance(10_000);
    expect(await q.queue.get(id)).toMatchObject({ status: "pending", retryCount: 0 });
    expect(work.runs).toHaveLength(0);
  });

  it("is refused at once where the store is away", async () => {
    const q = await begin();
    const [id] = (await new Work(q).fail(1)) as [string];
    q.map.broken = "all";
    expect((await errorOf(q.queue.replay(id))).code).toBe("ERR_BALDUR_ADAPTER");
    expect((await errorOf(q.queue.list())).code).toBe("ERR_BALDUR_ADAPTER");
    expect(await q.queue.arming()).toEqual({
      armed: null,
      missingLink: "probe_failed",
      missingLinks: ["probe_failed"],
    });
  });
});
