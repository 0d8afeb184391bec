import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Capture } from "@baldur/core/plugin";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  down,
  type QueueSetup,
  SharedMap,
  started,
  type TestQueue,
  turn,
  until,
  upTo,
} from "../queue/runtime.js";

let folder = "";
const open: TestQueue[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baldur-shutdown-"));
});
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function begin(setup: QueueSetup = {}): Promise<TestQueue> {
  const queue = await started({ folder, ...setup });
  open.push(queue);
  return queue;
}

/** Calls that fail at once; answers what became of each capture. */
async function fail({ baldur }: TestQueue, count: number): Promise<Extract<Capture, { id: string }>[]> {
  const records = await Promise.all(
    upTo(count).map(() => baldur.protectWithMeta("x", down, { dlq: true, circuitBreaker: false })),
  );
  return records.map(({ captured }) => captured as Extract<Capture, { id: string }>);
}

const spilled = (): string =>
  existsSync(join(folder, "spill"))
    ? readdirSync(join(folder, "spill"))
        .map((file) => readFileSync(join(folder, "spill", file), "utf8"))
        .join("")
    : "";
const ids = async ({ queue }: TestQueue): Promise<string[]> =>
  (await queue.list({ limit: 1000 })).items.map(({ id }) => id).sort();

describe("a shutdown", () => {
  it("writes what waits, and is clean", async () => {
    const map = new SharedMap();
    const q = await begin({ map });
    map.hold();
    const captured = await fail(q, 20);
    const closing = q.baldur.close();
    await q.clock.advance(1000);
    map.letGo();
    expect(await q.during(closing)).toMatchObject({ clean: true, abandoned: [] });
    expect(await Promise.all(captured.map(({ settled }) => settled))).toEqual(
      captured.map(({ id }) => ({ captured: true, id, where: "store" })),
    );
    expect(spilled()).toBe("");
    expect(q.telemetry.named("dlq_outbox.shutdown_emergency_dump")).toEqual([]);
  });

  it("takes no longer than its time: the rest goes down the chain, and the next start brings it back", async () => {
    const map = new SharedMap();
    const q = await begin({ map, env: { DLQ_OUTBOX_BATCH_SIZE: "5" } });
    map.hold();
    const captured = await fail(q, 20);
    const began = q.clock.monotonic();
    const { clean, abandoned } = await q.during(q.baldur.close());
    expect({ clean, abandoned }).toEqual({ clean: false, abandoned: ["@baldur/pro-dlq"] });
    expect(q.clock.monotonic() - began).toBeLessThan(15_000);
    expect(q.telemetry.named("dlq_outbox.shutdown_emergency_dump")).toMatchObject([
      { payload: { entries_dumped: 20, where: "spill" } },
    ]);
    expect(await Promise.all(captured.map(({ settled }) => settled))).toEqual(
      captured.map(({ id }) => ({ captured: true, id, where: "spill" })),
    );
    for (const { id } of captured) expect(spilled()).toContain(id);
    map.letGo(); // what was on its way arrives too, and is known when it is brought back
    await turn();
    const next = await begin({ map });
    await until(next, () => next.telemetry.named("dlq.spill_absorbed").length > 0);
    expect(await ids(next)).toEqual(captured.map(({ id }) => id).sort());
    expect(spilled()).toBe("");
  });

  it("writes nothing over what another process made meanwhile of what went down the chain", async () => {
    const map = new SharedMap();
    const q = await begin({ map });
    map.hold();
    const [captured] = await fail(q, 1);
    await q.during(q.baldur.close());
    map.overtake();
    const next = await begin({ map });
    next.baldur.onReplay("x", down);
    await until(next, () => next.telemetry.named("dlq.spill_absorbed").length > 0);
    await next.during(next.queue.replayBatch({}));
    map.letGo();
    await turn();
    expect(await next.queue.get(captured?.id as string)).toMatchObject({ retryCount: 1 });
  });

  it("that the process ends at once leaves nothing behind either", async () => {
    const map = new SharedMap();
    const before = process.listeners("exit");
    const q = await begin({ map });
    const [dump] = process.listeners("exit").filter((listener) => !before.includes(listener));
    map.hold();
    const captured = await fail(q, 3);
    dump?.(0);
    for (const { id } of captured) expect(spilled()).toContain(id);
    map.letGo();
    await q.close();
    expect(process.listeners("exit")).toEqual(before);
  });

  it("is clean where the store refuses all that it is told: nothing was waited for", async () => {
    const map = new SharedMap();
    const q = await begin({ map });
    map.broken = "writes";
    const [captured] = await fail(q, 1);
    expect(await captured?.settled).toMatchObject({ captured: true, where: "spill" });
    expect(await q.during(q.baldur.close())).toMatchObject({ clean: true, abandoned: [] });
    expect(spilled()).toContain(captured?.id);
  });

  it("leaves no timer behind", async () => {
    const q = await begin();
    await q.close();
    expect(q.clock.pending).toBe(0);
  });
});

describe("a store that is away", () => {
  it("costs nothing: what it did not take is in it when it is back", async () => {
    const q = await begin();
    q.map.broken = "all";
    const captured = await fail(q, 5);
    expect(await Promise.all(captured.map(({ settled }) => settled))).toEqual(
      captured.map(({ id }) => ({ captured: true, id, where: "spill" })),
    );
    q.map.broken = "none";
    await until(q, () => q.telemetry.named("dlq.spill_absorbed").length > 0);
    expect(await ids(q)).toEqual(captured.map(({ id }) => id).sort());
  });
});

describe("an outbox that is full", () => {
  it("sends what arrives then to the spill file, and warns once", async () => {
    const q = await begin({ env: { DLQ_OUTBOX_CAPACITY: "100", DLQ_OUTBOX_BATCH_SIZE: "10" } });
    q.map.hold();
    const captured = await fail(q, 10);
    await turn();
    captured.push(...(await fail(q, 140)));
    expect((await q.queue.stats()).outbox).toEqual({ size: 100, dropped: 40 });
    q.map.letGo();
    const places = await Promise.all(captured.map(({ settled }) => settled));
    expect(places.filter((result) => result.captured && result.where === "spill")).toHaveLength(40);
    expect(places.filter((result) => result.captured && result.where === "store")).toHaveLength(110);
    expect(q.telemetry.value("baldur_dlq_outbox_drops_total")).toBe(40);
    const warnings = q.telemetry.named("dlq.outbox_drop_threshold_breached");
    expect(warnings).toMatchObject([{ level: "warning", payload: { capacity: 100, size: 100 } }]);
    await until(q, async () => (await ids(q)).length === 150);
  });
});
