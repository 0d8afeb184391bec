import { IdempotencyDuplicateError } from "@baldur/core";
import type { FailedOperation } from "@baldur/core/plugin";
import { afterEach, describe, expect, it } from "@jest/globals";
import {
  down,
  errorOf,
  MINUTE,
  type QueueSetup,
  started,
  statusOf,
  type TestQueue,
  turn,
  Work,
} from "../queue/runtime.js";

let test: TestQueue | undefined;
async function begin(setup: QueueSetup = {}): Promise<TestQueue> {
  test = await started(setup);
  return test;
}
afterEach(async () => {
  await test?.[Symbol.asyncDispose]();
  test = undefined;
});

const all = async ({ queue }: TestQueue): Promise<FailedOperation[]> =>
  (await queue.list({ limit: 1000 })).items;
const latest = async (queue: TestQueue): Promise<FailedOperation> => {
  const [operation] = await all(queue);
  if (operation === undefined) throw new Error("nothing was captured");
  return operation;
};
/** Everything that the store has, as text. */
const stored = ({ map }: TestQueue): string =>
  map
    .keys("dlq/")
    .map((key) => map.get(key))
    .join("\n");

describe("a failed call", () => {
  it("#43.1 makes exactly one entry, whatever stages it went through", async () => {
    const q = await begin();
    const retry = { maxAttempts: 3, baseDelay: 10, jitter: 0 };
    const stages = [
      {},
      { circuitBreaker: false },
      { retry },
      { timeout: 5000 },
      { timeout: null },
      { retry, timeout: 5000 },
      { idempotencyKey: () => "k1" },
      { retry, timeout: 5000, idempotencyKey: () => "k2", bulkhead: "b" },
      { fallback: down },
      { retry, fallback: down },
    ] as const;
    for (const [index, options] of stages.entries()) {
      const call = errorOf(q.baldur.protect(`n${index}`, down, { ...options, dlq: true }));
      expect((await q.during(call, 5000)).message).toBe("down");
      await turn();
      expect(await all(q)).toHaveLength(index + 1);
    }
    const work = new Work(q, "wrapped");
    await errorOf(work.call(1));
    await turn();
    expect(await all(q)).toHaveLength(stages.length + 1);
    expect(work.runs).toHaveLength(1);
  });

  it("is kept with all that is known of it", async () => {
    const q = await begin();
    const context = {
      orderId: "o-1",
      paymentId: 7,
      tenantId: "t",
      tierId: 2,
      region: "eu",
      userId: "u-1",
      entityType: "order",
      entityId: 55,
      traceId: "trace-1",
      note: "n",
    };
    const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    let attempt = 0;
    const fail = () => {
      throw Object.assign(new Error(`no answer ${++attempt}`, { cause }), { code: "E_DOWN" });
    };
    const call = errorOf(
      q.baldur.protect("orders", fail, {
        dlq: { domain: "shop", failureType: () => "NO_ANSWER", maxRetries: 5 },
        retry: { maxAttempts: 2, baseDelay: 100, jitter: 0 },
        context,
      }),
    );
    expect((await q.during(call, MINUTE)).message).toBe("no answer 2");
    await turn();
    const entry = await latest(q);
    expect(entry).toMatchObject({
      name: "orders",
      domain: "shop",
      failureType: "NO_ANSWER",
      status: "pending",
      entityType: "order",
      entityId: 55,
      userId: "u-1",
      entityRefs: { orderId: "o-1", paymentId: 7, tenantId: "t", tierId: 2, region: "eu" },
      snapshotData: { note: "n", orderId: "o-1" },
      errorCode: "E_DOWN",
      errorMessage: "no answer 2",
      retryCount: 0,
      maxRetries: 5,
      requestData: {},
      metadata: {
        outcome: "failure",
        origin_trace_id: "trace-1",
        causes: [{ code: "ECONNREFUSED", message: "refused" }],
        stack: expect.stringContaining("no answer 2"),
      },
    });
    expect(entry.attempts).toMatchObject([
      { number: 1, delayBeforeNext: 100, error: { message: "no answer 1" } },
      { number: 2, error: { message: "no answer 2" } },
    ]);
    expect(entry.attempts[0]?.startedAt).toBeInstanceOf(Date);
    expect(entry.expiresAt?.getTime()).toBe(entry.createdAt.getTime() + 72 * 60 * MINUTE);
    expect(q.telemetry.value("baldur_dlq_created_total", { domain: "shop" })).toBe(1);
    expect(q.telemetry.value("baldur_dlq_items_total", { domain: "shop", failure_type: "NO_ANSWER" })).toBe(
      1,
    );
    expect(q.telemetry.named("dlq.entry_created")).toHaveLength(1);
  });

  it("is not kept where a fallback answered, unless that is asked for", async () => {
    const q = await begin();
    const fallback = () => "f";
    expect(await q.baldur.protect("x", down, { dlq: true, fallback })).toBe("f");
    expect(await q.baldur.protect("x", down, { dlq: { onFallback: "skip" }, fallback })).toBe("f");
    await turn();
    expect(await all(q)).toEqual([]);
    expect(await q.baldur.protect("x", down, { dlq: { onFallback: "capture" }, fallback })).toBe("f");
    await turn();
    expect(await all(q)).toMatchObject([{ errorMessage: "down", metadata: { outcome: "fallback" } }]);
  });

  it("is kept when it was late, refused by an open circuit, or never tried", async () => {
    const q = await begin();
    const hang = () => new Promise(() => undefined);
    const late = errorOf(q.baldur.protect("late", hang, { dlq: true, timeout: 100 }));
    await q.during(late, 1000);
    const circuitBreaker = { failureThreshold: 1, minimumCalls: 1 };
    await errorOf(q.baldur.protect("open", down, { dlq: true, circuitBreaker }));
    await errorOf(q.baldur.protect("open", down, { dlq: true, circuitBreaker }));
    await turn();
    expect((await all(q)).map(({ metadata }) => metadata["outcome"])).toEqual([
      "rejected",
      "failure",
      "timeout",
    ]);
  });

  it("is not kept when it is a duplicate, was aborted, or cannot be told from a duplicate", async () => {
    const q = await begin();
    const key = { dlq: true, idempotencyKey: () => "k" };
    await q.baldur.protect("x", async () => "done", key);
    expect(await errorOf(q.baldur.protect("x", down, key))).toBeInstanceOf(IdempotencyDuplicateError);
    await errorOf(q.baldur.protect("x", down, { dlq: true, signal: AbortSignal.abort() }));
    const controller = new AbortController();
    const aborted = errorOf(
      q.baldur.protect("x", () => new Promise(() => undefined), { dlq: true, signal: controller.signal }),
    );
    controller.abort();
    await aborted;
    q.map.broken = "all";
    const unavailable = await errorOf(
      q.baldur.protect("x", down, { dlq: true, idempotencyKey: () => "other" }),
    );
    expect(unavailable.code).toBe("ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE");
    q.map.broken = "none";
    await turn();
    expect(await all(q)).toEqual([]);
  });

  it("is not kept while Baldur is switched off, nor in a dry run, nor by a queue that is disabled", async () => {
    const q = await begin();
    const work = new Work(q);
    await q.baldur.control.disable({ actor: "ann", reason: "test" });
    await errorOf(work.call(1));
    expect(await q.queue.store({ name: "x", failureType: "F" })).toEqual({
      captured: false,
      reason: "kill_switch",
    });
    await q.baldur.control.enable({ actor: "ann" });
    await q.baldur.control.enableDryRun({ actor: "ann" });
    await errorOf(work.call(1));
    expect(await q.queue.store({ name: "x", failureType: "F" })).toEqual({
      captured: false,
      reason: "dry_run",
    });
    await turn();
    expect(await all(q)).toEqual([]);
    await q[Symbol.asyncDispose]();
    const off = await begin({ env: { DLQ_ENABLED: "false" } });
    const { captured } = await off.baldur.protectWithMeta("x", down, { dlq: true });
    expect(captured).toBeUndefined();
    expect(await off.queue.store({ name: "x", failureType: "F" })).toEqual({
      captured: false,
      reason: "disabled",
    });
    await turn();
    expect(await all(off)).toEqual([]);
    expect((await off.queue.arming()).missingLinks).toContain("disabled");
  });

  it("is durable when `settled` resolves, and has its id before", async () => {
    const q = await begin();
    const { captured } = await q.baldur.protectWithMeta("x", down, { dlq: true });
    const id = captured?.id as string;
    expect(id).toEqual(expect.any(String));
    expect(await captured?.settled).toEqual({ captured: true, id, where: "store" });
    expect(q.map.get(`dlq/entry/${id}`)).toBeDefined();
  });

  it("costs its caller no write: entries of a moment are written together", async () => {
    const q = await begin();
    q.map.writes = 0;
    const work = new Work(q);
    await Promise.all(Array.from({ length: 100 }, (_, n) => errorOf(work.call(n))));
    await turn();
    expect(await all(q)).toHaveLength(100);
    expect(q.map.writes).toBeLessThanOrEqual(3);
    expect(q.telemetry.named("dlq.entry_created").map(({ payload }) => payload["count"])).toEqual([100]);
  });

  it("is of a domain that is a business label; what is none is replaced and counted once", async () => {
    const q = await begin();
    const store = (domain?: string) =>
      q.queue.store({ name: "charge-card", failureType: "F", ...(domain !== undefined && { domain }) });
    for (const domain of [
      "shop",
      " Shop ",
      "payment-api",
      "payment-api",
      "失敗",
      "",
      "default",
      "x".repeat(99),
      undefined,
    ])
      await store(domain);
    expect((await all(q)).map(({ domain }) => domain).reverse()).toEqual([
      "shop",
      "shop",
      "payment_api",
      "payment_api",
      "default",
      "default",
      "default",
      "default",
      "charge_card",
    ]);
    expect(q.telemetry.value("baldur_dlq_domain_input_rejected_total", { site: "store" })).toBe(5);
  });

  it("is of the failure type that the caller's function makes, whatever that is", async () => {
    const q = await begin();
    const types: ((error: unknown) => string)[] = [
      () => "x".repeat(10_000),
      () => "",
      () => 5 as never,
      () => {
        throw new Error("no type");
      },
    ];
    for (const failureType of types) await errorOf(q.baldur.protect("x", down, { dlq: { failureType } }));
    await turn();
    expect((await all(q)).map(({ failureType }) => failureType).reverse()).toEqual([
      "x".repeat(256),
      "UNKNOWN",
      "5",
      "ERROR",
    ]);
  });

  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["a word", "down"],
    ["a symbol", Symbol("s")],
    ["a BigInt", 5n],
    [
      "an error whose getters throw",
      Object.defineProperty(new Error("x"), "message", {
        get: () => {
          throw new Error("no");
        },
      }),
    ],
    [
      "a proxy that throws",
      new Proxy(
        {},
        {
          get: () => {
            throw new Error("trap");
          },
        },
      ),
    ],
    [
      "an error that is its own cause",
      (() => {
        const e = new Error("x") as Error & { cause?: unknown };
        e.cause = e;
        return e;
      })(),
    ],
  ])("is kept when what was thrown is %s", async (_, thrown) => {
    const q = await begin();
    const { captured, error } = await q.baldur.protectWithMeta("x", () => Promise.reject(thrown), {
      dlq: true,
    });
    expect(error).toBe(thrown);
    expect(await captured?.settled).toMatchObject({ captured: true, where: "store" });
    expect(() => JSON.stringify(q.baldur)).not.toThrow();
    expect(await all(q)).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ["an object", { a: 1 }],
    ["an object without a text", Object.create(null)],
    ["a symbol", Symbol("s")],
    ["a BigInt", 5n],
  ])("is kept whatever its context holds: %s", async (_, odd) => {
    const q = await begin();
    const cyclic: Record<string, unknown> = {
      userId: odd,
      entityId: Number.NaN,
      entityType: odd,
      traceId: odd,
      region: odd,
    };
    cyclic["self"] = cyclic;
    Object.defineProperty(cyclic, "bad", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    const { captured } = await q.baldur.protectWithMeta("x", down, { dlq: true, context: cyclic });
    expect(await captured?.settled).toMatchObject({ captured: true, where: "store" });
    expect(JSON.stringify(await latest(q))).toEqual(expect.any(String));
    expect(q.telemetry.named("dlq.capture_failed")).toEqual([]);
  });
});

describe("captured arguments", () => {
  it("come back to the handler as they were, whatever they are", async () => {
    const q = await begin();
    const work = new Work(q);
    const nested = { at: new Date(5), big: 2n ** 80n, map: new Map([["k", new Set([1, undefined])]]) };
    const withHole = [1, 2, 3];
    delete withHole[1];
    const args = [
      nested,
      Number.POSITIVE_INFINITY,
      Number.NaN,
      -0,
      undefined,
      withHole,
      new Uint8Array([1, 2]),
      /x/gi,
    ];
    await errorOf(work.call(...args));
    await turn();
    const { id } = await latest(q);
    work.recover();
    expect(await q.during(q.queue.replay(id))).toMatchObject({ success: true, skipped: false });
    expect(work.runs).toEqual([args]);
    expect(Object.is(work.runs[0]?.[3], -0)).toBe(true);
    expect(Object.keys((work.runs[0]?.[5] ?? [1, 2, 3]) as object)).toEqual(["0", "2"]);
  });

  it("that JSON cannot hold are shown safely and refused automatic replay", async () => {
    const q = await begin();
    const work = new Work(q);
    const cyclic: Record<string, unknown> = { ok: 1 };
    cyclic["self"] = cyclic;
    const throwing = Object.defineProperty({ ok: 2 }, "bad", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    const ids = await work.fail(cyclic, throwing, () => 1, Symbol("s"));
    expect(() => JSON.stringify(q.telemetry.events)).not.toThrow();
    work.recover();
    for (const id of ids) {
      expect(JSON.stringify(await q.queue.get(id))).toEqual(expect.any(String));
      expect(await q.queue.replay(id)).toMatchObject({
        skipped: true,
        data: { skip_reason: "request_data_altered" },
      });
      expect(await statusOf(q, id)).toBe("pending");
    }
    expect(work.runs).toEqual([]);
  });

  it("are not kept where they are not to be, and then wait for an operator or a handler", async () => {
    const q = await begin();
    const work = new Work(q, "none", { dlq: { capture: "none" } });
    const [id] = (await work.fail("secret-argument")) as [string];
    expect(stored(q)).not.toContain("secret-argument");
    work.recover();
    expect(await q.queue.replay(id)).toMatchObject({ data: { skip_reason: "request_data_missing" } });
    q.baldur.onReplay("none", () => "from elsewhere");
    expect(await q.queue.replay(id)).toMatchObject({ success: true, skipped: false });
  });

  it("go through the codec of the function, both ways", async () => {
    const q = await begin();
    const args = {
      encode: ([at]: unknown[]) => [(at as Date).getTime()],
      decode: ([at]: readonly unknown[]) => [new Date(at as number)],
    };
    const work = new Work(q, "coded", { args });
    const [id] = (await work.fail(new Date(77))) as [string];
    expect((await q.queue.get(id))?.requestData).toEqual({ args: [77] });
    work.recover();
    await q.queue.replay(id);
    expect(work.runs).toEqual([[new Date(77)]]);
  });
});

describe("secrets", () => {
  const SECRET = "hunter2-".repeat(4);
  const fields = {
    password: SECRET,
    nested: { api_key: SECRET },
    list: [{ AuthToken: SECRET }],
    card: "visible",
  };

  it("are masked in every field before anything is cut", async () => {
    const q = await begin({ env: { DLQ_REQUEST_DATA_MAX_BYTES: "256", DLQ_FIELD_MAX_BYTES: "256" } });
    const long = { ...fields, padding: "p".repeat(2000) };
    await errorOf(q.baldur.protect("ctx", down, { dlq: true, context: long as never }));
    const work = new Work(q);
    await work.fail(long);
    const content = {
      requestData: long,
      snapshotData: long,
      responseData: long,
      metadata: long,
      entityRefs: long,
    };
    await q.queue.store({ name: "own", failureType: "F", ...content });
    const entries = await all(q);
    expect(entries).toHaveLength(3);
    expect(stored(q)).not.toContain(SECRET.slice(0, 8));
    expect(JSON.stringify(q.telemetry.events)).not.toContain(SECRET.slice(0, 8));
    expect(entries[0]?.requestData).toMatchObject({ _truncated: true });
    expect(q.telemetry.named("dlq.field_truncated").length).toBeGreaterThanOrEqual(6);
  });

  it("keep an entry from automatic replay when they are masked, and a handler of its own may take it", async () => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail({ password: SECRET, order: 1 })) as [string];
    expect(stored(q)).not.toContain(SECRET);
    expect(q.telemetry.named("dlq.field_masked")).toMatchObject([
      { payload: { id, name: "orders", domain: "default", paths: [expect.stringContaining("password")] } },
    ]);
    work.recover();
    const refused = { skipped: true, data: { skip_reason: "request_data_masked" } };
    expect(await q.queue.replay(id)).toMatchObject(refused);
    expect(await q.queue.forceRedrive(id, { actor: "ann", reason: "try" })).toMatchObject(refused);
    expect(await q.during(q.queue.sweep("orders"))).toMatchObject({ skippedCount: 1, failedCount: 0 });
    expect(await q.queue.get(id)).toMatchObject({ status: "pending", retryCount: 0 });
    const seen: unknown[] = [];
    q.baldur.onReplay("orders", ({ requestData }) => void seen.push(requestData.args));
    expect(await q.queue.replay(id)).toMatchObject({ success: true, skipped: false });
    expect(seen).toEqual([[{ password: expect.not.stringContaining(SECRET), order: 1 }]]);
  });

  it("are encrypted at rest with a key, shown to nobody, and restored for the replay", async () => {
    const q = await begin({ encryptionKey: "correct horse battery staple" });
    const work = new Work(q);
    const [id] = (await work.fail(fields)) as [string];
    expect(stored(q)).not.toContain(SECRET);
    expect(JSON.stringify(await q.queue.get(id))).not.toContain(SECRET);
    expect(q.telemetry.named("dlq.field_masked")).toEqual([]);
    work.recover();
    expect(await q.queue.replay(id)).toMatchObject({ success: true });
    expect(work.runs).toEqual([[fields]]);
  });

  it("that cannot be decrypted any more refuse the replay, which costs nothing", async () => {
    const first = await started({ encryptionKey: "one" });
    const [id] = (await new Work(first).fail(fields)) as [string];
    for (const setup of [{ encryptionKey: "another" }, {}]) {
      const q = await begin({ ...setup, map: first.map, clock: first.clock });
      const work = new Work(q).recover();
      const result = await q.queue.replay(id);
      expect(result).toMatchObject({
        skipped: true,
        data: { skip_reason: expect.stringMatching(/^not_replayable/) },
      });
      expect(JSON.stringify(result)).not.toContain(SECRET);
      expect(work.runs).toEqual([]);
      expect(await q.queue.get(id)).toMatchObject({ status: "pending", retryCount: 0 });
      await q[Symbol.asyncDispose]();
    }
    test = undefined;
    await first[Symbol.asyncDispose]();
  });

  it("are known by more words where the operator says so", async () => {
    const q = await begin({ env: { DLQ_SENSITIVE_KEYS: "iban,favourite_colour" } });
    await new Work(q).fail({ favouriteColour: "very-blue", favourite_colour: "very-green" });
    expect(stored(q)).not.toContain("very-green");
  });

  it("in what was thrown are not kept", async () => {
    const q = await begin();
    const thrown = new Error(`cannot log in: password=${SECRET} at https://me:${SECRET}@host/`);
    await errorOf(q.baldur.protect("x", () => Promise.reject(thrown), { dlq: true }));
    await turn();
    expect(await all(q)).toHaveLength(1);
    expect(stored(q)).not.toContain(SECRET);
  });
});

describe("sizes", () => {
  const requestBytes = 262_144;
  /** JSON of `{"args":[…]}` around the text. */
  const around = '{"args":[""]}'.length;

  it("of a request may be 256 KiB, and a byte more is cut and not replayed by itself", async () => {
    const q = await begin();
    const work = new Work(q);
    const fits = "a".repeat(requestBytes - around);
    const [whole, cut] = (await work.fail(fits, `${fits}a`)) as [string, string];
    expect((await q.queue.get(whole))?.requestData.args?.[0]).toBe(fits);
    expect((await q.queue.get(cut))?.requestData).toEqual({
      _truncated: true,
      original_size: requestBytes + 1,
      preview: expect.any(String),
    });
    expect((await q.queue.get(cut))?.metadata["truncated"]).toBe(true);
    expect(q.telemetry.named("dlq.field_truncated")).toMatchObject([
      { level: "warning", payload: { id: cut, field: "requestData" } },
    ]);
    work.recover();
    expect(await q.queue.replay(whole)).toMatchObject({ success: true, skipped: false });
    expect(await q.queue.replay(cut)).toMatchObject({ data: { skip_reason: "request_data_truncated" } });
    q.baldur.onReplay("orders", () => "own source");
    expect(await q.queue.replay(cut)).toMatchObject({ data: { skip_reason: "request_data_truncated" } });
  });

  it("of what was cut do not matter to a handler with its own source, where the operator allows it", async () => {
    const q = await begin({
      env: { DLQ_TRUNCATE_BLOCKS_REPLAY: "false", DLQ_REQUEST_DATA_MAX_BYTES: "256" },
    });
    const work = new Work(q);
    const [id] = (await work.fail("x".repeat(300))) as [string];
    expect(await q.queue.replay(id)).toMatchObject({ data: { skip_reason: "request_data_truncated" } });
    q.baldur.onReplay("orders", () => "own source");
    expect(await q.queue.replay(id)).toMatchObject({ success: true, skipped: false });
  });

  it.each(["snapshotData", "responseData", "metadata", "entityRefs"] as const)(
    "of %s may be 4 KiB, counted in bytes",
    async (field) => {
      const q = await begin();
      const room = 4096 - '{"a":""}'.length;
      const texts = [
        "a".repeat(room),
        "é".repeat(room / 2),
        "😀".repeat(room / 4),
        "失".repeat(Math.floor(room / 3)),
      ];
      for (const text of texts) {
        for (const [value, isCut] of [
          [text, false],
          [`${text}éé`, true],
        ] as const) {
          await q.queue.store({ name: "x", failureType: "F", [field]: { a: value } });
          const kept = (await latest(q))[field];
          if (isCut) expect(kept).toMatchObject({ _truncated: true, original_size: expect.any(Number) });
          else expect(kept).toEqual({ a: value });
        }
      }
      expect(q.telemetry.named("dlq.field_truncated")).toHaveLength(texts.length);
    },
  );

  it("of everything else are bounded, and no stack costs an entry its other facts", async () => {
    const q = await begin();
    const error = new Error("x".repeat(100_000));
    error.stack = `Error: x\n${"    at f (/some/where/far/away/in/the/tree.js:1:1)\n".repeat(5000)}`;
    const context = { entityId: "e".repeat(100_000), userId: "u".repeat(100_000), traceId: "trace" };
    await errorOf(q.baldur.protect("x", () => Promise.reject(error), { dlq: true, context }));
    await turn();
    const { id, metadata } = await latest(q);
    expect(metadata).toMatchObject({ outcome: "failure", origin_trace_id: "trace" });
    expect(q.map.get(`dlq/entry/${id}`)?.length).toBeLessThan(30_000);
  });
});

describe("an operation that the application hands over", () => {
  it("is kept with everything that it says", async () => {
    const q = await begin();
    const given = {
      name: "imports",
      failureType: "PARSE",
      domain: "catalogue",
      entityType: "file",
      entityId: "f-1",
      entityRefs: { file: "f-1" },
      userId: 9,
      snapshotData: { line: 3 },
      errorCode: "E_PARSE",
      errorMessage: "odd line",
      maxRetries: 7,
      requestData: { args: [1], more: true },
      responseData: { status: 500 },
      metadata: { source: "nightly" },
      nextActionHint: "mend the file",
      recommendedAction: "ask_supplier",
    };
    const result = await q.queue.store(given);
    expect(result).toEqual({ captured: true, id: expect.any(String), where: "store" });
    expect(await latest(q)).toMatchObject(given);
  });

  it.each<[string, unknown]>([
    ["operation", undefined],
    ["operation", "text"],
    ["operation.name", { failureType: "F" }],
    ["operation.name", { name: "", failureType: "F" }],
    ["operation.name", { name: "x".repeat(129), failureType: "F" }],
    ["operation.name", { name: "a\nb", failureType: "F" }],
    ["operation.name", { name: "\u001b[2J", failureType: "F" }],
    ["operation.domain", { name: "x", failureType: "F", domain: 5 }],
    ["operation.domain", { name: "x", failureType: "F", domain: Object.create(null) }],
    ["operation.attempts[0]", { name: "x", failureType: "F", attempts: [null, 5] }],
    ["operation.attempts[1]", { name: "x", failureType: "F", attempts: [{ number: 1 }, 5] }],
    ["operation.failureType", { name: "x" }],
    ["operation.failureType", { name: "x", failureType: 5 }],
  ])("is refused with the name of what breaks its rule: %s", async (option, operation) => {
    const q = await begin();
    const error = await errorOf(q.queue.store(operation as never));
    expect(error.code).toBe("ERR_BALDUR_CONFIGURATION");
    expect(error.message).toMatch(new RegExp(`^${option.replace(/[.[\]]/g, "\\$&")} must be .*; received`));
  });

  it.each<[string, object]>([
    ["errorMessage", { errorMessage: 5 }],
    ["attempts", { attempts: "none" }],
    ["attempts", { attempts: [null, 5] }],
    ["maxRetries", { maxRetries: Number.NaN }],
    ["maxRetries", { maxRetries: "2" }],
    ["requestData", { requestData: "text" }],
    ["metadata", { metadata: null }],
    ["metadata", { metadata: [1] }],
    ["entityId", { entityId: 5n }],
    ["domain", { domain: 5 }],
  ])("is kept and listed, or refused as a mistake, whatever its %s is", async (_, odd) => {
    const q = await begin();
    const outcome = await q.queue
      .store({ name: "x", failureType: "F", ...odd } as never)
      .catch((error) => error);
    if (outcome instanceof Error)
      expect((outcome as { code?: string }).code).toBe("ERR_BALDUR_CONFIGURATION");
    else {
      expect(outcome).toMatchObject({ captured: true });
      expect(await all(q)).toHaveLength(1);
    }
    expect(q.telemetry.named("dlq.entry_quarantined")).toEqual([]);
  });
});
