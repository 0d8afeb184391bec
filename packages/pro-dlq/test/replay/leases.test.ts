import { hostname } from "node:os";
import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { ClaimRecord } from "../../src/entry/entry.js";
import {
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
import { storedState } from "../store/state.js";

const open: TestQueue[] = [];
async function begin(setup: QueueSetup = {}): Promise<TestQueue> {
  const queue = await started({ automatic: false, ...setup });
  open.push(queue);
  return queue;
}
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

/** Two runtimes over one map, as two processes. */
async function two(
  setup: QueueSetup = {},
): Promise<{ first: TestQueue; second: TestQueue; clock: FakeClock; map: SharedMap }> {
  const clock = createFakeClock();
  const map = new SharedMap();
  const shared = { clock, map, ...setup };
  return { first: await begin(shared), second: await begin(shared), clock, map };
}

/** A handler that is held up until it is let go. */
function held(work: Work): () => void {
  const waiting: (() => void)[] = [];
  work.behave = () => new Promise<void>((resolve) => waiting.push(resolve));
  return () => {
    for (const release of waiting.splice(0)) release();
  };
}

const claimOf = ({ map }: { map: SharedMap }, id: string): ClaimRecord | undefined =>
  storedState(map, id).claim;

describe("an entry that is claimed", () => {
  it("stays its owner's as long as that is at work, however long it takes", async () => {
    const { first, second, clock } = await two();
    const work = new Work(first);
    const [id] = (await work.fail(1)) as [string];
    const release = held(work);
    const replay = first.queue.replay(id);
    await clock.advance(25 * MINUTE);
    expect(await statusOf(second, id)).toBe("replaying");
    release();
    expect(await first.during(replay)).toMatchObject({ success: true });
    expect(second.telemetry.named("dlq.stale_released")).toEqual([]);
  });

  it("is taken back from an owner that is gone, and counts one try", async () => {
    const { first, second, clock, map } = await two();
    const [id] = (await new Work(first).fail(1)) as [string];
    const work = new Work(second);
    await map.put(
      `dlq/owner/1-dead`,
      JSON.stringify({ host: "elsewhere", pid: 1, until: clock.now() + MINUTE }),
    );
    await claimBy(second, id, "1-dead");
    await clock.advance(50_000);
    expect(await statusOf(first, id)).toBe("replaying"); // believed so far
    await clock.advance(90_000);
    expect(await first.queue.get(id)).toMatchObject({
      status: "pending",
      retryCount: 1,
      metadata: { released_from_stale: true },
    });
    const told = [first, second].flatMap(({ telemetry }) => telemetry.named("dlq.stale_released"));
    expect(told).toMatchObject([{ payload: { entries: 1 } }]);
    expect(map.keys("dlq/owner/1-dead")).toEqual([]);
    void work;
  });

  it("is taken back at once from a process of this host that does not exist any more", async () => {
    const { first, clock, map } = await two();
    const [id] = (await new Work(first).fail(1)) as [string];
    const pid = 2 ** 22 + 1; // no process has it
    await map.put(
      `dlq/owner/${pid}-dead`,
      JSON.stringify({ host: hostname(), pid, until: clock.now() + HOUR }),
    );
    await claimBy(first, id, `${pid}-dead`);
    await clock.advance(31_000);
    expect(await statusOf(first, id)).toBe("pending");
  });

  it("is taken back from whoever takes longer than the operator allows, who then settles nothing", async () => {
    const { first, second, clock } = await two({ env: { DLQ_STALE_REPLAYING_TIMEOUT_MINUTES: "5" } });
    const work = new Work(first);
    const other = new Work(second).recover();
    const [id] = (await work.fail(1)) as [string];
    const release = held(work);
    const late = first.queue.replay(id);
    await clock.advance(6 * MINUTE);
    expect(await statusOf(second, id)).toBe("pending");
    const successor = held(other);
    const replay = second.queue.replay(id);
    await turn();
    const claim = claimOf(second, id);
    release();
    expect(await first.during(late)).toMatchObject({
      success: false,
      error: expect.stringContaining("claim was lost"),
    });
    expect(first.telemetry.named("dlq_replay.claim_lost")).toMatchObject([{ payload: { id } }]);
    expect(claimOf(second, id)).toEqual(claim);
    expect(await statusOf(second, id)).toBe("replaying");
    successor();
    expect(await second.during(replay)).toMatchObject({ success: true, data: { retryCount: 2 } });
    expect(first.telemetry.value("baldur_replay_outcomes_total")).toBeUndefined();
  });

  it("that was lost by a sweep is not sent to a person by it", async () => {
    const { first, clock } = await two({ env: { DLQ_STALE_REPLAYING_TIMEOUT_MINUTES: "1" } });
    const work = new Work(first, "orders", { dlq: { maxRetries: 5 } });
    const [id] = (await work.fail(1)) as [string];
    work.behave = async () => {
      await new Promise((resolve) => clock.setTimeout(() => resolve(0), 3 * MINUTE));
      throw new Error("late and bad");
    };
    expect(await first.during(first.queue.sweep("orders"))).toMatchObject({ failedCount: 1 });
    expect(first.telemetry.named("dlq_replay.claim_lost")).toHaveLength(1);
    expect(await statusOf(first, id)).toBe("pending");
  });

  it("comes back to its pool at once when its process starts anew", async () => {
    const first = await begin();
    const [id] = (await new Work(first).fail(1)) as [string];
    const pid = 2 ** 22 + 1;
    await claimBy(first, id, `${pid}-dead`);
    await first.map.put(
      `dlq/owner/${pid}-dead`,
      JSON.stringify({ host: hostname(), pid, until: first.clock.now() + HOUR }),
    );
    await first.close();
    const next = await begin({ map: first.map, clock: first.clock, folder: first.folder });
    await turn();
    expect(await statusOf(next, id)).toBe("pending");
  });
});

describe("an owner", () => {
  it("says that it is at work only while it is, and goes with its process", async () => {
    const q = await begin();
    const owners = () => q.map.keys("dlq/owner/");
    const work = new Work(q);
    const ids = await work.fail(1, 2);
    expect(owners()).toEqual([]);
    const release = held(work);
    const replays = ids.map((id) => q.queue.replay(id));
    await turn();
    expect(owners()).toHaveLength(1);
    const until = () => JSON.parse(q.map.get(owners()[0] as string) as string).until - q.clock.now();
    expect(until()).toBe(30_000);
    for (const _ of upTo(60)) {
      await q.clock.advance(1000);
      expect(until()).toBeGreaterThanOrEqual(15_000);
    }
    release();
    await Promise.all(replays);
    const writes = q.map.writes;
    await q.clock.advance(25_000);
    expect(q.map.writes - writes).toBeLessThanOrEqual(1);
    await q.close();
    expect(owners()).toEqual([]);
  });

  it("has the lease of the options", async () => {
    const q = await begin({ lease: 9000 });
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    const release = held(work);
    const replay = q.queue.replay(id);
    await turn();
    const [owner] = q.map.keys("dlq/owner/") as [string];
    expect(JSON.parse(q.map.get(owner) as string).until - q.clock.now()).toBe(9000);
    release();
    await replay;
  });
});

describe("the sweep of a name", () => {
  it("is one process's at a time", async () => {
    const { first, second, clock } = await two();
    const work = new Work(first);
    const other = new Work(second).recover();
    const elsewhere = new Work(second, "elsewhere");
    await work.fail(1, 2);
    await elsewhere.fail(1);
    const release = held(work);
    const sweep = first.queue.sweep("orders");
    await turn();
    expect(await second.queue.sweep("orders")).toMatchObject({ inflightSkipped: true, total: 0 });
    elsewhere.recover();
    expect(await second.during(second.queue.sweep("elsewhere"))).toMatchObject({
      inflightSkipped: false,
      total: 1,
    });
    const letAllGo = setInterval(release, 1);
    expect(await first.during(sweep)).toMatchObject({ total: 2 });
    clearInterval(letAllGo);
    expect(await second.during(second.queue.sweep("orders"))).toMatchObject({ inflightSkipped: false });
    expect(other.runs).toEqual([]);
    void clock;
  });

  it("is one at a time within a process, too", async () => {
    const q = await begin();
    const work = new Work(q);
    await work.fail(1);
    const release = held(work);
    const sweep = q.queue.sweep("orders");
    await turn();
    expect(await q.queue.sweep("orders")).toMatchObject({ inflightSkipped: true });
    const { map } = q;
    expect(map.keys("dlq/lease/")).toHaveLength(1);
    release();
    expect(await q.during(sweep)).toMatchObject({ successCount: 1 });
    expect(map.keys("dlq/lease/")).toEqual([]);
  });

  it("that is asked for while one is under way says so, after what keeps anybody from it", async () => {
    const { first, second } = await two();
    const work = new Work(first);
    await work.fail(1);
    const release = held(work);
    const sweep = first.queue.sweep("orders");
    await turn();
    const inFlight = { inflightSkipped: true, stoppedBy: "circuit_close_inflight", governanceBlocked: false };
    const blocked = {
      inflightSkipped: false,
      governanceBlocked: true,
      governanceBlockReason: "kill_switch",
    };
    for (const { queue, baldur } of [first, second]) {
      expect(await queue.sweep("orders")).toMatchObject({ ...inFlight, total: 0 });
      await baldur.control.disable({ actor: "ann", reason: "test" });
      expect(await queue.sweep("orders")).toMatchObject(blocked);
    }
    release();
    await first.during(sweep);
  });

  it("has its lease for as long as it takes", async () => {
    const { first, second, clock, map } = await two({
      env: { DLQ_CIRCUIT_CLOSE_INFLIGHT_TTL_SECONDS: "60" },
    });
    const work = new Work(first);
    const other = new Work(second).recover();
    await work.fail(1, 2);
    const release = held(work);
    const sweep = first.queue.sweep("orders", { maxItems: 1 });
    await clock.advance(10 * MINUTE);
    expect(await second.queue.sweep("orders")).toMatchObject({ inflightSkipped: true });
    expect(other.runs).toEqual([]);
    release();
    expect(await first.during(sweep)).toMatchObject({ successCount: 1 });
    expect(map.keys("dlq/lease/")).toEqual([]);
    await clock.advance(10 * MINUTE);
    expect(map.keys("dlq/lease/")).toEqual([]);
  });

  it("goes on when its lease cannot be renewed in time, unless somebody else has it then", async () => {
    const q = await begin({ env: { DLQ_CIRCUIT_CLOSE_INFLIGHT_TTL_SECONDS: "60" }, lease: 10 * MINUTE });
    const work = new Work(q);
    await work.fail(1);
    const release = held(work);
    const sweep = q.queue.sweep("orders");
    await turn();
    q.map.broken = "writes";
    await q.clock.advance(30_000);
    q.map.broken = "none";
    expect(q.telemetry.named("dlq_replay.automation_failed")).toMatchObject([
      { payload: { error: "the map is broken" } },
    ]);
    await q.clock.advance(2 * MINUTE);
    release();
    expect(await q.during(sweep)).toMatchObject({ successCount: 1 });
  });

  it("leaves no lease behind, even where the store took its renewal late", async () => {
    const q = await begin({ env: { DLQ_CIRCUIT_CLOSE_INFLIGHT_TTL_SECONDS: "60" }, lease: 10 * MINUTE });
    const work = new Work(q);
    await work.fail(1);
    const release = held(work);
    const sweep = q.queue.sweep("orders");
    await turn();
    const write = q.map.write.bind(q.map);
    let arrive: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    q.map.write = (writing) => late.then(() => write(writing));
    await q.clock.advance(20_000);
    q.map.write = write;
    release();
    await turn();
    expect(q.telemetry.named("dlq_replay.completed")).toHaveLength(1);
    arrive();
    expect(await q.during(sweep)).toMatchObject({ successCount: 1 });
    await turn();
    expect(q.map.keys("dlq/lease/")).toEqual([]);
  });

  it("that lost its lease ends between entries, and leaves its successor's alone", async () => {
    const map = new SharedMap();
    const env = { DLQ_CIRCUIT_CLOSE_INFLIGHT_TTL_SECONDS: "60" };
    // The clock of the first stands still, as it does for a process that is stopped.
    const first = await begin({ map, env, replay: { concurrency: 1 } });
    const second = await begin({ map, env, replay: { concurrency: 1 } });
    const work = new Work(first);
    const other = new Work(second);
    await work.fail(1, 2, 3);
    work.runs.length = 0;
    const release = held(work);
    const sweep = first.queue.sweep("orders");
    await turn();
    await second.clock.advance(2 * MINUTE);
    const releaseOther = held(other);
    const successor = second.queue.sweep("orders", { maxItems: 1 });
    await turn();
    expect(other.runs).toHaveLength(1);
    const lease = () => map.get(map.keys("dlq/lease/")[0] as string);
    const before = lease();
    await first.clock.advance(30_000);
    release();
    expect(await first.during(sweep)).toMatchObject({ stoppedBy: "lease_lost", inflightSkipped: false });
    expect(work.runs).toHaveLength(1);
    expect(lease()).toBe(before);
    expect(await first.queue.sweep("orders")).toMatchObject({ inflightSkipped: true });
    releaseOther();
    expect(await second.during(successor)).toMatchObject({ successCount: 1 });
    expect(map.keys("dlq/lease/")).toEqual([]);
  });

  it("is not held up for good by a handler that never ends", async () => {
    const q = await begin({ env: { DLQ_STALE_REPLAYING_TIMEOUT_MINUTES: "1" } });
    const work = new Work(q, "orders", { dlq: { maxRetries: 5 } });
    const [stuck, fine] = (await work.fail("stuck", "fine")) as [string, string];
    const never = new Promise(() => undefined);
    work.behave = (arg) => (arg === "stuck" ? never : "ok");
    expect(await q.during(q.queue.sweep("orders"), 3 * MINUTE)).toMatchObject({
      successCount: 1,
      failedCount: 1,
    });
    expect(await q.queue.get(stuck)).toMatchObject({ status: "pending", retryCount: 1 });
    expect(await statusOf(q, fine)).toBe("resolved");
    expect(q.telemetry.named("dlq_replay.claim_lost")).toMatchObject([{ payload: { id: stuck } }]);
    expect(await q.during(q.queue.replay(stuck), 3 * MINUTE)).toMatchObject({
      success: false,
      skipped: false,
    });
    work.behave = () => "ok";
    expect(await q.during(q.queue.sweep("orders"))).toMatchObject({
      inflightSkipped: false,
      successCount: 1,
    });
  });

  it("is not held up for good by a handler that never says whether it may replay", async () => {
    const q = await begin({ env: { DLQ_STALE_REPLAYING_TIMEOUT_MINUTES: "1" } });
    const canReplay = () => new Promise<boolean>(() => undefined);
    q.baldur.onReplay("orders", { canReplay, replay: () => "ok" });
    await q.queue.store({ name: "orders", failureType: "F" });
    const { results } = await q.during(q.queue.sweep("orders", { maxItems: 1 }), 3 * MINUTE);
    expect(results).toMatchObject([{ skipped: true, data: { skip_reason: "can_replay_unanswered" } }]);
    expect((await q.queue.stats()).byStatus).toEqual({ pending: 1 });
  });

  it("is free at once when its holder is gone", async () => {
    const q = await begin();
    const work = new Work(q);
    await work.fail(...upTo(2));
    work.recover();
    await q.map.put(
      "dlq/lease/sweep%2Forders",
      JSON.stringify({ holder: "1-dead", until: q.clock.now() + HOUR }),
    );
    expect(await q.during(q.queue.sweep("orders"))).toMatchObject({ inflightSkipped: false, total: 2 });
  });
});

/** What a process that is gone left: a claim in the store. */
async function claimBy({ map, clock }: TestQueue, id: string, owner: string): Promise<void> {
  const { KvDlqStore } = await import("../../src/store/kv/store.js");
  const store = new KvDlqStore({ map: () => map, onCorrupt: () => undefined });
  const claim = { owner, token: `${owner}.0`, at: clock.now() };
  const [changed] = await store.change([{ id, input: { type: "claim", claim } }], clock.now());
  if (changed === undefined || "refused" in changed) throw new Error("it could not be claimed");
}
