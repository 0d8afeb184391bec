import { afterEach, describe, expect, it } from "@jest/globals";
import {
  type QueueSetup,
  started,
  statusOf,
  TestEmergency,
  TestGovernance,
  type TestQueue,
  turn,
  Work,
} from "../queue/runtime.js";

const open: TestQueue[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

interface Guarded {
  readonly q: TestQueue;
  readonly work: Work;
  readonly ids: string[];
  readonly governance: TestGovernance;
  readonly emergency: TestEmergency;
}

/** Two entries that would go through, if they may. */
async function begin(setup: QueueSetup = {}): Promise<Guarded> {
  const governance = new TestGovernance();
  const emergency = new TestEmergency();
  const plugins = [governance.plugin, emergency.plugin];
  const q = await started({ automatic: false, plugins, ...setup });
  open.push(q);
  const work = new Work(q);
  const ids = await work.fail(1, 2);
  work.recover();
  q.telemetry.clear();
  return { q, work, ids, governance, emergency };
}

const control = { actor: "ann", reason: "test" };
const blockedBy = ({ q }: Guarded) =>
  q.telemetry.named("dlq_replay.blocked").map(({ payload }) => payload["reason"]);

async function expectAllBlocked(guarded: Guarded, reason: string): Promise<void> {
  const { q, ids, work } = guarded;
  const [id] = ids as [string];
  expect(await q.queue.replay(id)).toMatchObject({
    success: false,
    skipped: true,
    data: { blocked: true, block_reason: reason },
  });
  const batch = { governanceBlocked: true, governanceBlockReason: reason, total: 0, results: [] };
  expect(await q.queue.replayBatch({})).toMatchObject(batch);
  expect(await q.queue.replayBatch({ priority: true })).toMatchObject({ ...batch, domainsProcessed: [] });
  expect(await q.queue.sweep("orders")).toMatchObject(batch);
  expect(blockedBy(guarded)).toEqual([reason, reason, reason, reason]); // one for each, however many entries
  expect(work.runs).toEqual([]);
  for (const each of ids) expect(await q.queue.get(each)).toMatchObject({ status: "pending", retryCount: 0 });
  expect(q.telemetry.value("baldur_replay_attempts_total")).toBeUndefined();
  expect(q.telemetry.value("baldur_replay_outcomes_total")).toBeUndefined();
}

describe("a replay is blocked", () => {
  it("by the kill switch, a deliberate one too, unless that says otherwise", async () => {
    const guarded = await begin();
    const { q, work, ids } = guarded;
    await q.baldur.control.disable(control);
    await expectAllBlocked(guarded, "kill_switch");
    const [id] = ids as [string];
    const blocked = { skipped: true, data: { block_reason: "kill_switch" } };
    expect(await q.queue.replay(id, { actor: "ann" })).toMatchObject(blocked);
    expect(await q.queue.forceRedrive(id, control)).toMatchObject(blocked);
    expect(await statusOf(q, id)).toBe("pending");
    expect(await q.queue.forceRedrive(id, { ...control, overrideKillSwitch: true })).toMatchObject({
      success: true,
      skipped: false,
    });
    expect(work.runs).toHaveLength(1);
    expect(q.audits.find(({ details }) => details?.["overrideKillSwitch"])).toMatchObject({
      action: "dlq_force_redrive",
    });
  });

  it("by an emergency of the second level, a deliberate one not", async () => {
    const guarded = await begin();
    const { q, ids, emergency } = guarded;
    emergency.level = 2;
    await expectAllBlocked(guarded, "emergency_mode");
    const [first, second] = ids as [string, string];
    expect(await q.queue.replay(first, { actor: "ann" })).toMatchObject({ success: true, skipped: false });
    expect(await q.queue.forceRedrive(second, control)).toMatchObject({ success: true, skipped: false });
  });

  it("by an emergency of the first level not", async () => {
    const { q, emergency } = await begin();
    emergency.level = 1;
    expect(await q.during(q.queue.replayBatch({}))).toMatchObject({ successCount: 2 });
  });

  it("by an error budget that is used up, a deliberate one not", async () => {
    const guarded = await begin();
    const { q, ids, governance } = guarded;
    governance.blockedBy = "error_budget";
    await expectAllBlocked(guarded, "error_budget");
    expect(await q.queue.replay(ids[0] as string, { actor: "ann" })).toMatchObject({
      success: true,
      skipped: false,
    });
    expect(governance.asked.at(-1)).toMatchObject({
      operation: "replay_single",
      component: "replay",
      enabled: true,
      emergencyLevel: 2,
      skip: ["emergency_mode", "error_budget"],
    });
  });

  it("by an operator's block, every way", async () => {
    const guarded = await begin();
    guarded.governance.blockedBy = "manually_blocked";
    await expectAllBlocked(guarded, "manually_blocked");
    expect(await guarded.q.queue.forceRedrive(guarded.ids[0] as string, control)).toMatchObject({
      data: { block_reason: "manually_blocked" },
    });
  });

  it("is asked of with the domain where there is one", async () => {
    const { q, governance } = await begin();
    await q.during(q.queue.replayBatch({ domain: "shop" }));
    expect(governance.asked.at(-1)).toMatchObject({ operation: "replay_batch", domain: "shop", skip: [] });
  });
});

describe("a guard that does not answer", () => {
  it("holds nothing back, and that is told", async () => {
    const { q, governance, emergency } = await begin();
    governance.throws = true;
    emergency.throws = true;
    expect(await q.during(q.queue.replayBatch({}))).toMatchObject({ successCount: 2 });
    expect(q.telemetry.named("dlq_replay.guard_degraded").map(({ payload }) => payload["error"])).toEqual([
      "no answer",
      "no answer",
    ]);
  });
});

describe("arming", () => {
  it("says whether entries will come back by themselves, and which link is missing first", async () => {
    const { q, work } = await begin({ automatic: true, env: { DLQ_RETRY_DELAY: "86400" } });
    expect(await q.queue.arming()).toEqual({ armed: true, missingLinks: [] });
    await q.baldur.protectWithMeta("nobody", () => Promise.reject(new Error("x")), { dlq: true });
    await turn();
    const handler = { armed: false, missingLink: "handler_missing", missingLinks: ["handler_missing"] };
    expect(await q.queue.arming()).toEqual(handler);
    await q.baldur.control.disable(control);
    expect(await q.queue.arming()).toEqual({
      armed: false,
      missingLink: "disabled",
      missingLinks: ["disabled", "handler_missing"],
    });
    await q.baldur.control.enable(control);
    q.baldur.onReplay("nobody", () => "ok");
    expect(await q.queue.arming()).toEqual({ armed: true, missingLinks: [] });
    q.map.broken = "all";
    expect(await q.queue.arming()).toEqual({
      armed: null,
      missingLink: "probe_failed",
      missingLinks: ["probe_failed"],
    });
    expect((await q.queue.stats().catch(() => undefined)) ?? "rejected").toBe("rejected");
    void work;
  });

  it("is a gauge that is absent while it is unknown", async () => {
    const { q } = await begin({ automatic: true });
    await q.clock.advance(5000);
    await turn();
    expect(q.telemetry.value("baldur_dlq_auto_replay_armed")).toBe(1);
    await q.baldur.control.disable(control);
    await q.clock.advance(5000);
    expect(q.telemetry.value("baldur_dlq_auto_replay_armed")).toBe(0);
    q.map.broken = "all";
    await q.clock.advance(5000);
    for (const gauge of ["auto_replay_armed", "pending_count", "items_by_status", "size_ratio"])
      expect(q.telemetry.series(`baldur_dlq_${gauge}`)).toEqual([]);
  });
});
