import { createBaldur, DLQError, DLQReplayError } from "@baldur/core";
import { boolean, brand, definePlugin, defineSettings, metricsSlot, type Plugin } from "@baldur/core/plugin";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { type AdminHandler, adminHandler } from "../src/index.js";
import { type Answer, ask, byKey, KEY, routed, TestRuntime } from "./fixture.js";
import { routesServed } from "./routes-served.js";

jest.setTimeout(30_000);

class EntryNotFoundError extends DLQError {
  override readonly code = "ERR_BALDUR_DLQ_ENTRY_NOT_FOUND";
  static {
    brand(EntryNotFoundError, "DLQEntryNotFoundError");
  }
}
class StateConflictError extends DLQError {
  override readonly code = "ERR_BALDUR_DLQ_STATE_CONFLICT";
  static {
    brand(StateConflictError, "DLQStateConflictError");
  }
}
class LockConflictError extends DLQError {
  override readonly code = "ERR_BALDUR_ROLLOUT_CONFLICT";
  static {
    brand(LockConflictError, "RolloutConflictError");
  }
}

const throwing = (path: string, error: () => Error) => ({
  method: "GET" as const,
  path: `/throws/${path}`,
  role: "viewer" as const,
  handler: () => {
    throw error();
  },
});

const plugins = [
  routed(
    throwing("missing", () => new EntryNotFoundError("no entry x")),
    throwing("conflict", () => new StateConflictError("it is resolved")),
    throwing("lock", () => new LockConflictError("another rollout is under way")),
    throwing("replay", () => new DLQReplayError("x", "the handler failed")),
    throwing("other", () => new DLQError("a bad filter")),
    {
      method: "POST",
      path: "/strict/{id}",
      role: "operator",
      summary: "checks its body",
      query: { verbose: { type: "boolean" } },
      body: {
        count: { type: "integer", minimum: 1, maximum: 10, required: true },
        words: { type: "array", items: { type: "string", maxLength: 5 }, maxItems: 2 },
        mode: { type: "string", enum: ["fast", "slow"] },
        confirm: { type: "boolean", const: true },
        more: { type: "object" },
        either: { anyOf: [{ type: "string" }, { type: "integer" }] },
      },
      handler: ({ body, actor }) => ({ body, actor }),
    },
    { method: "POST", path: "/open", role: "public", handler: ({ actor }) => ({ actor }) },
    { method: "GET", path: "/nothing", role: "viewer", handler: () => undefined },
    { method: "GET", path: "/own", role: "viewer", handler: () => new Response("mine", { status: 418 }) },
    {
      method: "GET",
      path: "/foreign",
      role: "viewer",
      handler: () => Response.redirect("http://localhost/x", 302),
    },
    { method: "GET", path: "/slow", role: "viewer", handler: () => new Promise(() => undefined) },
    // None of these is served.
    { method: "GET", path: "/posture", role: "public", handler: () => "shadow" },
    { method: "GET", path: "/health", role: "public", handler: () => "shadow" },
    { method: "GET", path: "/bad path", role: "viewer", handler: () => "x" },
    { method: "GET", path: "/star/*", role: "viewer", handler: () => "x" },
    { method: "GET", path: "relative", role: "viewer", handler: () => "x" },
    { method: "GET", path: "/control/status/{other}", role: "public", handler: () => "shadow" },
    { method: "GET", path: "/roleless", role: "nobody" as never, handler: () => "x" },
  ),
];

let runtime: TestRuntime;
let handler: AdminHandler;
beforeEach(async () => {
  runtime = await TestRuntime.start({ plugins });
  handler = runtime.handler({ unlock: true });
});
afterEach(() => runtime[Symbol.asyncDispose]());

const get = (path: string): Promise<Answer> => ask(handler, `GET ${path}`);
const post = (path: string, body?: unknown): Promise<Answer> => ask(handler, `POST ${path}`, { body });
const fail = async (name: string): Promise<unknown> =>
  runtime.baldur.protect(name, () => Promise.reject(new Error("down"))).catch(() => undefined);
const actions = (): unknown[] => runtime.telemetry.named("admin.action").map(({ payload }) => payload);

describe("errors", () => {
  it.each([
    ["missing", 404, "ERR_BALDUR_DLQ_ENTRY_NOT_FOUND"],
    ["conflict", 409, "ERR_BALDUR_DLQ_STATE_CONFLICT"],
    ["lock", 409, "ERR_BALDUR_ROLLOUT_CONFLICT"],
    ["replay", 500, "ERR_BALDUR_DLQ_REPLAY"],
    ["other", 400, "ERR_BALDUR_DLQ"],
  ])("of dead letters mean what they say: %s is %i", async (path, status, code) => {
    const answer = await get(`/throws/${path}`);
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ type: "about:blank", status, code, detail: expect.any(String) });
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });

  it("are answered when a route takes too long", async () => {
    const own = await TestRuntime.start({ plugins, settings: { admin: { requestTimeout: 100 } } });
    expect(await ask(own.handler(), "GET /slow")).toMatchObject({ status: 504, json: { code: "TIMEOUT" } });
    await own[Symbol.asyncDispose]();
  });

  it("are answered for a route that is none", async () => {
    expect(await get("/nowhere")).toMatchObject({ status: 404, json: { code: "NOT_FOUND" } });
  });
});

describe("answers", () => {
  it("are for no cache, frame, other site or guess at types", async () => {
    for (const path of ["/posture", "/liveness", "/nowhere", "/own", "/foreign"]) {
      const { headers } = await get(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      });
    }
  });

  it("are what a plugin's route answers", async () => {
    expect((await get("/nothing")).status).toBe(204);
    expect(await get("/own")).toMatchObject({ status: 418, text: "mine" });
    expect((await get("/foreign")).status).toBe(302);
  });
});

describe("a plugin's route", () => {
  it("takes no other's place, nor one that is malformed; that is told once", async () => {
    await get("/posture");
    await get("/posture");
    expect((await get("/posture")).json).toHaveProperty("tier");
    expect((await ask(handler, "GET /control/status/x", { remoteAddress: "203.0.113.7" })).status).toBe(401);
    expect(runtime.telemetry.named("admin.route_ignored").map(({ payload }) => payload["path"])).toEqual([
      "/posture",
      "/health",
      "/bad path",
      "/star/*",
      "relative",
      "/control/status/{other}",
      "/roleless",
    ]);
  });

  it("is there while its plugin is active", async () => {
    await runtime.baldur.close();
    expect((await get("/own")).status).toBe(404);
    expect((await get("/liveness")).status).toBe(200);
  });
});

describe("a body", () => {
  const strict = (body: unknown): Promise<Answer> => post("/strict/x", body);

  it.each<[unknown, string | undefined, string]>([
    [{ count: 1, cuont: 2 }, "cuont", '"cuont" is not a field of this route; known are count, words'],
    [{ count: 1, ["__proto__x"]: 2 }, "__proto__x", "is not a field"],
    ['{"count":1,"__proto__":{"a":1}}', "__proto__", "is not a field"],
    ['{"count":1,"constructor":1}', "constructor", "is not a field"],
    [{}, "count", "count is needed"],
    [{ count: 0 }, "count", "count must be an integer from 1 to 10; received 0"],
    [{ count: 11 }, "count", "count must be"],
    [{ count: "1" }, "count", "count must be"],
    [{ count: 1.5 }, "count", "count must be"],
    [{ count: true }, "count", "count must be"],
    [{ count: null }, "count", "count must be"],
    [{ count: 1, words: ["a", "b", "c"] }, "words", "words must be an array of at most 2 items"],
    [{ count: 1, words: ["toolong"] }, "words", "words must be"],
    [{ count: 1, words: "a" }, "words", "words must be"],
    [{ count: 1, mode: "other" }, "mode", "mode must be one of fast, slow"],
    [{ count: 1, confirm: false }, "confirm", "confirm must be true"],
    [{ count: 1, more: [] }, "more", "more must be an object"],
    [{ count: 1, either: {} }, "either", "either must be a string, or an integer"],
    [[], undefined, "the body must be a JSON object"],
    ["5", undefined, "the body must be a JSON object"],
    ["null", "count", "count is needed"],
  ])("that breaks a rule is refused with its field: %j", async (body, field, detail) => {
    const answer = await strict(body);
    expect(answer.status).toBe(400);
    expect(answer.json["detail"]).toContain(detail);
    expect(answer.json["field"]).toBe(field);
  });

  it("that keeps the rules is handed on", async () => {
    const body = { count: 10, words: ["a", "b"], mode: "slow", confirm: true, more: { a: [1] }, either: 5 };
    expect((await strict(body)).json).toEqual({ body, actor: "loopback" });
  });

  it("is told of with a query that is checked likewise", async () => {
    expect((await post("/strict/x?verbose=true", { count: 1 })).status).toBe(200);
    for (const query of ["verbose=1", "verbose=true&verbose=true", "quiet=true"])
      expect((await post(`/strict/x?${query}`, { count: 1 })).status).toBe(400);
  });
});

describe("what a request may not hold", () => {
  it.each([
    [
      "GET /reports/daily/2026-02-30",
      undefined,
      "date",
      "a day of the calendar, written as 2026-01-31",
      "2026-02-30",
    ],
    [
      "GET /journal?since=2026-02-30",
      undefined,
      "since",
      "a day or a time, such as 2026-01-31T12:00:00Z",
      "2026-02-30",
    ],
    [
      "GET /journal?until=May+1",
      undefined,
      "until",
      "a day or a time, such as 2026-01-31T12:00:00Z",
      "May 1",
    ],
    ["GET /journal?since=2026-01-31T12:00:00", undefined, "since", expect.any(String), "2026-01-31T12:00:00"],
    ["GET /journal?level=loud", undefined, "level", "one of debug, info, warning, error, critical", "loud"],
    ["GET /journal?after=x", undefined, "after", "the id of an entry", '"x"'],
    ["POST /system/disable", { reason: " " }, "reason", "a string from 1 to 500 characters, not blank", " "],
    [
      "POST /control/block/a",
      { reason: "\n" },
      "reason",
      "a string from 1 to 500 characters, not blank",
      "\n",
    ],
    [
      "POST /control/block/a",
      { reason: "x", ttl_minutes: {} },
      "ttl_minutes",
      "an integer from 1 to 1440",
      "an object",
    ],
    [`GET /journal?level=${"l".repeat(200)}`, undefined, "level", expect.any(String), `${"l".repeat(100)}…`],
  ])("is named, with the rule and what was received: %s %j", async (route, body, field, rule, received) => {
    const answer = await ask(handler, route, body === undefined ? {} : { body });
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer).toMatchObject({ status: 400, json: { code: "BAD_REQUEST", field, rule, received } });
  });

  it("is not a day, or a time of one, that there is", async () => {
    for (const since of ["2026-02-28", "2026-01-31T12:00Z", "2026-01-31T12:00:00.123%2B01:00"])
      expect((await get(`/journal?since=${since}`)).status).toBe(200);
  });
});

describe("who acts", () => {
  it.each([
    ["a key", { key: KEY }, byKey(KEY).headers, "key:operator"],
    ["being local", {}, {}, "loopback"],
    [
      "a proxy that is trusted",
      { key: KEY, trustProxy: true },
      { ...byKey(KEY).headers, "x-forwarded-email": "ann@example.com" },
      "ann@example.com",
    ],
    [
      "a proxy that is not",
      { key: KEY },
      { ...byKey(KEY).headers, "x-forwarded-email": "ann@example.com" },
      "key:operator",
    ],
    [
      "a proxy that sends two names",
      { key: KEY, trustProxy: true },
      { ...byKey(KEY).headers, "x-forwarded-email": "eve@x, ann@x" },
      "key:operator",
    ],
    [
      "a name that is too long",
      { key: KEY, trustProxy: true },
      { ...byKey(KEY).headers, "x-forwarded-email": "x".repeat(300) },
      "key:operator",
    ],
    ["the application", { authorize: () => "operator" as const }, {}, "application:operator"],
    [
      "the application, by name",
      { authorize: async () => ({ role: "admin" as const, actor: "bob" }), unlock: true },
      {},
      "bob",
    ],
  ])("is known by %s, and in the event", async (_, options, headers, actor) => {
    const own = runtime.handler(options);
    const answer = await ask(own, "POST /strict/7", { headers, body: { count: 3 } });
    expect(answer.json).toMatchObject({ actor });
    expect(actions()).toEqual([
      {
        method: "POST",
        path: "/strict/7",
        actor,
        reason: undefined,
        outcome: "done",
        status: 200,
        facts: { count: 3 },
      },
    ]);
  });

  it("is nobody where everybody may, and that is in the event too", async () => {
    const asking = { remoteAddress: "203.0.113.7", body: { reason: "x" } };
    expect((await ask(handler, "POST /open", asking)).json).toEqual({ actor: "anonymous" });
    expect((await ask(handler, "POST /strict/1", { ...asking, body: { count: 1 } })).status).toBe(401);
    expect(actions()).toMatchObject([{ actor: "anonymous", path: "/open", reason: "x" }]);
  });

  it("by the application is a stranger unless it says otherwise, whatever the place", async () => {
    const own = runtime.handler({ authorize: () => undefined });
    expect((await ask(own, "GET /posture")).status).toBe(401);
    const both = runtime.handler({ authorize: () => undefined, key: KEY });
    expect((await ask(both, "GET /posture", byKey(KEY))).status).toBe(200);
  });

  it("is admin by the application only when it is unlocked, and operator is not raised", async () => {
    const asAdmin = (unlock: boolean) => runtime.handler({ authorize: () => "admin", unlock });
    const body = { reason: "x" };
    expect((await ask(asAdmin(false), "POST /system/enable", { body })).status).toBe(403);
    expect((await ask(asAdmin(true), "POST /system/enable", { body })).status).toBe(200);
    const asOperator = runtime.handler({ authorize: () => "operator", unlock: true });
    expect((await ask(asOperator, "POST /system/enable", { body })).status).toBe(403);
  });

  it.each([
    () => {
      throw new Error("session store away");
    },
    () => Promise.reject(new Error("session store away")),
    () => "root" as never,
    () => ({ role: "public" }) as never,
  ])("is nobody when the application cannot say", async (authorize) => {
    const answer = await ask(runtime.handler({ authorize }), "GET /posture");
    expect([answer.status, answer.text.includes("session")]).toEqual([500, false]);
  });
});

describe("circuits", () => {
  it("are listed, the longest open first, and shown one by one", async () => {
    await fail("prices");
    await fail("orders");
    await runtime.baldur.circuit("prices").forceOpen({ actor: "ann", reason: "known to be down" });
    expect((await get("/control/status")).json).toMatchObject({
      circuits: [
        { name: "prices", state: "forced_open" },
        { name: "orders", state: "closed" },
      ],
      enabled: true,
      dryRun: false,
      timestamp: expect.any(String),
    });
    expect((await get("/control/status?environment=ops")).status).toBe(200);
    expect((await get("/control/status?environment=chaos")).status).toBe(400);
    expect((await get("/control/status/orders")).json).toMatchObject({
      name: "orders",
      window: { failures: 1 },
    });
    expect(await get("/control/status/nobody")).toMatchObject({
      status: 404,
      json: { code: "CIRCUIT_NOT_FOUND" },
    });
  });

  it.each([
    ["block", "forced_open"],
    ["allow", "forced_closed"],
    ["auto", "open"],
    ["reset", "closed"],
  ])("are forced and left to themselves: %s", async (action, state) => {
    await fail("pay/ments");
    await runtime.baldur.circuit("pay/ments").forceOpen({ actor: "ann", reason: "x" });
    const answer = await post(`/control/${action}/pay%2Fments`, { reason: "because" });
    expect(answer.json).toMatchObject({
      status: "success",
      action_requested: action,
      environment: "ops",
      service_name: "pay/ments",
      previous_state: "forced_open",
      state,
    });
    expect(runtime.baldur.circuit("pay/ments").state).toBe(state);
    expect(actions()).toMatchObject([{ actor: "loopback", reason: "because", outcome: "done" }]);
  });

  it("do not fill the journal with what is sent along", async () => {
    await fail("prices");
    const metadata = { text: "x".repeat(100_000) };
    await post("/control", { service_name: "prices", action: "block", reason: "x", metadata });
    expect(actions()).toMatchObject([{ outcome: "done", facts: { truncated: true } }]);
  });

  it("keep a pin as long as they are told", async () => {
    await fail("prices");
    const { json } = await post("/control/block/prices", { ttl_minutes: 5 });
    const until = runtime.baldur.circuit("prices").snapshot().manual?.until?.getTime() ?? 0;
    expect(new Date(json["expires_at"] ?? "").getTime() / 1000).toBeCloseTo(until / 1000, 0);
    const minutes = (until - runtime.baldur.circuit("prices").snapshot().since.getTime()) / 60_000;
    expect(minutes).toBeCloseTo(5, 0);
    expect(runtime.baldur.circuit("prices").snapshot().manual?.reason).toBe("block by the control API");
  });

  it("take the long form, with what belongs to it in the journal", async () => {
    await fail("prices");
    const body = {
      service_name: "prices",
      action: "block",
      reason: "vendor down",
      environment: "ops",
      ttl_minutes: 10,
      request_id: "r-1",
      metadata: { ticket: 7 },
    };
    expect((await post("/control", body)).json).toMatchObject({ status: "success", state: "forced_open" });
    expect(runtime.telemetry.named("admin.action")).toMatchObject([
      {
        correlationId: "r-1",
        payload: { reason: "vendor down", facts: { metadata: { ticket: 7 }, action: "block" } },
      },
    ]);
  });

  // The quick forms once answered 200 to what was rejected, and looked at neither reason nor ttl.
  it.each<[string, object]>([
    ["/control/block/prices", { ttl_minutes: 0 }],
    ["/control/block/prices", { ttl_minutes: 1441 }],
    ["/control/block/prices", { ttl_minutes: true }],
    ["/control/block/prices", { ttl_minutes: "5" }],
    ["/control/block/prices", { reason: "" }],
    ["/control/block/prices", { reason: "x".repeat(501) }],
    ["/control/block/prices", { reason: 5 }],
    ["/control/block/prices", { Reason: "x" }],
    ["/control", { service_name: "prices", action: "block" }],
    ["/control", { service_name: "prices", action: "stop", reason: "x" }],
    ["/control", { service_name: "prices", action: "override", reason: "x" }],
    ["/control", { service_name: "prices", action: "override", reason: "x", ttl_minutes: 61 }],
    ["/control", { action: "block", reason: "x" }],
  ])("are left alone by what breaks a rule: %s %j", async (path, body) => {
    await fail("prices");
    expect((await post(path, body)).status).toBe(400);
    expect(runtime.baldur.circuit("prices").state).toBe("closed");
  });

  it("refuse with 403 what the kill switch refuses, but for an override", async () => {
    await fail("prices");
    await runtime.baldur.control.disable({ actor: "ann", reason: "x" });
    const answer = await post("/control/block/prices", { reason: "x" });
    expect(answer).toMatchObject({
      status: 403,
      json: { error_code: "ACTION_REJECTED", action_requested: "block" },
    });
    const body = { service_name: "prices", action: "override", reason: "x", ttl_minutes: 60 };
    expect((await post("/control", body)).status).toBe(200);
    expect(runtime.baldur.circuit("prices").snapshot().manual).toMatchObject({ state: "forced_closed" });
    expect(actions()).toMatchObject([{ outcome: "refused", status: 403 }, { outcome: "done" }]);
  });

  it("are not made to fail where traffic meets them", async () => {
    await fail("prices");
    for (const action of ["inject_failure", "inject_success"])
      expect((await post("/control", { service_name: "prices", action, reason: "x" })).status).toBe(403);
  });

  it("are pinned before the first call, which the pin then meets", async () => {
    const { baldur } = runtime;
    const answer = await post("/control/block/pay%2Fments", { reason: "vendor is down" });
    expect(answer.json).toMatchObject({ status: "success", previous_state: "closed", state: "forced_open" });
    expect(answer.json["message"]).toContain("no call by this name was made in this process yet");
    const call = (): Promise<unknown> =>
      baldur.protect("pay/ments", () => 1, { circuitBreaker: { minimumCalls: 1 } });
    await expect(call()).rejects.toMatchObject({ code: "ERR_BALDUR_CIRCUIT_OPEN" });
    expect((await get("/control/status")).json).toMatchObject({
      circuits: [{ name: "pay/ments", state: "forced_open", manual: { reason: "vendor is down" } }],
    });
    const lifted = await post("/control", { service_name: "pay/ments", action: "reset", reason: "x" });
    expect(lifted.json["message"]).not.toContain("no call");
    await expect(call()).resolves.toBe(1);
  });

  it.each([
    ["/control/block/a%00b", { reason: "x" }, "service"],
    [`/control/auto/${"a".repeat(129)}`, { reason: "x" }, "service"],
    ["/control", { service_name: "a\nb", action: "block", reason: "x" }, "service_name"],
  ])("are not made for what is no name: %s", async (path, body, field) => {
    const answer = await post(path, body);
    expect([answer.status, answer.json["field"]]).toEqual([400, field]);
    expect(runtime.baldur.circuits()).toEqual([]);
  });
});

describe("the kill switch and the dry run", () => {
  it("are shown, turned and turned back in the name of who asks", async () => {
    expect((await get("/system/status")).json).toMatchObject({
      system: "baldur",
      status: "enabled",
      enabled: true,
      backend: "memory",
    });
    expect((await post("/system/disable", { reason: "incident 7" })).json).toMatchObject({
      status: "disabled",
      persisted: true,
      disabled: { by: "loopback", reason: "incident 7" },
    });
    expect((await post("/system/enable", { reason: "over" })).json).toMatchObject({ status: "enabled" });
    expect((await post("/system/dry-run/enable", {})).json).toMatchObject({
      status: "dry_run",
      dryRun: true,
    });
    expect((await post("/system/dry-run/disable", { confirm: true })).json).toMatchObject({
      status: "enabled",
    });
    expect(actions()).toHaveLength(4);
  });

  it.each<[string, object]>([
    ["/system/disable", {}],
    ["/system/disable", { reason: "" }],
    ["/system/disable", { reason: "   " }],
    ["/system/disable", { reason: "x", confirm: true }],
    ["/system/dry-run/disable", {}],
    ["/system/dry-run/disable", { confirm: false }],
    ["/system/dry-run/disable", { confirm: "true" }],
  ])("need a reason to be turned off, and a confirmation to act again: %s %j", async (path, body) => {
    expect((await post(path, body)).status).toBe(400);
    expect(runtime.baldur.control.enabled).toBe(true);
  });
});

describe("health", () => {
  it("has the codes and bodies of each address", async () => {
    expect(await get("/liveness")).toMatchObject({ status: 200, json: { status: "alive" } });
    expect((await get("/health/live/")).json).toEqual({ status: "alive" });
    const ping = await get("/health/ping");
    expect([ping.json, ping.headers.get("cache-control")]).toEqual([
      { ping: "pong", status: "alive" },
      "max-age=1",
    ]);
    expect(await get("/readiness")).toMatchObject({ status: 200, json: { ready: true, phase: "running" } });
    expect(await get("/health/ready/")).toMatchObject({ status: 200, json: { status: "ready" } });
    expect(await get("/health/pool")).toMatchObject({ status: 200, json: { status: "healthy" } });
    expect(await get("/health")).toMatchObject({
      status: 200,
      json: {
        status: "healthy",
        checks: expect.any(Object),
        services_count: 0,
        emergency_level: 0,
        baldur_enabled: true,
        dry_run: false,
        timestamp: expect.any(String),
      },
    });
    expect((await get("/health")).json).not.toHaveProperty("phase");
  });

  it("is asked anew when that is wanted", async () => {
    await get("/health");
    expect((await get("/health?nocache=true")).json).toMatchObject({ _cache: { hit: "BYPASSED" } });
    expect((await get("/health?nocache=yes")).status).toBe(400);
  });

  it("is open to all but for what tells much", async () => {
    const stranger = (path: string): Promise<Answer> =>
      ask(handler, `GET ${path}`, { remoteAddress: "203.0.113.7" });
    for (const path of ["/liveness", "/readiness", "/health/pool", "/health/ping"])
      expect((await stranger(path)).status).toBe(200);
    expect((await stranger("/health")).status).toBe(401);
  });

  it("that nobody knows is no failure, and told once", async () => {
    const check = runtime.baldur.health.add("engine", () => ({ status: "unknown" as const }));
    for (let asked = 0; asked < 3; asked++) expect((await get("/health?nocache=true")).status).toBe(200);
    expect(runtime.telemetry.named("admin.health_unknown")).toMatchObject([
      { payload: { checks: ["engine"] } },
    ]);
    check[Symbol.dispose]();
    await get("/health?nocache=true");
    runtime.baldur.health.add("engine", () => ({ status: "unknown" as const }));
    await get("/health?nocache=true");
    expect(runtime.telemetry.named("admin.health_unknown")).toHaveLength(2);
  });

  it("is unavailable when a part is", async () => {
    runtime.baldur.health.add("engine", () => ({ status: "unhealthy" as const }), { readiness: true });
    expect((await get("/health?nocache=true")).status).toBe(503);
    expect(await get("/readiness")).toMatchObject({ status: 503, json: { ready: false } });
  });
});

describe("how it stands", () => {
  it("is shown: posture, storage, jobs, settings, metrics", async () => {
    expect((await get("/posture")).json).toMatchObject({
      tier: "oss",
      plugins: [{ name: "test-routes", status: "active" }],
      version: expect.any(String),
      uptime_seconds: expect.any(Number),
      instance: expect.stringContaining(`:${process.pid}`),
      unlocked: true,
      role: "admin",
    });
    for (const path of ["/storage/status", "/l2-storage/status", "/l2-storage/health"])
      expect((await get(path)).json).toEqual({ storage: "memory", mode: "normal", divergences: [] });
    expect((await post("/storage/recover", {})).json).toMatchObject({ recovered: false, mode: "normal" });
    expect((await get("/scheduler/jobs")).json).toMatchObject({
      jobs: expect.any(Array),
      leading: expect.any(Boolean),
    });
    expect((await get("/metrics")).json).toMatchObject({ metrics: expect.any(Array), cardinality: [] });
  });

  it("shows the settings of the shared store by themselves", async () => {
    const { json } = await get("/l2-storage/config");
    const areas = json["areas"] as unknown as { area: string; settings: { key: string }[] }[];
    expect(areas.map(({ area }) => area).sort()).toEqual(["resilientStorage", "sharedState", "storage"]);
    const settings = areas.flatMap(({ settings }) => settings);
    expect(settings.find(({ key }) => key === "redisUrl")).toMatchObject({ secret: true, set: false });
  });

  it("shows what can be switched on and off, in which package, and whether a licence is needed", async () => {
    const settings = defineSettings<{ enabled: boolean; loud: boolean }>("extra", {
      prefix: "BALDUR_EXTRA_",
      help: "of a test",
      fields: {
        enabled: boolean({ env: "ENABLED", default: true, help: "a switch" }),
        loud: boolean({ env: "LOUD", default: true, help: "no switch" }),
      },
    });
    const licensed = (status: "active" | "expired"): Plugin => ({
      name: "@acme/extra",
      settings: [settings],
      entitlement: async () => ({ status, customer: "c-42", expires: "2099-12-31" }),
      register: () => undefined,
    });
    const seen = async (plugins: readonly Plugin[]): Promise<Record<string, never>> => {
      const own = await TestRuntime.start({ plugins, settings: { retry: { enabled: false } } });
      const { json } = await ask(own.handler({ unlock: true }), "GET /features");
      await own[Symbol.asyncDispose]();
      return json;
    };
    const row = (json: Record<string, never>, area: string): unknown[] =>
      (json["features"] as unknown as { class: string }[]).filter((feature) => feature.class === area);
    const active = await seen([licensed("active")]);
    const days = (Date.UTC(2099, 11, 31) - Math.floor(Date.now() / 86_400_000) * 86_400_000) / 86_400_000;
    expect(active["entitlement"]).toEqual({
      status: "active",
      customer_id: "c-42",
      expires: "2099-12-31",
      days_until_expiry: days,
    });
    const extra = {
      module: "@acme/extra",
      class: "extra",
      field: "enabled",
      tier: "pro",
      default: true,
      enabled: true,
      env_var: "BALDUR_EXTRA_ENABLED",
      license_status: "active",
    };
    expect(row(active, "extra")).toEqual([extra]);
    expect(row(active, "retry")).toMatchObject([
      { module: "@baldur/core", tier: "oss", default: true, enabled: false, license_status: "not_required" },
    ]);
    expect(row(active, "admin")).toMatchObject([
      { module: "@baldur/admin", field: "enabled" },
      { field: "consoleEnabled" },
      { field: "openapiEnabled", env_var: "BALDUR_OPENAPI_ENABLED" },
    ]);
    const expired = await seen([licensed("expired")]);
    expect(row(expired, "extra")).toEqual([{ ...extra, enabled: false, license_status: "expired" }]);
    expect((await seen([]))["entitlement"]).toEqual({ status: "missing" });
  });

  it("shows of a secret setting only whether it is set", async () => {
    const own = await TestRuntime.start({ settings: { admin: { key: "the-key", port: 1234 } } });
    const answer = await ask(own.handler(), "GET /config", byKey("the-key"));
    expect(answer.text).not.toContain("the-key");
    const areas = answer.json["areas"] as unknown as { area: string; settings: Record<string, unknown>[] }[];
    const settings = areas.find(({ area }) => area === "admin")?.settings ?? [];
    const named = (key: string): unknown => settings.find((setting) => setting["key"] === key);
    expect(named("key")).toMatchObject({
      variable: "BALDUR_ADMIN_KEY",
      secret: true,
      set: true,
      source: "option",
    });
    expect(named("key")).not.toHaveProperty("value");
    expect(named("readonlyKey")).toMatchObject({ secret: true, set: false });
    expect(named("port")).toMatchObject({ value: 1234, default: 9090, help: expect.any(String) });
    expect((await ask(own.handler(), "GET /config?area=admin", byKey("the-key"))).json["areas"]).toHaveLength(
      1,
    );
    await own[Symbol.asyncDispose]();
  });

  it("explains that nothing exposes metrics", async () => {
    const answer = await ask(handler, "GET /prometheus", { remoteAddress: "203.0.113.7" });
    expect([answer.status, answer.json]).toMatchObject([503, { error: "metrics_unavailable" }]);
  });

  it("hands a scraper its page byte by byte", async () => {
    const exporter = {
      kind: "test",
      exposition: async (accept?: string) => ({
        contentType: "text/plain; version=0.0.4",
        body: `# ${accept}\n`,
      }),
      cardinality: () => [],
    };
    const own = await TestRuntime.start({
      plugins: [
        definePlugin({ name: "exporter", register: (context) => context.fill(metricsSlot, exporter) }),
      ],
    });
    const answer = await ask(own.handler(), "GET /prometheus", { headers: { accept: "text/plain" } });
    expect([answer.text, answer.headers.get("content-type")]).toEqual([
      "# text/plain\n",
      "text/plain; version=0.0.4",
    ]);
    await own[Symbol.asyncDispose]();
  });

  it("has reports, and none of a day that nobody knows", async () => {
    for (const path of ["/dashboard/summary", "/healing/summary", "/reports/daily/trend?days=3"])
      expect((await get(path)).status).toBe(200);
    expect((await get("/reports/daily/2001-01-01")).status).toBe(404);
    for (const path of [
      "/reports/daily/yesterday",
      "/reports/daily/trend?days=0",
      "/reports/daily/trend?days=x",
    ])
      expect((await get(path)).status).toBe(400);
  });
});

describe("the journal", () => {
  it("has who did what and why", async () => {
    await post("/system/disable", { reason: "incident 7" });
    await post("/system/enable", { reason: "over" });
    const page = await get("/journal?names=admin.action,system_control.kill_switch_activated&limit=10");
    expect(page.json).toMatchObject({
      entries: [
        {
          name: "admin.action",
          actor: "loopback",
          reason: "over",
          payload: { path: "/system/enable", outcome: "done" },
        },
        { name: "admin.action", actor: "loopback", reason: "incident 7" },
        { name: "system_control.kill_switch_activated", actor: "loopback", reason: "incident 7" },
      ],
    });
    const [newest] = page.json["entries"] as unknown as { id: string; at: string }[];
    expect((await get(`/journal?before=${newest?.id}&names=admin.action`)).json["entries"]).toHaveLength(1);
    expect((await get(`/journal?text=incident&level=info`)).json["entries"]).not.toHaveLength(0);
  });

  it("is paged as an audit", async () => {
    for (let count = 1; count <= 5; count++) await post("/system/dry-run/enable", { reason: `n${count}` });
    const page = async (query: string): Promise<Record<string, unknown>> =>
      (await get(`/control/audit?config_type=admin.action&${query}`)).json;
    expect(await page("page_size=2")).toMatchObject({
      schema_version: "h1",
      page: 1,
      has_next: true,
      has_previous: false,
      entries: [{ reason: "n5" }, { reason: "n4" }],
    });
    expect(await page("page=3&page_size=2")).toMatchObject({
      has_next: false,
      has_previous: true,
      entries: [{ reason: "n1" }],
    });
    expect(await page("user=nobody")).toMatchObject({ entries: [] });
    expect(await page("user=loopback")).toMatchObject({ entries: { length: 5 } });
  });

  it.each(["limit=0", "limit=501", "level=loud", "since=yesterday", "before=x", "before=", "text="])(
    "refuses %s",
    async (query) => {
      expect((await get(`/journal?${query}`)).status).toBe(400);
    },
  );
});

describe("the description of the API", () => {
  it("has every route that is served, with its role and fields", async () => {
    const { json } = await get("/schema");
    expect(json["openapi"]).toBe("3.1.0");
    const paths = json["paths"] as unknown as Record<string, Record<string, Record<string, unknown>>>;
    expect(paths["/liveness"]?.["get"]).toMatchObject({ security: [], "x-baldur-role": "public" });
    expect(paths["/strict/{id}"]?.["post"]).toMatchObject({
      operationId: "post_strict_id",
      summary: "checks its body",
      security: [{ key: [] }],
      parameters: [
        { name: "id", in: "path", required: true },
        { name: "verbose", in: "query", required: false },
      ],
      requestBody: {
        required: true,
        content: {
          "application/json": {
            schema: {
              required: ["count"],
              additionalProperties: false,
              properties: { count: { type: "integer", maximum: 10 } },
            },
          },
        },
      },
    });
    expect(JSON.stringify(paths["/strict/{id}"])).not.toContain('"required":true,"type"');
  });

  it("has every operation under a name of its own", async () => {
    const { json } = await get("/schema");
    const operations = Object.values(
      json["paths"] as unknown as Record<string, Record<string, { operationId: string }>>,
    )
      .flatMap((path) => Object.values(path))
      .map(({ operationId }) => operationId);
    expect(new Set(operations).size).toBe(operations.length);
  });

  it("is a page as well, on which nothing is markup that should not be", async () => {
    const page = await get("/docs");
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(page.text).toContain("POST /strict/{id}");
  });

  it("needs somebody who is let in, and can be turned off", async () => {
    for (const path of ["/schema", "/docs"]) {
      expect((await ask(handler, `GET ${path}`, { remoteAddress: "203.0.113.7" })).status).toBe(401);
      const own = await TestRuntime.start({ settings: { admin: { openapiEnabled: false } } });
      expect((await ask(own.handler(), `GET ${path}`)).status).toBe(404);
      await own[Symbol.asyncDispose]();
    }
  });
});

describe("an option", () => {
  it.each([
    [{ kye: "x" }, /kye is not a setting; did you mean key/],
    [{ key: "" }, /key must be a non-empty string/],
    [{ unlock: "yes" }, /unlock must be true or false/],
    [{ authorize: "me" }, /authorize must be a function/],
    [{ port: 80 }, undefined],
  ])("that is none opens nothing by mistake: %j", (options, message) => {
    const make = (): unknown => runtime.handler(options as never);
    if (message === undefined) expect(make).not.toThrow();
    else expect(make).toThrow(message);
  });
});

describe("before the start", () => {
  it("every route that shows something answers", async () => {
    const idle = createBaldur({ discover: false, env: {}, settings: { control: { backend: "memory" } } });
    const own = adminHandler(idle, { unlock: true });
    for (const { method, path } of routesServed(idle)) {
      if (method !== "GET" || path.includes("{")) continue;
      expect([path, (await ask(own, `GET ${path}`)).status]).not.toEqual([path, 500]);
    }
    expect((await ask(own, "GET /readiness")).status).toBe(503);
    await idle.close();
  });
});

describe("a prefix", () => {
  it("begins every path", async () => {
    const mounted = runtime.handler({ prefix: "/api/baldur" });
    expect((await ask(mounted, "GET /api/baldur/posture")).status).toBe(200);
    expect((await ask(mounted, "GET /api/baldur/health/ready/")).status).toBe(200);
    expect((await ask(mounted, "GET /posture")).status).toBe(404);
    expect((await ask(mounted, "GET /api/baldurposture")).status).toBe(404);
  });

  it.each(["api", "/api/", "/a b", "/a/*", "/:x", "/{x}", 5 as never])("must be one: %s", (prefix) => {
    expect(() => runtime.handler({ prefix })).toThrow(/prefix must be/);
  });
});
