import type { Baldur } from "@baldur/core";
import type { Plugin } from "@baldur/core/plugin";
import { createFakeClock } from "@baldur/testkit";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { Dlq, EntryFilter } from "../../src/api.js";
import { DLQStateConflictError } from "../../src/errors.js";
import { dlq, getDlq } from "../../src/plugin.js";
import {
  down,
  errorOf,
  HOUR,
  type QueueSetup,
  SILENT,
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

const store = ({ queue }: TestQueue, name: string, domain: string, failureType: string) =>
  queue.store({ name, domain, failureType });

describe("the list", () => {
  it("is the newest first, a page at a time, with how many there are", async () => {
    const q = await begin();
    const ids = await new Work(q).fail(...upTo(45));
    const pages: string[][] = [];
    let after: string | undefined;
    do {
      const page = await q.queue.list(after === undefined ? {} : { after });
      expect(page.total).toBe(45);
      pages.push(page.items.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);
    expect(pages.map((page) => page.length)).toEqual([20, 20, 5]);
    expect(pages.flat()).toEqual(ids.toReversed());
    expect((await q.queue.list({ limit: 45 })).items).toHaveLength(45);
  });

  it("counts what it is narrowed to", async () => {
    const q = await begin();
    for (const name of ["a", "b"]) for (const domain of ["d", "e"]) await store(q, name, domain, "F");
    const [first] = (await q.queue.list({ name: "a", domain: "d" })).items;
    await q.queue.resolve(first?.id as string, { actor: "ann" });
    const total = async (filter: EntryFilter) => (await q.queue.list(filter)).total;
    expect(await total({})).toBe(4);
    expect(await total({ name: "a" })).toBe(2);
    expect(await total({ status: "pending" })).toBe(3);
    expect(await total({ name: "a", status: "resolved" })).toBe(1);
    expect(await total({ name: "a", domain: "none" })).toBe(0);
  });

  it.each([0, -1, 1001, 1.5, Number.NaN, "5", null])(
    "of %p entries is refused as a mistake",
    async (limit) => {
      const q = await begin();
      const error = await errorOf(q.queue.list({ limit: limit as number }));
      expect(error.code).toBe("ERR_BALDUR_CONFIGURATION");
      expect(error.message).toMatch(/^limit must be an integer from 1 to 1000; received/);
    },
  );

  it.each(["", "é", "../x", "x".repeat(2000), "~", "0"])(
    "after what is no id is refused, or empty: %p",
    async (after) => {
      const q = await begin();
      await new Work(q).fail(1, 2);
      const page = await q.queue.list({ after }).catch((error: { code?: string }) => error);
      if ("items" in page) expect(page.items.length).toBeLessThanOrEqual(2);
      else expect(page.code).toBe("ERR_BALDUR_CONFIGURATION");
    },
  );

  it("serves what can be read when something cannot, and tells that", async () => {
    const q = await begin();
    const ids = await new Work(q).fail(...upTo(5));
    await q.map.put(`dlq/entry/${ids[2]}`, "damage");
    const first = await q.queue.list({ limit: 3 });
    expect(first.items.map(({ id }) => id)).toEqual([ids[4], ids[3], ids[1]]);
    expect((await q.queue.list({ limit: 3, after: first.next as string })).items.map(({ id }) => id)).toEqual(
      [ids[0]],
    );
    await turn();
    expect(q.telemetry.named("dlq.entry_quarantined")).toMatchObject([
      { level: "error", payload: { id: ids[2] } },
    ]);
    expect((await q.queue.list()).total).toBe(4);
    expect(await q.queue.get(ids[2] as string)).toBeUndefined();
  });
});

describe("facets", () => {
  it("are counts by every dimension, each narrowed by the others and without empty ones", async () => {
    const q = await begin();
    await store(q, "a", "d", "F");
    await store(q, "a", "d", "F");
    await store(q, "a", "e", "G");
    await store(q, "b", "d", "G");
    const [newest] = (await q.queue.list({ limit: 1 })).items;
    await q.queue.resolve(newest?.id as string, { actor: "ann" });
    expect(await q.queue.facets()).toEqual({
      byStatus: { pending: 3, resolved: 1 },
      byDomain: { d: 3, e: 1 },
      byName: { a: 3, b: 1 },
      byFailureType: { F: 2, G: 2 },
    });
    expect(await q.queue.facets({ status: "pending" })).toEqual({
      byStatus: { pending: 3, resolved: 1 },
      byDomain: { d: 2, e: 1 },
      byName: { a: 3 },
      byFailureType: { F: 2, G: 1 },
    });
    expect(await q.queue.facets({ domain: "d", name: "a" })).toEqual({
      byStatus: { pending: 2 },
      byDomain: { d: 2, e: 1 },
      byName: { a: 2, b: 1 },
      byFailureType: { F: 2 },
    });
    expect(await q.queue.facets({ domain: "none" })).toMatchObject({
      byStatus: {},
      byName: {},
      byDomain: { d: 3, e: 1 },
    });
  });

  it("know names that objects have", async () => {
    const q = await begin();
    for (const name of ["constructor", "__proto__", "失敗"]) await store(q, name, "d", name);
    const { byName, byFailureType } = await q.queue.facets();
    expect(Object.keys(byName).sort()).toEqual(["__proto__", "constructor", "失敗"]);
    expect(Object.values(byFailureType)).toEqual([1, 1, 1]);
    expect((await q.queue.list({ name: "__proto__" })).total).toBe(1);
  });
});

describe("the figures", () => {
  it("say how much there is and how old", async () => {
    const q = await begin();
    expect(await q.queue.stats()).toEqual({
      total: 0,
      open: 0,
      byStatus: {},
      outbox: { size: 0, dropped: 0 },
      arming: { armed: false, missingLink: "disabled", missingLinks: ["disabled"] },
    });
    const work = new Work(q);
    const oldest = new Date(q.clock.now());
    const [first] = (await work.fail(1)) as [string];
    await q.clock.advance(HOUR);
    await work.fail(2, 3);
    expect(await q.queue.stats()).toMatchObject({ total: 3, open: 3, oldestOpenAt: oldest });
    await q.queue.resolve(first, { actor: "ann" });
    expect(await q.queue.stats()).toMatchObject({
      total: 3,
      open: 2,
      byStatus: { pending: 2, resolved: 1 },
      oldestOpenAt: new Date(oldest.getTime() + HOUR),
    });
  });

  it("are gauges, as they were when the store was last read", async () => {
    const q = await begin({ automatic: true, env: { DLQ_MAX_SIZE: "1000", DLQ_RETRY_DELAY: "86400" } });
    await q.clock.advance(2000);
    await store(q, "a", "d", "F");
    await store(q, "a", "e", "F");
    const [newest] = (await q.queue.list({ limit: 1 })).items;
    await q.queue.resolve(newest?.id as string, { actor: "ann" });
    await q.clock.advance(5000);
    expect(
      q.telemetry.series("baldur_dlq_pending_count").map(({ labels, value }) => [labels, value]),
    ).toEqual([
      [{ domain: "d" }, 1],
      [{ domain: "e" }, 0], // known to be none, and not unknown
    ]);
    expect(q.telemetry.value("baldur_dlq_items_by_status", { status: "resolved" })).toBe(1);
    expect(q.telemetry.value("baldur_dlq_size_ratio")).toBe(0.001);
    expect(q.telemetry.value("baldur_dlq_outbox_current_size")).toBe(0);
  });
});

describe("an operator", () => {
  it("resolves what waits or is to be looked at, and it says who, when and why", async () => {
    const q = await begin();
    const [id] = (await new Work(q).fail(1)) as [string];
    expect(await q.queue.resolve(id, { actor: "ann", note: "done by hand" })).toMatchObject({
      id,
      status: "resolved",
      resolvedById: "ann",
      resolvedAt: new Date(q.clock.now()),
      resolutionType: "manual",
      resolutionNote: "done by hand",
    });
    expect(q.audits).toMatchObject([
      { action: "dlq_resolve", actorId: "ann", targetId: id, details: { note: "done by hand" } },
    ]);
    expect(q.telemetry.named("dlq.entry_operated")).toMatchObject([
      { payload: { id, action: "resolve", actor: "ann" } },
    ]);
    expect(await errorOf(q.queue.resolve(id, { actor: "ann" }))).toBeInstanceOf(DLQStateConflictError);
    expect(q.audits).toHaveLength(1);
  });

  it("rejects what is not to be done, and it says who, when and why", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    expect(await q.queue.reject(id, { actor: "ann", note: "a test order" })).toMatchObject({
      id,
      status: "rejected",
      resolvedById: "ann",
      resolvedAt: new Date(q.clock.now()),
      resolutionType: "rejected",
      resolutionNote: "a test order",
    });
    expect(q.audits).toMatchObject([
      { action: "dlq_reject", actorId: "ann", targetId: id, details: { note: "a test order" } },
    ]);
    expect(q.telemetry.named("dlq.entry_operated")).toMatchObject([
      { payload: { id, action: "reject", actor: "ann", reason: "a test order" } },
    ]);
    work.recover();
    expect(await q.during(q.queue.replayBatch({}))).toMatchObject({ total: 0 });
    expect(await errorOf(q.queue.reject(id, { actor: "ann" }))).toBeInstanceOf(DLQStateConflictError);
    expect((await q.queue.stats()).open).toBe(0);
  });

  it("has a name", async () => {
    const q = await begin();
    for (const actor of ["", undefined, 5, null]) {
      const error = await errorOf(q.queue.resolve("x", { actor: actor as string }));
      expect(error.message).toMatch(/^actor must be a string of 1 to 256 characters; received/);
    }
  });
});

describe("archiving", () => {
  it("takes what was resolved long enough ago, and nothing else", async () => {
    const q = await begin({ env: { DLQ_EXPIRY_HOURS: "720" } });
    const ids = await new Work(q).fail(...upTo(4));
    await q.queue.resolve(ids[0] as string, { actor: "ann" });
    await q.clock.advance(HOUR);
    await q.queue.resolve(ids[1] as string, { actor: "ann" });
    expect(await q.queue.archive({ olderThan: 2 * HOUR })).toBe(0);
    expect(await q.queue.archive({ olderThan: HOUR })).toBe(1);
    expect(await q.queue.archive({ olderThan: 0 })).toBe(1);
    expect(await q.queue.archive({ olderThan: 0 })).toBe(0);
    expect(await Promise.all(ids.map((id) => statusOf(q, id)))).toEqual([
      "archived",
      "archived",
      "pending",
      "pending",
    ]);
    expect(q.telemetry.named("dlq.entries_archived").map(({ payload }) => payload)).toEqual([
      { entries: 1 },
      { entries: 1 },
    ]);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, "1", undefined])(
    "of an age of %p is refused as a mistake",
    async (olderThan) => {
      const q = await begin();
      const error = await errorOf(q.queue.archive({ olderThan: olderThan as number }));
      expect(error.message).toMatch(
        /^olderThan must be a finite number of milliseconds of at least 0; received/,
      );
    },
  );
});

describe("purging", () => {
  async function archived(count: number): Promise<{ q: TestQueue; ids: string[] }> {
    const q = await begin();
    const ids = await new Work(q).fail(...upTo(count));
    for (const id of ids.slice(1)) await q.queue.resolve(id, { actor: "ann" });
    await q.queue.archive({ olderThan: 0 });
    return { q, ids };
  }

  it("removes the archived ones that are named, for good, and only those", async () => {
    const { q, ids } = await archived(4);
    const named = [ids[0], ids[1], "none", "é", "../totals", "x".repeat(999)] as string[];
    expect(await q.queue.purge({ ids: named })).toBe(1);
    expect(await q.queue.purge({ ids: named })).toBe(0);
    expect(await q.queue.purge({ ids: [] })).toBe(0);
    expect(await statusOf(q, ids[0] as string)).toBe("pending");
    expect(await q.queue.get(ids[1] as string)).toBeUndefined();
    expect((await q.queue.list()).total).toBe(3);
    expect(q.telemetry.named("dlq.entries_purged").map(({ payload }) => payload)).toEqual([{ entries: 1 }]);
  });

  it("by age needs to be confirmed, and 0 is every archived one", async () => {
    const { q, ids } = await archived(4);
    const purge = (options: unknown) => q.queue.purge(options as Parameters<Dlq["purge"]>[0]);
    expect((await errorOf(purge({ olderThan: 0 }))).message).toContain("confirm");
    expect((await errorOf(purge({ olderThan: 0, confirm: "yes" }))).message).toContain("confirm");
    expect((await errorOf(purge({ olderThan: -1, confirm: true }))).message).toMatch(/^olderThan must be/);
    expect((await errorOf(purge({ ids: ["x"], olderThan: 0, confirm: true }))).message).toContain("not both");
    expect((await errorOf(purge({ ids: "abc" }))).message).toMatch(/^ids must be an array; received/);
    expect(await purge({})).toBe(0);
    expect(await purge({ olderThan: HOUR, confirm: true })).toBe(0);
    await q.clock.advance(HOUR);
    expect(await purge({ olderThan: HOUR, confirm: true })).toBe(3);
    expect((await q.queue.list()).items.map(({ id }) => id)).toEqual([ids[0]]);
  });
});

describe("an inert queue", () => {
  it("is none: without a licence the call fails as before, and nothing is kept", async () => {
    const { createBaldur, AdapterNotFoundError } = await import("@baldur/core");
    const settings = { control: { backend: "memory" as const } };
    const clock = createFakeClock();
    const baldur = createBaldur({
      clock,
      env: {},
      discover: false,
      logger: SILENT,
      settings,
      plugins: [dlq()],
    });
    await baldur.start();
    expect(() => getDlq(baldur)).toThrow(AdapterNotFoundError);
    expect(baldur.posture().plugins).toMatchObject([{ name: "@baldur/pro-dlq", status: "inert" }]);
    const [{ reason } = {}] = baldur.posture().plugins;
    expect(() => getDlq(baldur)).toThrow(`no plugin named @baldur/pro-dlq: it is inert: ${reason}`);
    expect(reason).toContain("no licence is set");
    const { captured, error } = await baldur.protectWithMeta("x", down, { dlq: true });
    expect(captured).toBeUndefined();
    expect(error).toMatchObject({ message: "down" });
    await baldur.close();
  });

  it("is a queue with the development licence", async () => {
    const q = await begin({ licensed: true });
    expect(q.baldur.posture()).toMatchObject({ tier: "pro" });
    const work = new Work(q);
    const ids = await work.fail(1);
    expect(await statusOf(q, ids[0] as string)).toBe("pending");
  });
});

describe("the queue of a runtime", () => {
  /** A runtime of the plugins that are given. */
  async function runtime(plugins: readonly Plugin[]): Promise<Baldur> {
    const { createBaldur } = await import("@baldur/core");
    const settings = { control: { backend: "memory" as const } };
    const env = { BALDUR_LICENSE_KEY: "not a licence" };
    return createBaldur({
      clock: createFakeClock(),
      env,
      discover: false,
      logger: SILENT,
      settings,
      plugins,
    });
  }
  const reasonOf = (baldur: Baldur): string => {
    try {
      getDlq(baldur);
    } catch (error) {
      return (error as Error).message.replace("no plugin named @baldur/pro-dlq: ", "");
    }
    return "there is one";
  };

  it("is missing for a reason of its own each time, which is told", async () => {
    const { entitlement: _, ...entitled } = dlq();
    const q = await begin();
    expect(reasonOf(q.baldur)).toBe("there is one");
    await q.close();
    expect(reasonOf(q.baldur)).toBe("the runtime is closed");

    const bare = await runtime([]);
    expect(reasonOf(bare)).toBe("the runtime has not started; await init(), or its start(), first");
    await bare.start();
    expect(reasonOf(bare)).toBe(
      "the runtime has no such plugin; install it, or name dlq() among its plugins",
    );
    await bare.close();

    const inert = await runtime([dlq()]);
    expect(reasonOf(inert)).toContain("the runtime has not started");
    await inert.start();
    expect(reasonOf(inert)).toBe(`it is inert: ${inert.posture().plugins[0]?.reason}`);
    await inert.close();

    const start = async (): Promise<void> => {
      throw new Error("no disk");
    };
    const failed = await runtime([{ ...entitled, start }]);
    await failed.start();
    expect(reasonOf(failed)).toBe("it failed: no disk");
    await failed.close();
  });
});

describe("the options", () => {
  it.each<[string, unknown]>([
    ["options", null],
    ["options", "text"],
    ["lease", { lease: 0 }],
    ["lease", { lease: Number.POSITIVE_INFINITY }],
    ["replay", { replay: null }],
    ["replay.rate", { replay: { rate: 0 } }],
    ["replay.rate", { replay: { rate: "9" } }],
    ["replay.rampUp", { replay: { rampUp: -1 } }],
    ["replay.concurrency", { replay: { concurrency: 1.5 } }],
    ["replay.maxRetries", { replay: { maxRetries: 0 } }],
    ["automatic", { automatic: "yes" }],
    ["encryptionKey", { encryptionKey: "" }],
    ["encryptionKey", { encryptionKey: 5 }],
    ["leese", { leese: 1 }],
    ["replay.rat", { replay: { rat: 1 } }],
    ["constructor", JSON.parse('{"constructor":1}')],
  ])("that break their rules are refused where they are written: %s", async (option, options) => {
    expect(() => dlq(options as never)).toThrow(
      expect.objectContaining({
        code: "ERR_BALDUR_CONFIGURATION",
        message: expect.stringMatching(new RegExp(`^${option.replace(".", "\\.")} must be .*; received`)),
      }),
    );
  });

  it("are accepted when they are absent", async () => {
    for (const options of [
      undefined,
      {},
      { replay: {} },
      { lease: undefined, encryptionKey: undefined } as never,
    ])
      expect(dlq(options).name).toBe("@baldur/pro-dlq");
  });
});

describe("a filter with a mistake in it", () => {
  it.each<[object, RegExp]>([
    [{ status: "nope" }, /filter\.status must be one of pending, .*received "nope"/],
    [{ name: 5 }, /filter\.name must be a non-empty string; received 5/],
    [
      { createdAfter: "x" },
      /filter must be made of status, domain, name, failureType; received "createdAfter"/,
    ],
  ])("is refused, for an empty page would read as nothing dead: %p", async (filter, words) => {
    const q = await begin();
    await expect(q.queue.list(filter as never)).rejects.toThrow(words);
    await expect(q.queue.facets(filter as never)).rejects.toThrow(words);
  });

  it.each([
    ["list", [null], /^filter must be an object; received null$/],
    ["list", [[]], /^filter must be an object; received an array$/],
    ["list", [{ after: "x" }], /^after must be the `next` of an earlier page; received "x"$/],
    ["list", [{ after: 5 }], /^after must be .*; received 5$/],
    ["facets", [null], /^filter must be an object; received null$/],
    ["get", [], /^id must be a string; received undefined$/],
    ["get", [{ id: "x" }], /^id must be a string; received an object$/],
    ["summaries", [null], /^limit must be a positive integer; received null$/],
    ["summaries", [0], /^limit must be a positive integer; received 0$/],
    ["summaries", ["5"], /^limit must be a positive integer; received "5"$/],
    ["replay", [5], /^id must be a string; received 5$/],
    ["replay", ["x", null], /^options must be an object; received null$/],
    ["replay", ["x", { actor: 5 }], /^actor must be a string of 1 to 256 characters; received 5$/],
    ["replay", ["x", { reason: 5 }], /^reason must be a string of up to 500 characters; received 5$/],
    ["replay", ["x", { by: "ann" }], /^by must be an option \(actor, reason\); received "by"$/],
    ["replayBatch", [], /^filter must be an object; received undefined$/],
    ["replayBatch", [{ domian: "x" }], /^domian must be an option \(domain, name, .*\); received "domian"$/],
    ["replayBatch", [{ name: "a\nb" }], /^name must be .* without control characters; received "a\\nb"$/],
    ["replayBatch", [{ name: null }], /^name must be .* without control characters; received null$/],
    ["replayBatch", [{ domain: "" }], /^domain must be a string of 1 to 256 characters; received ""$/],
    ["replayBatch", [{ maxItems: 0 }], /^maxItems must be a positive integer; received 0$/],
    ["replayBatch", [{ adaptive: "no" }], /^adaptive must be a boolean; received "no"$/],
    ["replayBatch", [{ priority: 1 }], /^priority must be a boolean; received 1$/],
    ["replayBatch", [{}, { actor: "" }], /^actor must be a string of 1 to 256 characters; received ""$/],
    ["sweep", [], /^name must be .*; received undefined$/],
    ["sweep", ["a\u0000"], /^name must be .* without control characters; received "a\\u0000"$/],
    ["sweep", ["x", null], /^options must be an object; received null$/],
    ["sweep", ["x", { maxItems: Number.NaN }], /^maxItems must be a positive integer; received NaN$/],
    ["sweep", ["x", { escalate: "no" }], /^escalate must be a boolean; received "no"$/],
    ["resolve", ["x"], /^options must be an object; received undefined$/],
    ["resolve", [undefined, { actor: "ann" }], /^id must be a string; received undefined$/],
    ["resolve", ["x", { actor: "ann", note: 5 }], /^note must be a string; received 5$/],
    ["reject", ["x"], /^options must be an object; received undefined$/],
    ["reject", ["x", {}], /^actor must be a string of 1 to 256 characters; received undefined$/],
    ["forceRedrive", ["x"], /^options must be an object; received undefined$/],
    ["forceRedrive", [5, { actor: "ann", reason: "r" }], /^id must be a string; received 5$/],
    ["forceRedrive", ["x", { actor: "ann" }], /^reason must be .*, not blank; received undefined$/],
    [
      "forceRedrive",
      ["x", { actor: "ann", reason: "r", overrideKillSwitch: "no" }],
      /^overrideKillSwitch must be a boolean; received "no"$/,
    ],
    ["archive", [], /^options must be an object; received undefined$/],
    ["archive", [Number.POSITIVE_INFINITY], /^options must be an object; received Infinity$/],
    ["purge", [], /^options must be an object; received undefined$/],
    ["purge", [{ ids: ["x", 5] }], /^ids\[1\] must be a string; received 5$/],
    [
      "purge",
      [{ olderThan: Number.POSITIVE_INFINITY, confirm: true }],
      /^olderThan must be .*; received Infinity$/,
    ],
    [
      "purge",
      [{ olderThen: 0, confirm: true }],
      /^olderThen must be an option \(.*\); received "olderThen"$/,
    ],
  ] as const)("is refused like any other in a request: %s(%j)", async (method, given, words) => {
    const q = await begin();
    const call = q.queue[method] as (...args: unknown[]) => Promise<unknown>;
    const error = await errorOf(call.apply(q.queue, [...given]));
    expect(error).toMatchObject({
      code: "ERR_BALDUR_CONFIGURATION",
      message: expect.stringMatching(words),
    });
  });

  it("is refused for a runtime that is none", () => {
    expect(() => getDlq({} as never)).toThrow(/baldur must be a runtime/);
  });
});
