import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KeyValueStore } from "@baldur/core/plugin";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { type Host, NAME, Site } from "./host.js";

jest.setTimeout(30_000);

let site: Site;
beforeEach(() => {
  site = new Site();
});
afterEach(() => site[Symbol.asyncDispose]());

describe("the file of the store", () => {
  it.each([
    ["cut to its first page", (file: string) => truncate(file, 4096)],
    ["empty", (file: string) => truncate(file, 0)],
    ["garbage", (file: string) => writeFile(file, Buffer.alloc(50_000, "garbage"))],
  ])("that is %s is put aside with an event, and the queue begins anew", async (_, damage) => {
    const before = await site.start({ isEmbedded: true });
    await before.store(20);
    await site.stop(before);
    const file = join(site.state, "state.lmdb");
    await damage(file);
    const damaged = await readFile(file);
    const host = await site.start({ isEmbedded: true });
    expect(host.baldur.posture().storage).toBe("embedded");
    const [event] = host.telemetry.named("embedded.store_quarantined");
    const { kept_as: keptAs } = { kept_as: "", ...event?.payload };
    await expect(readFile(keptAs)).resolves.toEqual(damaged);
    await host.store(5);
    expect((await host.during(host.queue.replayBatch({ name: NAME }))).successCount).toBe(5);
    await site.stop(host);
    const again = await site.start({ isEmbedded: true });
    expect((await again.queue.stats()).byStatus).toEqual({ resolved: 5 });
    expect(again.telemetry.named("embedded.store_quarantined")).toEqual([]);
  });
});

describe("a folder that cannot be used", () => {
  it("is told at the start, and entries are kept in memory and replayed", async () => {
    await writeFile(site.state, "a file");
    const host = await site.start({ isEmbedded: true });
    const [failed] = host.telemetry.named("storage.embedded_failed");
    expect(failed?.payload).toMatchObject({ error: expect.stringContaining(site.state) });
    expect(host.telemetry.named("dlq.store_in_memory")).toHaveLength(1);
    expect(host.baldur.posture()).toMatchObject({
      storage: "memory",
      degraded: [expect.stringContaining(site.state)],
    });
    await host.store(3);
    expect((await host.during(host.queue.replayBatch({ name: NAME }))).successCount).toBe(3);
  });
});

/** Long enough for a store that was left alone to be asked again. */
async function absorbs(host: Host): Promise<void> {
  await host.passes(40_000);
}

describe("a store that refuses", () => {
  it("sends entries to the spill file, and takes each up once when it is well again", async () => {
    let refuses = true;
    const host = await site.start({
      isEmbedded: true,
      decorate: (store) =>
        changed(store, {
          write: (work) => (refuses ? Promise.reject(new Error("the disk is full")) : store.write(work)),
        }),
    });
    const spilled = await host.store(5);
    expect(host.telemetry.named("dlq.store_failed")).not.toEqual([]);
    expect(host.telemetry.named("dlq.entries_spilled")).not.toEqual([]);
    await host.passes(30_000);
    expect((await host.queue.list()).items).toEqual([]);
    refuses = false;
    await absorbs(host);
    expect((await host.queue.list()).items.map(({ id }) => id).sort()).toEqual(spilled.toSorted());
    const absorbed = host.telemetry.named("dlq.spill_absorbed").map(({ payload }) => payload);
    expect(absorbed).toEqual([expect.objectContaining({ entries: 5, corrupt: 0 })]);
    await expect(readdir(join(site.state, "dlq-spill"))).resolves.toEqual([]);
  });

  it("that has no room is asked again later: what was acknowledged is never refused", async () => {
    let refuses = false;
    const host = await site.start({
      isEmbedded: true,
      env: { DLQ_MAX_SIZE: "1000", DLQ_MAX_SIZE_PER_DOMAIN: "100", DLQ_OVERFLOW_STRATEGY: "reject" },
      decorate: (store) =>
        changed(store, {
          write: (work) => (refuses ? Promise.reject(new Error("the disk is full")) : store.write(work)),
        }),
    });
    const stored = await host.store(90);
    refuses = true;
    const spilled = await host.store(30);
    refuses = false;
    await absorbs(host);
    expect((await host.queue.stats()).open).toBe(100);
    await host.during(host.queue.replayBatch({ name: NAME, maxItems: 1000 }));
    await absorbs(host);
    await host.during(host.queue.replayBatch({ name: NAME, maxItems: 1000 }));
    expect(host.runs.toSorted()).toEqual([...stored, ...spilled].sort());
  });

  it("does not lose the outcome of a handler that ended, for the next one cannot be found", async () => {
    let isBroken = false;
    const host = await site.start({
      isEmbedded: true,
      replay: { rate: 1e6, rampUp: 0, concurrency: 1 },
      handler: () => void (isBroken = true),
      decorate: (store) => changed(store, { read: whereGroupsAre(store, () => isBroken) }),
    });
    const [id = ""] = await host.store(1);
    await host.during(host.queue.replayBatch({ name: NAME }).catch((error: Error) => error.message));
    isBroken = false;
    await expect(host.queue.get(id)).resolves.toMatchObject({ status: "resolved" });
  });
});

describe("a batch that cannot go on", () => {
  it("keeps the claims of the handlers that are at work, and ends with them", async () => {
    let [isBroken, isArmed] = [false, false];
    let finish: () => void = () => undefined;
    const host = await site.start({
      isEmbedded: true,
      lease: 3000,
      replay: { rate: 1e6, rampUp: 0, concurrency: 2 },
      handler: () => {
        isBroken = false;
        return new Promise<void>((resolve) => {
          finish = resolve;
        });
      },
      decorate: (store) => {
        const onPage = () => {
          isBroken ||= isArmed; // to the one that looks for a second page
          isArmed = false;
        };
        return changed(store, { read: whereGroupsAre(store, () => isBroken, onPage) });
      },
    });
    const [first = ""] = await host.store(1);
    isArmed = true;
    let isOver = false;
    const batch = host.queue.replayBatch({ name: NAME }).catch((error: Error) => error.message);
    void batch.then(() => {
      isOver = true;
    });
    await host.passes(20_000);
    expect({ runs: host.runs, isOver }).toEqual({ runs: [first], isOver: false });
    finish();
    expect(await host.during(batch)).toBe("the disk gives nothing");
    await expect(host.queue.get(first)).resolves.toMatchObject({ status: "resolved" });
    expect(host.telemetry.named("dlq.stale_released")).toEqual([]);
  });
});

function changed(store: KeyValueStore, change: Partial<KeyValueStore>): KeyValueStore {
  return {
    location: store.location,
    durable: store.durable,
    read: (work) => store.read(work),
    write: (work) => store.write(work),
    close: () => store.close(),
    ...change,
  };
}

/** Readings that fail where the groups of entries are asked for, as long as that is broken. */
function whereGroupsAre(
  store: KeyValueStore,
  isBroken: () => boolean,
  onPage: () => void = () => undefined,
): KeyValueStore["read"] {
  return (work) =>
    store.read((reader) =>
      work({
        get: (key) => reader.get(key),
        keys: (range) => {
          return reader.keys(range);
        },
        range: (range) => {
          if (range.from.startsWith("dlq/state/0/")) onPage();
          if (isBroken() && range.from === "dlq/group/") throw new Error("the disk gives nothing");
          return reader.range(range);
        },
      }),
    );
}

describe("operators", () => {
  const OPS = { actor: "ops", reason: "incident 7" };

  it("who switch Baldur off end a batch between two entries, and what is left comes later", async () => {
    const host = await site.start({
      isEmbedded: true,
      replay: { rate: 1e6, rampUp: 0, concurrency: 1 },
      handler: () => (host.runs.length === 3 ? host.baldur.control.disable(OPS) : undefined),
    });
    await host.store(10);
    const batch = await host.during(host.queue.replayBatch({ name: NAME }));
    expect(batch).toMatchObject({ successCount: 3, failedCount: 0, stoppedBy: "kill_switch" });
    expect((await host.queue.stats()).byStatus).toEqual({ resolved: 3, pending: 7 });
    expect(await host.during(host.queue.replayBatch({ name: NAME }))).toMatchObject({
      governanceBlocked: true,
    });
    expect(host.runs).toHaveLength(3);
    await host.during(host.baldur.control.enable({ actor: "ops" }));
    expect((await host.during(host.queue.replayBatch({ name: NAME }))).successCount).toBe(7);
    expect(new Set(host.runs).size).toBe(10);
  });

  it("who ask for a dry run see what would be replayed, and nothing is", async () => {
    const host = await site.start({ isEmbedded: true });
    await host.store(4);
    await host.during(host.baldur.control.enableDryRun({ actor: "ops" }));
    const batch = await host.during(host.queue.replayBatch({ name: NAME }));
    const sweep = await host.during(host.queue.sweep(NAME));
    expect([batch, sweep]).toEqual(
      [4, 4].map((total) => expect.objectContaining({ total, skippedCount: total, successCount: 0 })),
    );
    expect(host.runs).toEqual([]);
    expect((await host.queue.stats()).byStatus).toEqual({ pending: 4 });
    expect(host.telemetry.named("dlq_replay.suppressed")).toHaveLength(2);
    await host.during(host.baldur.control.disableDryRun({ actor: "ops", confirm: true }));
    expect((await host.during(host.queue.replayBatch({ name: NAME }))).successCount).toBe(4);
  });
});
