import { createFakeClock } from "@baldur/testkit";
import { afterEach, describe, expect, it } from "@jest/globals";
import {
  DAY,
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
} from "./runtime.js";

const open: TestQueue[] = [];
async function begin(setup: QueueSetup = {}): Promise<TestQueue> {
  const queue = await started({ automatic: false, ...setup });
  open.push(queue);
  return queue;
}
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

/** Far fewer steps than the ticks of every job in between. */
async function later(q: TestQueue, time: number): Promise<void> {
  await q.clock.advance(time);
  await turn();
}

describe("maintenance", () => {
  it("gives up what waited too long", async () => {
    const q = await begin({ env: { DLQ_EXPIRY_HOURS: "1" } });
    const work = new Work(q);
    const [pending, review] = (await work.fail(1, 2)) as [string, string];
    for (let n = 0; n < 2; n++) await q.queue.replay(review);
    await later(q, 45 * MINUTE);
    expect(await statusOf(q, pending)).toBe("pending");
    await later(q, 30 * MINUTE);
    expect(await q.queue.get(pending)).toMatchObject({ status: "expired", resolutionType: "ttl_expired" });
    expect(await statusOf(q, review)).toBe("requires_review"); // a person has it
    expect(q.telemetry.named("dlq.entries_expired").map(({ payload }) => payload)).toEqual([{ entries: 1 }]);
  });

  it("archives what was resolved a retention ago, and purges nothing by itself", async () => {
    const q = await begin({ env: { DLQ_RETENTION_DAYS: "1" } });
    const [id] = (await new Work(q).fail(1)) as [string];
    await q.queue.resolve(id, { actor: "ann" });
    await later(q, 7 * HOUR);
    expect(await statusOf(q, id)).toBe("resolved");
    q.clock.set(q.clock.now() + 17 * HOUR);
    await later(q, 6 * HOUR);
    expect(await statusOf(q, id)).toBe("archived");
    q.clock.set(q.clock.now() + 400 * DAY);
    await later(q, 6 * HOUR);
    expect(await statusOf(q, id)).toBe("archived");
  });

  it("works through more than a page", async () => {
    const q = await begin({ env: { DLQ_EXPIRY_HOURS: "1" } });
    const { queue } = q;
    await Promise.all(upTo(1100).map(() => queue.store({ name: "x", failureType: "F" })));
    await later(q, 90 * MINUTE);
    expect((await queue.stats()).byStatus).toEqual({ expired: 1100 });
  });

  it("is not stopped by a clock that steps back", async () => {
    const q = await begin({ env: { DLQ_EXPIRY_HOURS: "1" } });
    const { queue } = q;
    await queue.store({ name: "x", failureType: "F" });
    q.clock.set(q.clock.now() - DAY);
    await Promise.all(upTo(600).map(() => queue.store({ name: "x", failureType: "F" })));
    await later(q, 90 * MINUTE);
    expect((await queue.stats()).byStatus).toEqual({ expired: 600, pending: 1 });
    await later(q, DAY);
    expect((await queue.stats()).byStatus).toEqual({ expired: 601 });
  });

  it("ages what was summarised", async () => {
    const env = {
      DLQ_MAX_SIZE: "1000",
      DLQ_MAX_SIZE_PER_DOMAIN: "100",
      DLQ_OVERFLOW_STRATEGY: "compress_oldest",
      DLQ_COMPRESS_STALE_AFTER_DAYS: "1",
      DLQ_COMPRESS_ARCHIVE_AFTER_DAYS: "2",
    };
    const q = await begin({ env });
    await Promise.all(upTo(103).map(() => q.queue.store({ name: "x", failureType: "F", errorCode: "E" })));
    const statuses = async () => (await q.queue.summaries()).map(({ status, count }) => [status, count]);
    expect(await statuses()).toEqual([["active", 3]]);
    expect(q.telemetry.named("dlq.entries_evicted")).toMatchObject([
      { payload: { count: 3, strategy: "compress_oldest" } },
    ]);
    q.clock.set(q.clock.now() + DAY);
    await later(q, 6 * HOUR);
    expect(await statuses()).toEqual([["stale", 3]]);
    q.clock.set(q.clock.now() + DAY);
    await later(q, 6 * HOUR);
    expect(await statuses()).toEqual([["archived", 3]]);
  });

  it("warns once of too many kinds", async () => {
    const q = await begin({ env: { DLQ_DOMAIN_CARDINALITY_ALERT_THRESHOLD: "3" } });
    for (const n of upTo(3)) await q.queue.store({ name: "x", failureType: `F${n}` });
    await later(q, HOUR);
    expect(q.telemetry.named("dlq.cardinality_threshold_breached")).toEqual([]);
    await q.queue.store({ name: "x", failureType: "F4" });
    await later(q, HOUR);
    expect(q.telemetry.named("dlq.cardinality_threshold_breached").map(({ payload }) => payload)).toEqual([
      { groups: 4, threshold: 3 },
    ]);
  });

  it("tells what failed, and tries it again", async () => {
    const q = await begin({ env: { DLQ_EXPIRY_HOURS: "1" } });
    const [id] = (await new Work(q).fail(1)) as [string];
    q.map.broken = "all";
    await later(q, 2 * HOUR);
    const jobs = new Set(q.telemetry.named("dlq.maintenance_failed").map(({ payload }) => payload["job"]));
    expect(jobs).toEqual(new Set(["release", "expire", "cardinality"]));
    q.map.broken = "none";
    await later(q, 20 * MINUTE);
    expect(await statusOf(q, id)).toBe("expired");
  });

  it("bears records of its own that are damaged", async () => {
    const map = new SharedMap();
    await map.put("dlq/owner/1-odd", "damage");
    await map.put("dlq/lease/sweep%2Forders", "damage");
    await map.put("dlq/summary/odd", "damage");
    const q = await begin({ map });
    const work = new Work(q);
    await work.fail(1);
    work.recover();
    expect(await q.during(q.queue.sweep("orders"))).toMatchObject({ successCount: 1 });
    expect(await q.queue.summaries()).toEqual([]);
    await later(q, 7 * HOUR);
    expect(q.telemetry.named("dlq.maintenance_failed")).toEqual([]);
  });

  it("writes nothing while there is nothing to do", async () => {
    const q = await begin();
    await new Work(q).fail(1);
    await later(q, MINUTE);
    const { writes } = q.map;
    await later(q, HOUR);
    expect(q.map.writes).toBe(writes);
  });

  it("keeps no process alive", async () => {
    const holding = new Set<unknown>();
    const clock = createFakeClock();
    const { setTimeout: set, clearTimeout: clear } = clock;
    let unreferenced = 0;
    clock.setTimeout = (callback, delay) => {
      const run = () => {
        holding.delete(timer);
        callback();
      };
      const timer = Object.assign(set.call(clock, run, delay) as object, {
        ref: () => undefined,
        unref: () => {
          unreferenced++;
          holding.delete(timer);
        },
      });
      holding.add(timer);
      return timer;
    };
    clock.clearTimeout = (timer) => {
      holding.delete(timer);
      clear.call(clock, timer);
    };
    const q = await begin({ clock, automatic: true });
    await later(q, 2 * MINUTE);
    const work = new Work(q);
    await work.fail(1);
    await later(q, 2 * MINUTE);
    expect(unreferenced).toBeGreaterThan(10);
    expect(holding.size).toBe(0);
  });
});
