import type { AdminRoute } from "@baldur/core/plugin";
import { afterEach, describe, expect, it } from "@jest/globals";
import { routesOf } from "../../src/admin.js";
import type { Page } from "../../src/api.js";
import { DLQEntryNotFoundError, DLQStateConflictError } from "../../src/errors.js";
import { HOUR, type QueueSetup, started, statusOf, type TestQueue, upTo, Work } from "../queue/runtime.js";

const open: TestQueue[] = [];
async function begin(setup: QueueSetup = {}): Promise<TestQueue> {
  const queue = await started({ automatic: false, ...setup });
  open.push(queue);
  return queue;
}
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

interface Request {
  readonly params?: Record<string, string>;
  readonly query?: string;
  readonly body?: unknown;
}

/** What a route answers, as a client reads it. */
async function ask(
  { queue }: TestQueue,
  route: string,
  { params = {}, query = "", body }: Request = {},
): Promise<never> {
  const found = routesOf(queue).find(({ method, path }) => `${method} ${path}` === route);
  if (found === undefined) throw new Error(`there is no ${route}`);
  const answer = await found.handler({ params, query: new URLSearchParams(query), body, actor: "ann" });
  if (answer instanceof Response)
    return { status: answer.status, ...((await answer.json()) as object) } as never;
  return JSON.parse(JSON.stringify(answer)) as never;
}

const refusal = async (q: TestQueue, route: string, request: Request): Promise<Error & { code?: string }> => {
  try {
    await ask(q, route, request);
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was not refused");
};

const NO_ID = "0mjuohs00-0123456789abcdef-0000";

describe("the routes", () => {
  it("are for those who may: reading for viewers, acting for operators, what cannot be undone for admins", async () => {
    const q = await begin();
    const table = routesOf(q.queue).map(({ method, path, role }: AdminRoute) => [`${method} ${path}`, role]);
    expect(table).toEqual([
      ["GET /dlq/list", "viewer"],
      ["GET /dlq/facets", "viewer"],
      ["GET /dlq/cleanup/stats", "viewer"],
      ["GET /dlq/{id}", "viewer"],
      ["POST /dlq/{id}/retry", "operator"],
      ["POST /dlq/{id}/resolve", "operator"],
      ["POST /dlq/{id}/reject", "operator"],
      ["POST /dlq/{id}/force-redrive", "admin"],
      ["POST /dlq/replay", "operator"],
      ["POST /dlq/sweep", "operator"],
      ["POST /dlq/cleanup/archive", "operator"],
      ["POST /dlq/cleanup/purge", "admin"],
      ["POST /dlq/test/create", "admin"],
      ["GET /dlq-compressed", "viewer"],
      ["GET /dlq-compressed/summary", "viewer"],
      ["GET /dlq-compressed/{id}", "viewer"],
    ]);
  });

  it("with fixed words come before the one with an id", async () => {
    const q = await begin();
    const paths = routesOf(q.queue)
      .filter(({ method }) => method === "GET")
      .map(({ path }) => path);
    const generic = paths.indexOf("/dlq/{id}");
    for (const path of ["/dlq/list", "/dlq/facets", "/dlq/cleanup/stats"])
      expect(paths.indexOf(path)).toBeLessThan(generic);
    expect(paths.indexOf("/dlq-compressed/summary")).toBeLessThan(paths.indexOf("/dlq-compressed/{id}"));
  });
});

describe("GET /dlq/list", () => {
  const route = "GET /dlq/list";

  it("answers the newest first, twenty or as many as are asked for", async () => {
    const q = await begin();
    const ids = await new Work(q).fail(...upTo(25));
    const page = await ask(q, route);
    expect(page).toMatchObject({ total: 25, next: ids[5] });
    expect((page as { items: { id: string }[] }).items.map(({ id }) => id)).toEqual(ids.slice(5).reverse());
    const rest = (await ask(q, route, { query: `after=${ids[5]}` })) as {
      items: { id: string }[];
      next?: string;
    };
    expect(rest.items.map(({ id }) => id)).toEqual(ids.slice(0, 5).reverse());
    expect(rest.next).toBeUndefined();
    expect(((await ask(q, route, { query: "page_size=100" })) as { items: unknown[] }).items).toHaveLength(
      25,
    );
  });

  it("answers a page by its number, too", async () => {
    const q = await begin({ env: { DLQ_OUTBOX_CAPACITY: "100000" } });
    await Promise.all(upTo(1010).map(() => q.queue.store({ name: "x", domain: "d", failureType: "F" })));
    await q.queue.store({ name: "other", domain: "e", failureType: "F" });
    const all = [...(await q.queue.list({ domain: "d", limit: 1000 })).items];
    const { next } = await q.queue.list({ domain: "d", limit: 1000 });
    all.push(...(await q.queue.list({ domain: "d", limit: 1000, after: next as string })).items);
    const page = async (number: number) =>
      (await ask(q, route, { query: `domain=d&page_size=100&page=${number}` })) as Page<{ id: string }>;
    for (const number of [1, 2, 10, 11]) {
      const { items, total } = await page(number);
      expect(total).toBe(1010);
      expect(items.map(({ id }) => id)).toEqual(
        all.slice(100 * (number - 1), 100 * number).map(({ id }) => id),
      );
    }
    for (const number of [12, 1000]) expect(await page(number)).toEqual({ items: [], total: 1010 });
  });

  it("is narrowed", async () => {
    const q = await begin();
    for (const domain of ["d", "e"]) await q.queue.store({ name: "x", domain, failureType: "F" });
    const total = async (query: string) => ((await ask(q, route, { query })) as { total: number }).total;
    expect(await total("domain=d")).toBe(1);
    expect(await total("domain=d&status=pending&name=x&failure_type=F")).toBe(1);
    expect(await total("status=resolved")).toBe(0);
    expect(await total("domain=&status=&name=&failure_type=&after=")).toBe(2);
  });

  it.each([
    ["page=0", "page"],
    ["page=-1", "page"],
    ["page=two", "page"],
    ["page_size=0", "page_size"],
    ["page_size=-1", "page_size"],
    ["page_size=101", "page_size"],
    ["page_size=1.5", "page_size"],
    ["page_size=abc", "page_size"],
    ["page_size=", "page_size"],
    ["page_size=Infinity", "page_size"],
    ["page_size=NaN", "page_size"],
    ["page_size=9007199254740993", "page_size"],
    ["status=odd", "status"],
    ["status=__proto__", "status"],
    ["status=constructor", "status"],
    ["status=PENDING", "status"],
  ])("refuses %s with the field, its rule and the value", async (query, field) => {
    const q = await begin();
    const error = await refusal(q, route, { query });
    expect(error.code).toBe("ERR_BALDUR_CONFIGURATION");
    expect(error.message).toMatch(
      new RegExp(`^${field} must be (an integer from 1 to \\d+|one of pending, .*); received .+$`),
    );
  });

  it.each([
    "after=../../totals",
    `after=${"x".repeat(3000)}`,
    "after=%00",
    "after=%F0%9F%98%80",
    "domain=%00",
    "domain=__proto__",
    `name=${"n".repeat(5000)}`,
    "name=' OR 1=1 --",
    "failure_type=%F0%9F%98%80",
    "status=pending&status=resolved",
    "unknown=1",
    "page=9007199254740991&page_size=100",
  ])("bears %s", async (query) => {
    const q = await begin();
    await new Work(q).fail(1);
    const answer = await ask(q, route, { query }).catch((error: { code?: string }) => error);
    if ("items" in (answer as object))
      expect((answer as { items: unknown[] }).items.length).toBeLessThanOrEqual(1);
    else expect((answer as { code?: string }).code).toBe("ERR_BALDUR_CONFIGURATION");
  });
});

describe("one entry", () => {
  it("is shown without its secrets", async () => {
    const q = await begin({ encryptionKey: "a key" });
    const [id] = (await new Work(q).fail({ password: "hunter2", big: 5n, at: Number.POSITIVE_INFINITY })) as [
      string,
    ];
    const shown = await ask(q, "GET /dlq/{id}", { params: { id } });
    expect(shown).toMatchObject({ id, name: "orders", status: "pending", retryCount: 0 });
    expect(JSON.stringify(shown)).not.toContain("hunter2");
  });

  it.each([NO_ID, "totals", "../x", "", "__proto__", "é", "x".repeat(5000)])(
    "that is none is not found: %s",
    async (id) => {
      const q = await begin();
      const params = { id };
      for (const [route, body] of [
        ["GET /dlq/{id}", undefined],
        ["POST /dlq/{id}/retry", {}],
        ["POST /dlq/{id}/resolve", {}],
        ["POST /dlq/{id}/force-redrive", { reason: "r" }],
      ] as const) {
        expect(await refusal(q, route, { params, body })).toBeInstanceOf(DLQEntryNotFoundError);
      }
    },
  );

  it("is retried, resolved and redriven in the name of who asks", async () => {
    const q = await begin();
    const work = new Work(q);
    const [retried, resolved, redriven] = (await work.fail(1, 2, 3)) as [string, string, string];
    work.recover();
    expect(
      await ask(q, "POST /dlq/{id}/retry", { params: { id: retried }, body: { reason: "mended" } }),
    ).toMatchObject({
      success: true,
      data: { status: "resolved", retryCount: 1 },
    });
    expect(
      await ask(q, "POST /dlq/{id}/resolve", { params: { id: resolved }, body: { note: "by hand" } }),
    ).toMatchObject({
      status: "resolved",
      resolvedById: "ann",
      resolutionNote: "by hand",
    });
    const body = { reason: "urgent", ticket_url: "https://t/1" };
    expect(await ask(q, "POST /dlq/{id}/force-redrive", { params: { id: redriven }, body })).toMatchObject({
      success: true,
    });
    expect((await q.queue.get(redriven))?.metadata["ticket_url"]).toBe("https://t/1");
    expect(q.audits.map(({ actorId }) => actorId)).toEqual(["ann", "ann", "ann", "ann"]);
    for (const route of ["retry", "resolve", "force-redrive"]) {
      const again = { params: { id: retried }, body: { reason: "again" } };
      expect(await refusal(q, `POST /dlq/{id}/${route}`, again)).toBeInstanceOf(DLQStateConflictError);
    }
  });

  it.each<[string, unknown, string]>([
    ["retry", { reason: 5 }, "reason"],
    ["retry", { reason: "x".repeat(501) }, "reason"],
    ["retry", "text", "body"],
    ["retry", null, "body"],
    ["retry", [1], "body"],
    ["resolve", { note: {} }, "note"],
    ["reject", { note: 5 }, "note"],
    ["resolve", 5, "body"],
    ["force-redrive", {}, "reason"],
    ["force-redrive", undefined, "reason"],
    ["force-redrive", { reason: " " }, "reason"],
    ["force-redrive", { reason: "x".repeat(501) }, "reason"],
    ["force-redrive", { reason: "r", ticket_url: 5 }, "ticket_url"],
    ["force-redrive", { reason: "r", ticket_url: "x".repeat(501) }, "ticket_url"],
  ])("is left alone when the request breaks a rule: %s %j", async (action, body, field) => {
    const q = await begin();
    const [id] = (await new Work(q).fail(1)) as [string];
    const error = await refusal(q, `POST /dlq/{id}/${action}`, { params: { id }, body });
    expect(error.code).toBe("ERR_BALDUR_CONFIGURATION");
    expect(error.message).toMatch(new RegExp(`^${field} must be .+; received .+`));
    expect(await statusOf(q, id)).toBe("pending");
    expect(q.audits).toEqual([]);
  });

  it("is rejected in the name of who asks", async () => {
    const q = await begin();
    const [id] = (await new Work(q).fail(1)) as [string];
    expect(await ask(q, "POST /dlq/{id}/reject", { params: { id }, body: { note: "a test" } })).toMatchObject(
      { status: "rejected", resolvedById: "ann", resolutionNote: "a test" },
    );
  });

  it("is retried and resolved without a body", async () => {
    const q = await begin();
    const work = new Work(q);
    const [a, b] = (await work.fail(1, 2)) as [string, string];
    work.recover();
    await ask(q, "POST /dlq/{id}/retry", { params: { id: a } });
    await ask(q, "POST /dlq/{id}/resolve", { params: { id: b } });
    expect((await q.queue.stats()).byStatus).toEqual({ resolved: 2 });
  });
});

describe("many entries", () => {
  it("are replayed, fifty or as many as are asked for", async () => {
    const q = await begin();
    const work = new Work(q);
    await work.fail(...upTo(60));
    work.recover();
    expect(
      await q.during(
        ask(q, "POST /dlq/replay", {
          body: { batch_size: 5, domain: "default", name: "orders", reason: "mended" },
        }),
      ),
    ).toMatchObject({
      total: 5,
      successCount: 5,
    });
    expect(q.telemetry.named("dlq_replay.batch_completed")).toMatchObject([
      { payload: { actor: "ann", reason: "mended" } },
    ]);
    expect(new Set(q.audits.map(({ actorId }) => actorId))).toEqual(new Set(["ann"]));
    expect(await q.during(ask(q, "POST /dlq/replay"))).toMatchObject({ total: 50 });
    expect(await q.during(ask(q, "POST /dlq/sweep", { body: { name: "orders" } }))).toMatchObject({
      total: 5,
    });
  });

  it.each<[string, unknown, string]>([
    ["replay", { batch_size: 0 }, "batch_size"],
    ["replay", { batch_size: 201 }, "batch_size"],
    ["replay", { batch_size: "5" }, "batch_size"],
    ["replay", { batch_size: null }, "batch_size"],
    ["replay", { domain: 5 }, "domain"],
    ["replay", { domain: "" }, "domain"],
    ["replay", { name: "" }, "name"],
    ["replay", { reason: 5 }, "reason"],
    ["replay", { reason: "x".repeat(501) }, "reason"],
    ["replay", { name: [] }, "name"],
    ["replay", { name: { toString: 5 } }, "name"],
    ["sweep", {}, "name"],
    ["sweep", { name: "" }, "name"],
    ["sweep", { name: "x".repeat(129) }, "name"],
    ["cleanup/archive", { older_than_days: 0 }, "older_than_days"],
    ["cleanup/archive", { older_than_days: -1 }, "older_than_days"],
    ["cleanup/archive", { older_than_days: "30" }, "older_than_days"],
    ["cleanup/purge", {}, "confirm"],
    ["cleanup/purge", { confirm: "true", ids: [] }, "confirm"],
    ["cleanup/purge", { confirm: true, ids: 5 }, "ids"],
    ["cleanup/purge", { confirm: true, ids: [5] }, "ids\\[0\\]"],
    ["cleanup/purge", { confirm: true, older_than_days: -1 }, "older_than_days"],
    ["cleanup/purge", { confirm: true, older_than_days: 1.5 }, "older_than_days"],
    ["cleanup/purge", [], "body"],
  ])("are left alone when the request breaks a rule: %s %j", async (action, body, field) => {
    const q = await begin();
    const work = new Work(q);
    const [id] = (await work.fail(1)) as [string];
    work.recover();
    const error = await refusal(q, `POST /dlq/${action}`, { body });
    expect(error.code).toBe("ERR_BALDUR_CONFIGURATION");
    expect(error.message).toMatch(new RegExp(`^${field} must be .+; received .+`));
    expect(await statusOf(q, id)).toBe("pending");
  });

  it("are archived and purged", async () => {
    const q = await begin();
    const ids = await new Work(q).fail(...upTo(5));
    for (const id of ids) await q.queue.resolve(id, { actor: "bob" });
    expect(await ask(q, "POST /dlq/cleanup/archive")).toEqual({ archived: 0 });
    await q.clock.advance(25 * HOUR);
    expect(await ask(q, "POST /dlq/cleanup/archive", { body: { older_than_days: 1 } })).toEqual({
      archived: 5,
    });
    const purge = (body: object) => ask(q, "POST /dlq/cleanup/purge", { body: { confirm: true, ...body } });
    expect(await purge({})).toEqual({ purged: 0 });
    expect(await purge({ ids: [ids[0]] })).toEqual({ purged: 1 });
    expect(await purge({ ids: `${ids[1]}, ${ids[2]} ,`, older_than_days: 0 })).toEqual({ purged: 2 });
    expect(await purge({ older_than_days: 1 })).toEqual({ purged: 0 });
    expect(await purge({ older_than_days: 0 })).toEqual({ purged: 2 });
  });
});

describe("the other routes", () => {
  it("answer counts, figures and summaries", async () => {
    const q = await begin({
      env: { DLQ_OVERFLOW_STRATEGY: "compress_oldest", DLQ_MAX_SIZE_PER_DOMAIN: "100" },
    });
    for (const _ of upTo(101)) await q.queue.store({ name: "x", domain: "d", failureType: "F" });
    expect(await ask(q, "GET /dlq/facets", { query: "domain=d" })).toMatchObject({
      byStatus: { pending: 100 },
    });
    expect(await ask(q, "GET /dlq/cleanup/stats")).toMatchObject({
      total: 100,
      open: 100,
      arming: { armed: false },
    });
    const { items } = (await ask(q, "GET /dlq-compressed")) as { items: { id: string }[] };
    expect(items).toMatchObject([{ domain: "d", failureType: "F", count: 1 }]);
    const { id = "" } = items[0] ?? {};
    expect(await ask(q, "GET /dlq-compressed/{id}", { params: { id } })).toEqual(items[0]);
    for (const none of ["", "summary", "__proto__", `${id}0`])
      expect(await refusal(q, "GET /dlq-compressed/{id}", { params: { id: none } })).toBeInstanceOf(
        DLQEntryNotFoundError,
      );
    await q.queue.store({ name: "x", domain: "d", failureType: "F" });
    expect(await ask(q, "GET /dlq-compressed/summary")).toEqual({
      summaries: 1,
      entries: 2,
      byDomain: { d: 2 },
      byStatus: { active: 2 },
    });
  });

  it("make an entry for a drill, which says that it is one", async () => {
    const q = await begin();
    const made = { status: 201, captured: true, where: "store" };
    expect(await ask(q, "POST /dlq/test/create")).toMatchObject(made);
    expect((await q.queue.list()).items).toMatchObject([
      { name: "drill", failureType: "DRILL", metadata: { is_synthetic: true, actor: "ann" } },
    ]);
    await q.baldur.control.disable({ actor: "ann", reason: "test" });
    const refused = { status: 503, captured: false, reason: "kill_switch" };
    expect(await ask(q, "POST /dlq/test/create")).toEqual(refused);
  });
});
