import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { DegradedStore } from "../../src/storage/degraded-store.js";
import type { Divergence } from "../../src/storage/divergence.js";
import { errorOf, turn } from "../runtime.js";
import type { Fate } from "./fake-redis.js";
import { Site, until, type Worker } from "./fixture.js";

let site: Site;
beforeEach(async () => {
  site = await Site.create();
});
afterEach(() => site[Symbol.asyncDispose]());

const stats = ({ storage }: Worker): DegradedStore => storage.feature("stats");
/** The next calls meet these fates, later ones are answered. */
const meeting =
  (...fates: Fate[]) =>
  () =>
    fates.shift() ?? "answered";

async function degrade(...workers: readonly Worker[]): Promise<void> {
  for (const { redis } of workers) redis.down();
}

async function comeBack(...workers: readonly Worker[]): Promise<void> {
  for (const { redis } of workers) redis.up();
  await site.recovers(...workers);
}

/** The same, whoever answers. */
async function everything(store: DegradedStore) {
  await store.set("text", "one");
  await store.hset("hash", { a: "1", b: "2", c: "3" });
  await store.hdel("hash", "b");
  await store.zadd("set", { low: 1, high: 3, middle: 2 });
  await store.zadd("set", { low: 9 });
  await store.setBlob("blob", Buffer.from([0, 255, 128]));
  await store.set("gone", "x");
  await store.delete("gone");
  return {
    text: await store.get("text"),
    absent: await store.get("absent"),
    gone: await store.get("gone"),
    setnx: [await store.setnx("once", "1"), await store.setnx("once", "2"), await store.get("once")],
    incr: [await store.incr("count"), await store.incr("count", 5), await store.incr("count", -2)],
    hash: await store.hgetall("hash"),
    field: [await store.hget("hash", "a"), await store.hget("hash", "b")],
    set: [
      await store.zrange("set", 0, -1),
      await store.zrange("set", 1, 1),
      await store.zrange("set", -1, -1),
    ],
    outside: [
      await store.zrange("set", 5, 9),
      await store.zrange("set", -9, -8),
      await store.zrange("none", 0, -1),
    ],
    blob: [...((await store.getBlob("blob")) ?? [])],
    keys: [...(await store.scan("")), ...(await store.scan("te"))].sort(),
  };
}

const EXPECTED = {
  text: "one",
  absent: undefined,
  gone: undefined,
  setnx: [true, false, "1"],
  incr: [1, 6, 4],
  hash: { a: "1", c: "3" },
  field: ["1", undefined],
  set: [["middle", "high", "low"], ["high"], ["low"]],
  outside: [[], [], []],
  blob: [0, 255, 128],
  keys: ["blob", "count", "hash", "once", "set", "text", "text"],
};

describe("a store", () => {
  it("keeps what it is given in Redis, and writes no log", async () => {
    const worker = site.worker();
    expect(await everything(stats(worker))).toEqual(EXPECTED);
    expect(worker.wal.pending).toBe(0);
    expect(site.names()).toEqual([]);
    expect(site.server.keys.every((key) => key.startsWith("baldur:state:{stats}"))).toBe(true);
  });

  it("answers the same while Redis is away, and brings everything to it afterwards", async () => {
    const worker = site.worker();
    await degrade(worker);
    expect(await everything(stats(worker))).toEqual(EXPECTED);
    expect(site.server.keys).toEqual([]);
    await comeBack(worker);
    const { incr, setnx, ...rest } = EXPECTED;
    const again = await everything(stats(site.worker()));
    expect(again).toMatchObject(rest);
    expect(again.incr).toEqual([5, 10, 8]); // upon the 4 that were brought
    expect(worker.wal.pending).toBe(0);
  });

  it("tells that it goes on by itself, once, and what was brought back", async () => {
    const worker = site.worker();
    await degrade(worker);
    await stats(worker).incr("count");
    await stats(worker).get("count");
    await comeBack(worker);
    expect(site.names().map((name) => name.replace("resilient_storage.", ""))).toEqual([
      "degraded_mode_entered",
      "degraded_mode_fallback",
      "redis_mode_recovered",
      "recovered_entries_wal",
      "storage.divergence_report",
      "recovery_succeeded",
    ]);
    const [recovered] = site.telemetry.named("resilient_storage.recovered_entries_wal");
    expect(recovered?.payload).toEqual({ recovered_count: 1, refused_count: 0 });
    await degrade(worker);
    await stats(worker).get("count");
    expect(site.telemetry.named("resilient_storage.degraded_mode_fallback")).toHaveLength(2);
  });

  it("reads nothing while Redis is away but what it wrote since, and forgets that afterwards", async () => {
    const [worker, other] = [site.worker(), site.worker()];
    await stats(worker).set("text", "before");
    await degrade(worker);
    expect(await stats(worker).get("text")).toBeUndefined();
    await stats(worker).set("text", "mine");
    await comeBack(worker);
    await stats(other).set("text", "theirs");
    expect(await stats(worker).get("text")).toBe("theirs");
  });

  it("does not ask a Redis that is lost until it has recovered", async () => {
    const worker = site.worker();
    worker.redis.fate = meeting("dropped");
    await stats(worker).set("a", "1");
    expect(worker.storage.mode).toBe("degraded");
    const { length } = worker.redis.asked;
    await stats(worker).set("b", "2");
    await stats(worker).get("b");
    expect(worker.redis.asked).toHaveLength(length);
  });

  it("gives an operation up within a second where Redis says nothing, and all that wait with it", async () => {
    const worker = site.worker();
    worker.redis.fate = meeting("hanging", "hanging", "hanging");
    const began = site.clock.monotonic();
    const all = [stats(worker).set("a", "1"), stats(worker).incr("n"), stats(worker).get("a")];
    await turn();
    await site.clock.advance(400);
    expect(worker.storage.mode).toBe("normal");
    await site.clock.advance(400);
    expect(worker.storage.mode).toBe("degraded");
    await Promise.all(all);
    expect(site.clock.monotonic() - began).toBeLessThanOrEqual(1000);
    const [entered] = site.telemetry.named("resilient_storage.degraded_mode_entered");
    expect(entered?.payload["reason"]).toMatch(/did not answer within 800 ms/);
  });

  it("keeps times to live, whoever keeps the value", async () => {
    const worker = site.worker();
    await stats(worker).set("shared", "1", { ttl: 5000 });
    await degrade(worker);
    await stats(worker).set("local", "1", { ttl: 20_000 });
    await stats(worker).set("brief", "1", { ttl: 1000 });
    await stats(worker).setnx("brief-once", "1", { ttl: 1000 });
    expect(await stats(worker).get("brief")).toBe("1");
    await site.clock.advance(1000);
    expect(await stats(worker).get("brief")).toBeUndefined();
    expect(await stats(worker).scan("")).toEqual(["local"]);
    const end = site.clock.now() + 19_000;
    await comeBack(worker);
    expect(await stats(worker).get("brief")).toBeUndefined();
    expect(site.server.until("baldur:state:{stats}:local")).toBe(end);
    await site.clock.advance(20_000);
    expect(await stats(worker).get("local")).toBeUndefined();
    expect(await stats(worker).get("shared")).toBeUndefined();
  });

  it("rejects what the value does not allow, and is not lost by that", async () => {
    const worker = site.worker();
    const store = stats(worker);
    await store.set("text", "word");
    expect(await errorOf(store.incr("text"))).toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
    expect(await errorOf(store.hset("text", { a: "1" }))).toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
    expect(worker.storage.mode).toBe("normal");
    await degrade(worker);
    await store.set("text", "word");
    for (const failing of [store.incr("text"), store.hset("text", { a: "1" }), store.zrem("text", "a")])
      expect(await errorOf(failing)).toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
    expect(worker.wal.pending).toBe(1);
  });

  it("is not held up by what Redis refuses of its log: the rest is brought, and that is told", async () => {
    const [worker, other] = [site.worker(), site.worker()];
    await degrade(worker);
    await stats(worker).incr("a");
    await stats(worker).hset("b", { x: "1" });
    await stats(worker).incr("c");
    await stats(other).set("b", "a word");
    await comeBack(worker);
    expect([site.shared("stats", "a"), site.shared("stats", "b"), site.shared("stats", "c")]).toEqual([
      "1",
      "a word",
      "1",
    ]);
    const [recovered] = site.telemetry.named("resilient_storage.recovered_entries_wal");
    expect(recovered?.payload).toEqual({ recovered_count: 3, refused_count: 1 });
  });

  it("refuses arguments that break their rules", async () => {
    const store = stats(site.worker());
    const wrong = [
      () => store.incr("k", 1.5),
      () => store.incr("", 1),
      () => store.set("k", "v", { ttl: 0 }),
      () => store.hset("k", {}),
      () => store.zadd("k", { a: Number.NaN }),
      () => store.zrem("k", ...Array.from({ length: 1001 }, String)),
      () => store.setBlob("k", Buffer.alloc(12_000_001)),
    ];
    for (const call of wrong)
      expect(await errorOf(call())).toMatchObject({ code: "ERR_BALDUR_CONFIGURATION" });
    expect(() => site.worker().storage.feature("Stats")).toThrow(/feature/);
  });

  it("keeps blobs in memory up to a limit while Redis is away, those that were used last; all are in the log", async () => {
    const worker = site.worker({ settings: { degradedBlobMemoryMaxBytes: 300 } });
    const store = stats(worker);
    await degrade(worker);
    const blob = (n: number) => Buffer.alloc(75, n); // 100 characters of base64
    for (const n of [1, 2, 3]) await store.setBlob(`${n}`, blob(n));
    await store.getBlob("1");
    await store.setBlob("4", blob(4));
    const present = async () =>
      Promise.all(["1", "2", "3", "4"].map(async (key) => (await store.getBlob(key)) !== undefined));
    expect(await present()).toEqual([true, false, true, true]);
    const [full] = site.telemetry.named("resilient_storage.degraded_blob_memory_full");
    expect(full).toMatchObject({ level: "warning", payload: { evicted: 1 } });
    await store.set("text", "x".repeat(1000)); // is no blob
    expect(await present()).toEqual([true, false, true, true]);
    await comeBack(worker);
    expect(await present()).toEqual([true, true, true, true]);
  });

  it("goes on where its log has no disk, and rejects when the memory for that is full", async () => {
    const worker = site.worker({ wal: { folder: undefined, memoryBytes: 1000 } });
    await degrade(worker);
    const fill = async () => {
      for (;;) await stats(worker).incr("count");
    };
    expect(await errorOf(fill())).toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
    const acknowledged = worker.wal.pending;
    await comeBack(worker);
    expect(site.shared("stats", "count")).toBe(String(acknowledged));
  });
});

describe("an increment whose answer is lost", () => {
  it.each<[Fate, string]>([
    ["lost", "was carried out"],
    ["dropped", "was not carried out"],
    ["refused", "was not sent"],
  ])("(%s) because it %s is counted once", async (fate) => {
    const worker = site.worker();
    worker.redis.fate = meeting(fate);
    await stats(worker).incr("count", 7);
    await comeBack(worker);
    expect(site.shared("stats", "count")).toBe("7");
  });

  it("and arrives after it was made up for is counted once", async () => {
    const worker = site.worker();
    worker.redis.fate = meeting("late", "late", "late");
    await Promise.all([1, 10, 100].map((by) => stats(worker).incr("count", by)));
    await comeBack(worker);
    await stats(worker).incr("count", 1000);
    worker.redis.arrive();
    expect(site.shared("stats", "count")).toBe("1111");
  });

  it("is made up for by another process where its own dies", async () => {
    const mortal = site.mortal();
    mortal.redis.fate = meeting("lost", "dropped");
    await Promise.all([1, 10].map((by) => stats(mortal).incr("count", by)));
    const heir = site.worker();
    await site.passes(() => site.shared("stats", "count") === "11");
    expect(heir.storage.mode).toBe("normal");
  });

  it("costs Redis no memory once it is settled", async () => {
    const worker = site.worker();
    for (let n = 0; n < 100; n++) await stats(worker).incr("count");
    expect(site.server.do(["ZRANGE", "baldur:state:{stats}~sent:session-1", 0, -1])).toHaveLength(2);
  });
});

describe("processes that lost Redis together", () => {
  it("add what each has counted: nobody's increments are lost", async () => {
    const workers = [site.worker(), site.worker()] as const;
    await stats(workers[0]).incr("count", 50);
    await degrade(...workers);
    await stats(workers[0]).incr("count", 20);
    await stats(workers[1]).incr("count", 10);
    await comeBack(...workers);
    expect(site.shared("stats", "count")).toBe("80");
  });

  it("do not see each other's keys, and may both think that they set one first", async () => {
    const [one, other] = [site.worker(), site.worker()];
    await degrade(one, other);
    expect(await stats(one).setnx("lock", "one")).toBe(true);
    expect(await stats(other).setnx("lock", "other")).toBe(true);
    expect(await stats(one).get("lock")).toBe("one");
    await comeBack(one);
    await comeBack(other);
    expect(site.shared("stats", "lock")).toBe("one"); // what is there is kept
  });

  it("leave of a value, field or member what was brought last", async () => {
    const [one, other] = [site.worker(), site.worker()];
    await degrade(one, other);
    await stats(other).set("text", "other");
    await stats(one).set("text", "one");
    await stats(other).hset("hash", { shared: "other", other: "1" });
    await stats(one).hset("hash", { shared: "one", one: "1" });
    await stats(other).zadd("set", { member: 2 });
    await stats(one).zadd("set", { member: 1, first: 0 });
    await comeBack(one);
    await comeBack(other);
    expect(site.shared("stats", "text")).toBe("other");
    expect(await stats(one).hgetall("hash")).toEqual({ shared: "other", one: "1", other: "1" });
    expect(await stats(one).zrange("set", 0, -1)).toEqual(["first", "member"]);
  });

  it("overwrite what others wrote to Redis meanwhile: a stale value may win", async () => {
    const [one, other] = [site.worker(), site.worker()];
    await degrade(one);
    await stats(one).set("text", "stale");
    await stats(other).set("text", "fresh");
    await comeBack(one);
    expect(site.shared("stats", "text")).toBe("stale");
  });

  it("have a feature's own rule make one of two values, and report what differed", async () => {
    const [one, other] = [site.worker(), site.worker()];
    const longest = (local: string, shared: string) => (local.length >= shared.length ? local : shared);
    const rows = ({ storage }: Worker) => storage.feature("rows", { merge: longest });
    await degrade(one);
    await rows(one).set("a", "mine, and longer");
    await rows(one).set("b", "mine");
    await rows(one).set("c", "mine");
    await rows(one).set("d", "mine");
    await rows(one).delete("d");
    await rows(other).set("a", "theirs");
    await rows(other).set("b", "theirs");
    await comeBack(one);
    expect(["a", "b", "c", "d"].map((key) => site.shared("rows", key))).toEqual([
      "mine, and longer",
      "theirs",
      "mine",
      null,
    ]);
    const { at, total, counts, divergences } = one.storage.report()[0] as {
      at: number;
      total: number;
      counts: object;
      divergences: readonly Divergence[];
    };
    expect({ total, counts }).toEqual({ total: 2, counts: { rows: 2 } });
    expect(divergences).toEqual([
      {
        feature: "rows",
        key: "a",
        local: "mine, and longer",
        shared: "theirs",
        merged: "mine, and longer",
        at: expect.any(Number),
      },
      {
        feature: "rows",
        key: "b",
        local: "mine",
        shared: "theirs",
        merged: "theirs",
        at: expect.any(Number),
      },
    ]);
    expect(at).toBeGreaterThan(0);
    const [reported] = site.telemetry.named("storage.divergence_report");
    expect(reported?.payload).toEqual({ total, counts, first: divergences });
  });

  it("merge again where another changes the value meanwhile", async () => {
    const [one, other] = [site.worker(), site.worker()];
    const merge = (local: string, shared: string) => [...new Set([...shared.split(","), local])].join();
    const rows = ({ storage }: Worker) => storage.feature("rows", { merge });
    await degrade(one);
    await rows(one).set("a", "mine");
    await rows(other).set("a", "theirs");
    let changes = 0;
    one.redis.fate = (asked) => {
      if (asked === "storage.replace" && changes++ < 2)
        site.server.do(["SET", "baldur:state:{rows}:a", `theirs,${changes}`]);
      return "answered";
    };
    await comeBack(one);
    expect(site.shared("rows", "a")).toBe("theirs,2,mine");
  });
});

describe("a recovery", () => {
  it("asks everybody who has a state of their own, and reports what they found", async () => {
    const worker = site.worker();
    const divergence = { feature: "circuits", key: "pricing", local: 1, shared: 2, merged: 1, at: 3 };
    const modes: string[] = [];
    const participant = {
      name: "circuits",
      reconcile: async () => {
        modes.push(worker.storage.mode);
        return [divergence];
      },
    };
    const joined = worker.storage.addParticipant(participant);
    await degrade(worker);
    await comeBack(worker);
    expect(modes).toEqual(["recovering"]);
    expect(worker.storage.report()[0]).toMatchObject({
      total: 1,
      counts: { circuits: 1 },
      divergences: [divergence],
    });
    joined[Symbol.dispose]();
    await degrade(worker);
    await comeBack(worker);
    expect(modes).toHaveLength(1);
    expect(worker.storage.report().map(({ total }) => total)).toEqual([0, 1]);
  });

  it("fails where one of them does, with its name, and keeps what was found until it succeeds", async () => {
    const worker = site.worker();
    let tries = 0;
    const at = { feature: "f", key: "k", local: 1, shared: 2, merged: 1, at: 3 };
    worker.storage.addParticipant({ name: "first", reconcile: async () => (tries === 0 ? [at] : []) });
    worker.storage.addParticipant({
      name: "second",
      reconcile: async () => {
        if (tries++ === 0) throw new Error("not yet");
        return [];
      },
    });
    await degrade(worker);
    await comeBack(worker);
    const [failed] = site.telemetry.named("resilient_storage.recovery_failed");
    expect(failed?.payload["reason"]).toBe("second could not be reconciled: not yet");
    expect(worker.storage.report()).toEqual([expect.objectContaining({ total: 1 })]);
  });

  it("keeps the reports of the last ones", async () => {
    const worker = site.worker();
    for (let n = 0; n < 25; n++) {
      await degrade(worker);
      await comeBack(worker);
    }
    expect(worker.storage.report()).toHaveLength(20);
  });

  it("brings what is written while it goes on, and loses nothing at its end", async () => {
    const worker = site.worker();
    await degrade(worker);
    let acknowledged = 0;
    let isOver = false;
    const lanes = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        await stats(worker).incr("count");
        acknowledged++;
        await turn();
      }
    });
    await until(() => acknowledged > 50);
    await comeBack(worker);
    const then = acknowledged;
    await until(() => acknowledged > then + 50);
    isOver = true;
    await Promise.all(lanes);
    expect(site.shared("stats", "count")).toBe(String(acknowledged));
  });

  it("leaves the log to the next process where it does not come before the end", async () => {
    const mortal = site.mortal();
    await degrade(mortal);
    for (let n = 0; n < 10; n++) await stats(mortal).incr("count");
    await mortal.storage[Symbol.asyncDispose]();
    const next = site.worker();
    await site.passes(() => site.names().includes("wal.orphan_absorbed"));
    expect({ count: site.shared("stats", "count"), pending: next.wal.pending }).toEqual({
      count: "10",
      pending: 0,
    });
  });
});

describe("a process that dies while Redis is away", () => {
  it("holds nobody else's recovery up, however much it has left", async () => {
    const [mortal, worker] = [site.mortal(), site.worker()];
    await degrade(mortal, worker);
    for (let n = 0; n < 1200; n++) await stats(mortal).incr("count");
    await mortal.storage[Symbol.asyncDispose]();
    await stats(worker).incr("count");
    worker.redis.up();
    await site.passes(() => site.names().includes("wal.orphan_absorbed"));
    expect(site.shared("stats", "count")).toBe("1201");
    const order = site.names().filter((name) => /mode_recovered|orphan_absorbed|entries_wal/.test(name));
    expect(order.slice(0, 3).map((name) => name.split(".")[1])).toEqual([
      "redis_mode_recovered",
      "recovered_entries_wal",
      "orphan_absorbed",
    ]);
  });

  it("has its log taken up by one that lives, within a minute, and exactly once", async () => {
    const [one, other] = [site.worker(), site.worker()];
    await site.clock.advance(1000);
    const mortal = site.mortal();
    await degrade(mortal);
    for (let n = 0; n < 700; n++) await stats(mortal).incr("count");
    await site.clock.advance(62_000);
    await until(() => site.shared("stats", "count") === "700");
    await site.clock.advance(300_000);
    expect(site.shared("stats", "count")).toBe("700");
    expect([one.storage.mode, other.storage.mode]).toEqual(["normal", "normal"]);
  });
});
