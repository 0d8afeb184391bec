import { RULED } from "@baldur/core/source/report/tally.js";
import { afterEach, describe, expect, it } from "@jest/globals";
import { overviewOf } from "../../src/counting.js";
import { declarations } from "../../src/index.js";
import { type QueueSetup, started, type TestQueue, upTo, Work } from "./runtime.js";

const open: TestQueue[] = [];
async function begin(setup: QueueSetup = {}): Promise<TestQueue> {
  const queue = await started({ automatic: false, ...setup });
  open.push(queue);
  return queue;
}
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

describe("the figures of a queue", () => {
  it("count by state, and what is open by domain and by kind of failure", () => {
    const group = (domain: string, failureType: string, counts: object) => ({
      domain,
      name: "n",
      failureType,
      counts,
    });
    const groups = [
      group("mail", "TIMEOUT", { pending: 1, replayed: 5 }),
      group("payments", "TIMEOUT", { pending: 2, requires_review: 1 }),
      group("payments", "AUTH_ERROR", { archived: 4 }),
    ];
    expect(overviewOf(groups)).toEqual({
      total: 13,
      byStatus: { pending: 3, replayed: 5, requires_review: 1, archived: 4 },
      open: {
        byDomain: { mail: 1, payments: 3 },
        byFailureType: { TIMEOUT: { count: 4, domains: ["payments", "mail"] } },
      },
    });
  });

  it("name no more than ten domains with a kind of failure", () => {
    const groups = upTo(15).map((n) => ({
      domain: `d${n}`,
      name: "n",
      failureType: "F",
      counts: { pending: n + 1 },
    }));
    expect(overviewOf(groups).open.byFailureType["F"]?.domains).toHaveLength(10);
  });
});

describe("reports of a runtime with a queue", () => {
  it("are made of what it tells under these names", () => {
    const names = declarations().events.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(RULED.filter((name) => name.startsWith("dlq"))));
  });

  it("tell what came, what waits and what was resolved", async () => {
    const q = await begin();
    expect(await q.baldur.reports.dashboard()).toMatchObject({ health_status: "healthy" });
    const [first] = await new Work(q).fail(...upTo(12));
    expect(await q.baldur.reports.dashboard()).toMatchObject({
      health_status: "warning",
      overview: { total: 12, pending: 12, resolved: 0, failed: 0 },
      recent_activity: { new_in_24h: 12, resolved_in_24h: 0 },
      distribution: { by_domain: [{ count: 12 }] },
    });
    await q.queue.resolve(first as string, { actor: "ann" });
    expect(await q.baldur.reports.dashboard()).toMatchObject({
      overview: { pending: 11, resolved: 1, resolution_rate_percent: 8.33 },
      recent_activity: { resolved_in_24h: 1 },
    });
    expect(await q.baldur.reports.daily()).toMatchObject({
      dlq_new_entries: 12,
      dlq_resolved: 1,
      dlq_manual_resolutions: 1,
      dlq_pending: 11,
    });
    expect((await q.baldur.reports.healing()).latency).toHaveProperty("dlq_store_p95_seconds");
  });

  it("count replays that helped, and those that did not", async () => {
    const q = await begin();
    const work = new Work(q);
    const ids = await work.fail(...upTo(3));
    work.recover();
    for (const id of ids) await q.queue.replay(id);
    expect(await q.baldur.reports.healing()).toMatchObject({ counters: { replayed: 3 } });
    expect(await q.baldur.reports.daily()).toMatchObject({ dlq_resolved: 3, dlq_manual_resolutions: 0 });
  });
});
