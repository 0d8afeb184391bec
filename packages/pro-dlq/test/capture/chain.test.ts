import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBaldur } from "@baldur/core";
import type { CaptureResult, PluginContext } from "@baldur/core/plugin";
import { createFakeClock, type FakeClock, type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import type { Chain } from "../../src/capture/chain.js";
import { SpillFile } from "../../src/spill/spill.js";
import { KvDlqStore } from "../../src/store/kv/store.js";
import type { AddOutcome, Capacity, DlqStore, NewEntry } from "../../src/store/store.js";
import type { SharedMap } from "../queue/runtime.js";
import { Entries, idsOf, ROOMY } from "../store/entries.js";

const lost: string[] = [];
jest.unstable_mockModule("../../src/spill/stderr.js", () => ({
  writeToStderr: (lines: readonly string[]) => {
    lost.push(...lines);
    return true;
  },
}));
const { Chain: TestedChain } = await import("../../src/capture/chain.js");
const { Outbox } = await import("../../src/capture/outbox.js");
const { MINUTE, runs, SharedMap: Map_, SILENT, turn } = await import("../queue/runtime.js");

interface Subject {
  readonly chain: Chain;
  readonly store: DlqStore;
  readonly map: SharedMap;
  readonly spill: SpillFile;
  readonly clock: FakeClock;
  readonly telemetry: RecordedTelemetry;
  readonly entries: Entries;
}

let root = "";
const opened: SpillFile[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "baldur-chain-"));
  lost.length = 0;
});
afterEach(async () => {
  for (const spill of opened.splice(0)) await spill.close();
  rmSync(root, { recursive: true, force: true });
});

async function subject(capacity: Capacity = ROOMY, map: SharedMap = new Map_()): Promise<Subject> {
  const clock = createFakeClock();
  let context: PluginContext | undefined;
  const register = (given: PluginContext) => {
    context = given;
  };
  const baldur = createBaldur({
    clock,
    discover: false,
    env: {},
    logger: SILENT,
    settings: { control: { backend: "memory" } },
    plugins: [{ name: "context", register }],
  });
  const recorded = recordTelemetry(baldur);
  await baldur.start();
  const { telemetry } = context as unknown as PluginContext;
  const store = new KvDlqStore({ map: () => map, onCorrupt: () => undefined });
  const spill = new SpillFile({ folders: [join(root, "spill")], clock, onProblem: () => undefined });
  opened.push(spill);
  const chain = new TestedChain({ store, capacity, spill, clock, telemetry });
  return { chain, store, map, spill, clock, telemetry: recorded, entries: new Entries() };
}

const count = async ({ store }: Subject): Promise<number> => (await store.list({}, { limit: 1e6 })).length;
const where = (results: readonly CaptureResult[]) =>
  results.map((result) => (result.captured ? result.where : result.reason));
const names = ({ telemetry }: Subject) =>
  telemetry.events.map(({ name }) => name).filter((name) => name.startsWith("dlq"));

describe("the chain", () => {
  it("ends in the store while that is well", async () => {
    const s = await subject();
    const made = [...s.entries.many(2), s.entries.make({ name: "b", domain: "d" })];
    expect(await s.chain.write(made)).toEqual(made.map(({ id }) => ({ captured: true, id, where: "store" })));
    expect(names(s)).toEqual(["dlq.entry_created", "dlq.entry_created"]);
    expect(s.telemetry.value("baldur_dlq_created_total", { domain: "shop" })).toBe(2);
    expect(s.telemetry.series("baldur_dlq_store_duration_seconds")[0]?.count).toBe(1);
  });

  it("ends in the spill file while the store is not, with one event each, and the error stream last", async () => {
    const s = await subject();
    s.map.broken = "all";
    const made = s.entries.many(3);
    expect(where(await s.chain.write(made))).toEqual(["spill", "spill", "spill"]);
    expect(names(s)).toEqual(["dlq.store_failed", "dlq.entries_spilled"]);
    expect(s.telemetry.named("dlq.store_failed")[0]?.payload).toMatchObject({
      entries: 3,
      error: "the map is broken",
    });
    expect(s.telemetry.value("baldur_dlq_spilled_total", { where: "spill" })).toBe(3);
    expect(readdirSync(join(root, "spill"))).toHaveLength(1);
    s.telemetry.clear();
    jest.spyOn(s.spill, "append").mockRejectedValue(new Error("disk full"));
    await s.clock.advance(MINUTE);
    const last = s.entries.many(2);
    expect(where(await s.chain.write(last))).toEqual(["stderr", "stderr"]);
    expect(names(s)).toEqual(["dlq.store_failed", "dlq.fallback_exhausted"]);
    expect(lost.map((line) => JSON.parse(line).body.id)).toEqual(last.map(({ id }) => id));
    expect(s.telemetry.value("baldur_dlq_spilled_total", { where: "stderr" })).toBe(2);
  });

  it("leaves a store that failed alone: twice as long each time, at most ten seconds, until it is well", async () => {
    const s = await subject();
    jest.spyOn(s.spill, "append").mockResolvedValue("file");
    s.map.broken = "all";
    const pauses: number[] = [];
    let tried = s.clock.monotonic();
    for (let n = 0; n < 9; n++) {
      s.map.writes = 0;
      while (s.map.writes === 0) {
        await s.chain.write([s.entries.make()]);
        if (s.map.writes === 0) await s.clock.advance(50);
      }
      pauses.push(s.clock.monotonic() - tried);
      tried = s.clock.monotonic();
    }
    expect(pauses).toEqual([0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000]);
    s.map.broken = "none";
    await s.clock.advance(10_000);
    expect(where(await s.chain.write([s.entries.make()]))).toEqual(["store"]);
    s.map.broken = "all";
    await s.chain.write([s.entries.make()]);
    await s.clock.advance(100); // as after a first failure
    s.map.writes = 0;
    await s.chain.write([s.entries.make()]);
    expect(s.map.writes).toBe(1);
  });

  it("brings back what was spilled, once, however often it is asked to", async () => {
    const s = await subject();
    s.map.broken = "all";
    const made = s.entries.many(250);
    await s.chain.write(made);
    await s.chain.absorb(); // the store rests
    s.map.broken = "none";
    await s.clock.advance(10_000);
    await s.chain.absorb();
    expect(idsOf(await s.store.list({}, { limit: 999, oldestFirst: true }))).toEqual(
      made.map(({ id }) => id),
    );
    expect(s.telemetry.named("dlq.spill_absorbed").map(({ payload }) => payload)).toEqual([
      { entries: 250, corrupt: 0, files: 1 },
    ]);
    await s.chain.absorb();
    expect(s.telemetry.named("dlq.spill_absorbed")).toHaveLength(1);
    expect(readdirSync(join(root, "spill"))).toEqual([]);
  });

  it("knows what it brings back a second time, after a crash in between", async () => {
    const s = await subject();
    s.map.broken = "all";
    const made = s.entries.many(3);
    await s.chain.write(made);
    s.map.broken = "none";
    await s.store.add(made.slice(0, 2), ROOMY);
    await s.store.change([{ id: made[0]?.id as string, input: { type: "resolve", actor: "a" } }], 5);
    await s.clock.advance(10_000);
    await s.chain.absorb();
    expect(await count(s)).toBe(3);
    expect((await s.store.get(made[0]?.id as string))?.state.status).toBe("resolved");
    expect(s.telemetry.named("dlq.entry_created").map(({ payload }) => payload["count"])).toEqual([1]);
  });

  it("puts what is no entry in a spill file aside, and takes the rest", async () => {
    const s = await subject();
    const good = s.entries.make();
    const line = (state: unknown, body: unknown) => JSON.stringify({ state, body });
    const body = JSON.parse(good.body) as object;
    await s.spill.append([
      "null",
      line(1, body),
      line({ ...good.state, status: "odd" }, body),
      line(good.state, { ...body, id: 5 }),
      line(good.state, { ...body, id: "é" }),
      line(good.state, { ...body, id: "../../totals" }),
      line(good.state, body),
    ]);
    await s.chain.absorb();
    expect(s.telemetry.named("dlq.entry_quarantined")).toHaveLength(6);
    expect(idsOf(await s.store.list({}, { limit: 9 }))).toEqual([good.id]);
  });

  it("keeps in the spill file what the store refuses when it is brought back", async () => {
    const s = await subject({ total: 2, perDomain: 2, strategy: "reject" });
    s.map.broken = "all";
    const made = s.entries.many(3);
    expect(where(await s.chain.write(made))).toEqual(["spill", "spill", "spill"]); // acknowledged
    s.map.broken = "none";
    await s.clock.advance(10_000);
    await s.chain.absorb();
    expect(await count(s)).toBe(2);
    const text = () =>
      readdirSync(join(root, "spill"))
        .map((file) => readFileSync(join(root, "spill", file), "utf8"))
        .join();
    expect(text()).toContain(made[2]?.id);
    await s.store.change([{ id: made[0]?.id as string, input: { type: "resolve", actor: "a" } }], 5);
    await s.clock.advance(MINUTE);
    await s.chain.absorb();
    expect(await count(s)).toBe(3);
    expect(text()).toBe("");
  });

  it("says what it had to refuse, to evict, and to keep beyond the cap", async () => {
    const refusing = await subject({ total: 1, perDomain: 1, strategy: "reject" });
    expect(where(await refusing.chain.write(refusing.entries.many(2)))).toEqual([
      "store",
      "dlq_capacity_exceeded",
    ]);
    expect(refusing.telemetry.named("dlq.capture_refused")).toMatchObject([
      { payload: { name: "orders", domain: "shop", reason: "dlq_capacity_exceeded" } },
    ]);
    expect(refusing.telemetry.value("baldur_dlq_rejected_total", { domain: "shop" })).toBe(1);
    expect(refusing.telemetry.value("baldur_dlq_overflow_total", { strategy: "reject" })).toBe(1);
    const domain = await subject({ total: 9, perDomain: 1, strategy: "reject" });
    expect(where(await domain.chain.write(domain.entries.many(2)))).toEqual([
      "store",
      "domain_capacity_exceeded",
    ]);

    const evicting = await subject({ total: 1, perDomain: 1, strategy: "compress_oldest" });
    expect(where(await evicting.chain.write(evicting.entries.many(3)))).toEqual(["store", "store", "store"]);
    expect(evicting.telemetry.named("dlq.entries_evicted")).toMatchObject([
      { payload: { domain: "shop", count: 2, strategy: "compress_oldest" } },
    ]);
    expect(evicting.telemetry.value("baldur_dlq_evicted_total", { domain: "shop" })).toBe(2);
    expect(evicting.telemetry.value("baldur_dlq_overflow_total", { domain: "shop" })).toBe(2);

    const soft = await subject({ total: 1, perDomain: 9, strategy: "drop_oldest" });
    await soft.chain.write(soft.entries.many(1, {}, { status: "reviewing" }));
    for (let n = 0; n < 3; n++) await soft.chain.write(soft.entries.many(1, {}, { status: "reviewing" }));
    expect(soft.telemetry.named("dlq.overflow_soft_cap_all_protected")).toHaveLength(1);
  });
});

describe("the outbox before a chain whose links fail at random", () => {
  /** A store that fails as often as it is told to. */
  class Unsteady implements Pick<DlqStore, "add"> {
    readonly ids = new Set<string>();
    fails = false;

    add: DlqStore["add"] = async (entries) => {
      await turn();
      if (this.fails) throw new Error("unsteady");
      const outcomes = entries.map(({ id }): AddOutcome => {
        const known = this.ids.has(id);
        this.ids.add(id);
        return known ? "known" : "added";
      });
      return { outcomes, evicted: new Map(), overfull: false };
    };
  }

  it("keeps every entry where it said that it went, and loses count of none", async () => {
    const step = fc.record({
      count: fc.integer({ min: 0, max: 6 }),
      storeFails: fc.boolean(),
      spillFails: fc.boolean(),
      pause: fc.constantFrom(0, 100, 30_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const s = await subject();
        lost.length = 0;
        const unsteady = new Unsteady();
        const spilled: string[] = [];
        let spillFails = false;
        const spill = {
          append: async (lines: readonly string[]) => {
            if (spillFails) throw new Error("no disk");
            spilled.push(...lines);
            return "file";
          },
        };
        const { telemetry } = s.chain["options"];
        const chain = new TestedChain({
          store: unsteady as unknown as DlqStore,
          capacity: ROOMY,
          spill: spill as unknown as SpillFile,
          clock: s.clock,
          telemetry,
        });
        const box = new Outbox({
          capacity: 5,
          batchSize: 3,
          clock: s.clock,
          write: (entries) => chain.write(entries),
          overflow: (entries) => chain.divert(entries),
        });
        const results: Promise<CaptureResult>[] = [];
        const made: NewEntry[] = [];
        for (const each of steps) {
          unsteady.fails = each.storeFails;
          spillFails = each.spillFails;
          for (const entry of s.entries.many(each.count)) {
            made.push(entry);
            results.push(box.add(entry));
          }
          const { enqueued, written, dropped, size, inFlight, dumped } = box.stats;
          expect(enqueued).toBe(written + dropped + size + inFlight + dumped);
          await s.clock.advance(each.pause);
        }
        await box.drained(MINUTE);
        const told = await Promise.all(results);
        const places = { store: unsteady.ids, spill: idsIn(spilled), stderr: idsIn(lost) };
        for (const [index, result] of told.entries()) {
          if (!result.captured) throw new Error(result.reason);
          expect(result.id).toBe(made[index]?.id);
          expect(places[result.where].has(result.id)).toBe(true);
        }
        expect(box.stats).toMatchObject({ enqueued: made.length, size: 0, inFlight: 0 });
      }),
      { numRuns: runs(30) },
    );
  });

  const idsIn = (lines: readonly string[]): Set<string> =>
    new Set(lines.map((line) => JSON.parse(line).body.id as string));
});
