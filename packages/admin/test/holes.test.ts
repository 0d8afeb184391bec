// Holes that control APIs are known for, each closed under its name.
import { ConfigurationError } from "@baldur/core";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { hostName } from "../src/access/hosts.js";
import { Keys } from "../src/access/keys.js";
import type { AdminServer } from "../src/server/admin-server.js";
import {
  answerOf,
  ask,
  byKey,
  KEY,
  RawClient,
  READONLY_KEY,
  REMOTE,
  routed,
  TestRuntime,
  until,
} from "./fixture.js";

jest.setTimeout(30_000);

const echo = routed(
  { method: "POST", path: "/echo", role: "operator", handler: ({ body }) => ({ body: body ?? null }) },
  {
    method: "GET",
    path: "/throws",
    role: "viewer",
    handler: () => {
      throw new Error("password=hunter2");
    },
  },
  { method: "GET", path: "/again", role: "viewer", handler: () => ONCE },
  { method: "GET", path: "/item/{id}", role: "viewer", handler: ({ params }) => params },
  { method: "GET", path: "/cycle", role: "viewer", handler: () => cycle() },
  {
    method: "GET",
    path: "/numbers",
    role: "viewer",
    handler: () => ({ none: Number.NaN, all: Number.POSITIVE_INFINITY }),
  },
);

const ONCE = new Response("once");

function cycle(): object {
  const self: Record<string, unknown> = { secret: "of the house" };
  self["self"] = self;
  return self;
}

let runtime: TestRuntime;
beforeEach(async () => {
  runtime = await TestRuntime.start({ plugins: [echo] });
});
afterEach(() => runtime[Symbol.asyncDispose]());

describe("malformed JSON", () => {
  it.each(["{", "{'a':1}", '{"a":1}}', "undefined", "\u0000", '{"a":NaN}', "[".repeat(100_000)])(
    "is refused, and is not an empty body: %.20s",
    async (body) => {
      const { status, json, text } = await ask(runtime.handler(), "POST /echo", { body });
      expect(status).toBe(400);
      expect(json).toMatchObject({ title: "Bad Request", detail: "the body is not JSON" });
      expect(text.length).toBeLessThan(300);
    },
  );

  it("is refused when its text is no UTF-8", async () => {
    const request = new Request("http://localhost/echo", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: Buffer.from([0x22, 0xff, 0x22]),
    });
    expect((await runtime.handler()(request, { remoteAddress: "127.0.0.1" })).status).toBe(400);
  });

  it.each(["", "  \n"])("is not what an empty body is: %j", async (body) => {
    expect((await ask(runtime.handler(), "POST /echo", { body })).json).toEqual({ body: null });
  });
});

describe("a body nested without end", () => {
  const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

  it.each([65, 5000, 100_000])(
    "is refused, and what it asks for is not done unseen: %i levels",
    async (levels) => {
      const answer = await ask(runtime.handler(), "POST /echo", { body: nested(levels) });
      expect([answer.status, answer.json]).toMatchObject([
        400,
        { detail: "the body is nested deeper than 64 levels" },
      ]);
      expect(runtime.telemetry.named("admin.action")).toMatchObject([{ payload: { outcome: "refused" } }]);
    },
  );

  it("is one of more levels than anybody needs", async () => {
    expect((await ask(runtime.handler(), "POST /echo", { body: nested(64) })).status).toBe(200);
    const flat = JSON.stringify(Array.from({ length: 1000 }, (_, i) => [i]));
    expect((await ask(runtime.handler(), "POST /echo", { body: flat })).status).toBe(200);
    expect(runtime.telemetry.named("admin.action")).toHaveLength(2);
  });
});

describe("a same-host proxy", () => {
  it.each([
    "forwarded: for=203.0.113.7",
    "Forwarded: for=127.0.0.1",
    "X-Forwarded-For: 203.0.113.7",
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-Host: ops.example.com",
    "x-forwarded-proto: https",
    "X-Forwarded-Email: eve@example.com",
    "X-Real-IP: 203.0.113.7",
    "Via: 1.1 proxy",
    "X-Forwarded: for=203.0.113.7",
    "X-Original-Forwarded-For: 203.0.113.7",
    "True-Client-IP: 203.0.113.7",
    "CF-Connecting-IP: 203.0.113.7",
    "Fastly-Client-IP: 203.0.113.7",
    "X-Cluster-Client-IP: 203.0.113.7",
    "X-Azure-ClientIP: 203.0.113.7",
    "X-Envoy-External-Address: 203.0.113.7",
    "CDN-Loop: cloudflare",
  ])("does not make its clients local: %s", async (header) => {
    const [name = "", value = ""] = header.split(": ");
    const { status, json } = await ask(runtime.handler(), "GET /control/status", {
      headers: { [name]: value },
    });
    expect(status).toBe(401);
    expect(json).toMatchObject({ reason: "api_key_not_configured_for_non_localhost_client" });
    expect(runtime.telemetry.named("admin.auth_rejected")).toHaveLength(1);
  });

  it("does not by the header that is agreed on for names either", async () => {
    const baldur = await TestRuntime.start({ settings: { admin: { identityHeader: "X-Auth-User" } } });
    const headers = { "x-auth-user": "eve" };
    expect((await ask(baldur.handler(), "GET /posture", { headers })).status).toBe(401);
    await baldur[Symbol.asyncDispose]();
  });

  it("is let in with a key, as everyone", async () => {
    const headers = { "x-forwarded-for": "203.0.113.7", "x-baldur-admin-key": KEY };
    expect((await ask(runtime.handler({ key: KEY }), "GET /posture", { headers })).status).toBe(200);
  });
});

describe("500 bodies", () => {
  it("say nothing of the error, and the log does", async () => {
    const { status, json, text } = await ask(runtime.handler(), "GET /throws");
    expect(status).toBe(500);
    expect(json).toEqual({
      type: "about:blank",
      title: "Internal Server Error",
      status: 500,
      detail: "the request failed; the log says why",
      code: "INTERNAL_ERROR",
    });
    expect(text).not.toContain("hunter2");
    expect(runtime.telemetry.named("admin.handler_error")).toMatchObject([
      { level: "error", payload: { method: "GET", path: "/throws", error: "Error: password=hunter2" } },
    ]);
  });

  it("are the same for what JSON cannot hold", async () => {
    const { status, json, text } = await ask(runtime.handler(), "GET /cycle");
    expect([status, json]).toMatchObject([500, { code: "INTERNAL_ERROR" }]);
    expect(text).not.toContain("house");
  });

  it("are the same for an answer that was given before, which cannot be given again", async () => {
    const handler = runtime.handler();
    expect((await ask(handler, "GET /again")).text).toBe("once");
    const { status, json } = await ask(handler, "GET /again");
    expect([status, json]).toMatchObject([500, { code: "INTERNAL_ERROR" }]);
    expect(runtime.telemetry.named("admin.handler_error")).toHaveLength(1);
  });

  it("are none for numbers that are none", async () => {
    expect((await ask(runtime.handler(), "GET /numbers")).text).toBe('{"none":null,"all":null}');
  });
});

describe("CSRF", () => {
  const form = { "content-type": "application/x-www-form-urlencoded" };

  it.each([
    form,
    { "content-type": "text/plain" },
    { "content-type": "multipart/form-data; boundary=application/json" },
  ])("is refused: what a form can send changes nothing %j", async (headers) => {
    const { status, json } = await ask(runtime.handler(), "POST /echo", { headers, body: "{}" });
    expect([status, json]).toMatchObject([403, { code: "REQUEST_HEADER_MISSING" }]);
    expect(runtime.telemetry.named("admin.action")).toMatchObject([
      { payload: { outcome: "refused", status: 403 } },
    ]);
  });

  it("is refused without any type", async () => {
    const request = new Request("http://localhost/echo", { method: "POST" });
    expect((await runtime.handler()(request, { remoteAddress: "127.0.0.1" })).status).toBe(403);
  });

  it.each([
    { "content-type": "application/json; charset=utf-8" },
    { ...form, "x-baldur-request": "1" },
    { ...form, "x-baldur-admin-key": "any" },
  ])("is not what a program sends: %j", async (headers) => {
    expect((await ask(runtime.handler(), "POST /echo", { headers, body: "{}" })).status).toBe(200);
  });

  it("is refused to an image or a script of another site, which has no origin", async () => {
    const headers = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "no-cors",
      "sec-fetch-dest": "image",
    };
    expect((await ask(runtime.handler(), "GET /events", { headers })).status).toBe(401);
    const own = { ...headers, "sec-fetch-site": "same-origin" };
    expect((await ask(runtime.handler(), "GET /posture", { headers: own })).status).toBe(200);
  });

  it("is refused for a page of another site, whatever it sends", async () => {
    for (const origin of [
      "https://evil.example",
      "http://localhost.evil.example",
      "null",
      "http://127.0.0.1.evil.example",
    ]) {
      const { status } = await ask(runtime.handler(), "POST /echo", { headers: { origin }, body: {} });
      expect(status).not.toBe(200);
    }
  });
});

describe("IPv6 loopback", () => {
  it.each(["::1", "::ffff:127.0.0.1", "::FFFF:127.8.9.10", "127.0.0.1", "127.255.0.1"])(
    "is local: %s",
    async (remoteAddress) => {
      expect((await ask(runtime.handler(), "GET /posture", { remoteAddress })).json).toMatchObject({
        role: "operator",
      });
    },
  );

  it.each([
    "::",
    "0.0.0.0",
    "::2",
    "::ffff:10.0.0.1",
    "fe80::1",
    "10.127.0.1",
    "1127.0.0.1",
    "localhost",
    "",
  ])("is not everything that resembles it: %s", async (remoteAddress) => {
    expect((await ask(runtime.handler(), "GET /posture", { remoteAddress })).status).toBe(401);
  });

  it("can be bound, and is reached by its name", async () => {
    const server = await runtime.serve({ bind: "::1" });
    expect(server.url).toBe(`http://[::1]:${server.boundPort}`);
    expect((await fetch(`${server.url}/posture`)).status).toBe(200);
  });
});

describe("Host", () => {
  const served = (bind: string, allowedOrigins: readonly string[] = []): Promise<AdminServer> =>
    runtime.serve({ bind, allowedOrigins });

  async function statusOf(server: AdminServer, host: string): Promise<number | undefined> {
    await using client = new RawClient(server.boundPort);
    client.write("GET /liveness HTTP/1.1", `Host: ${host}`, "Connection: close", "", "");
    await until("answered", () => client.closed);
    return client.statuses[0];
  }

  it.each([
    "localhost",
    "LOCALHOST:9090",
    "localhost.",
    "LocalHost.:80",
    "127.0.0.1",
    "127.0.0.1.",
    "[::1]",
    "[::1]:9090",
  ])("with trailing dot or upper case is the same name: %s", async (host) => {
    expect(await statusOf(await served("127.0.0.1"), host)).toBe(200);
  });

  it.each([
    "evil.example",
    "evil.example:9090",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil.example.",
    "localhost@evil.example",
    "evil.example#localhost",
    "localhost,evil.example",
    "10.0.0.1",
    "[::2]",
    "",
  ])("of another name, as DNS rebinding sends, is refused: %s", async (host) => {
    expect([400, 403]).toContain(await statusOf(await served("127.0.0.1"), host));
  });

  it.each(["xn--localhost", "user@localhost", "[::1", "localhost:99999"])(
    "that makes no URL is refused with a problem, and is no failure: %s",
    async (host) => {
      const server = await served("127.0.0.1");
      await using client = new RawClient(server.boundPort);
      client.write("GET /posture HTTP/1.1", `Host: ${host}`, "Connection: close", "", "");
      await until("answered", () => client.closed);
      expect(client.statuses).toEqual([400]);
      expect(client.received.toLowerCase()).toContain("content-type: application/problem+json");
      expect(runtime.telemetry.named("admin.handler_error")).toEqual([]);
    },
  );

  it("is the same name however its address is written", () => {
    for (const host of ["[::1]", "[0:0:0:0:0:0:0:1]:80", "[::0001]"]) expect(hostName(host)).toBe("[::1]");
  });

  it("of an allowed name is let in, with its variants", async () => {
    const server = await served("127.0.0.1", ["https://ops.example.com", "Console.Example.com."]);
    for (const host of ["ops.example.com", "OPS.EXAMPLE.COM.", "console.example.com:80"])
      expect(await statusOf(server, host)).toBe(200);
    expect(await statusOf(server, "example.com")).toBe(403);
  });

  it("is told of when it is refused", async () => {
    await statusOf(await served("127.0.0.1"), "evil.example");
    expect(runtime.telemetry.named("admin.request_origin_blocked")).toMatchObject([
      { level: "warning", payload: { method: "GET", path: "/liveness", host: "evil.example" } },
    ]);
  });

  it("given twice is refused", async () => {
    const server = await served("127.0.0.1");
    await using client = new RawClient(server.boundPort);
    client.write(
      "GET /liveness HTTP/1.1",
      "Host: localhost",
      "Host: evil.example",
      "Connection: close",
      "",
      "",
    );
    await until("answered", () => client.closed);
    expect([400, 403]).toContain(client.statuses[0]);
  });
});

describe("Origin", () => {
  const server = (allowedOrigins: readonly string[] = []): Promise<AdminServer> =>
    runtime.serve({ allowedOrigins });

  it.each(["http://localhost:9090", "http://127.0.0.1", "https://LOCALHOST.", "http://[::1]:1"])(
    "of this machine is let in: %s",
    async (origin) => {
      expect((await fetch(`${(await server()).url}/liveness`, { headers: { origin } })).status).toBe(200);
    },
  );

  it.each(["null", "https://evil.example", "http://localhost.evil.example", "file://", "x", "data:,"])(
    "of another is refused although the Host is right: %s",
    async (origin) => {
      const answer = await answerOf(await fetch(`${(await server()).url}/liveness`, { headers: { origin } }));
      expect([answer.status, answer.json]).toMatchObject([403, { code: "ORIGIN_BLOCKED" }]);
    },
  );

  it("that is null is refused everywhere", async () => {
    const handler = runtime.handler({ key: KEY });
    const headers = { origin: "null", "x-baldur-admin-key": KEY };
    expect((await ask(handler, "GET /posture", { headers, host: "api.example.com" })).status).toBe(403);
  });
});

describe("DNS rebinding", () => {
  it("does not reach a handler in another server: who is local there is so by the name of this machine", async () => {
    const handler = runtime.handler();
    expect((await ask(handler, "GET /posture", { host: "evil.example" })).status).toBe(401);
    expect((await ask(handler, "GET /posture", { host: "localhost:3000" })).status).toBe(200);
  });
});

describe("keys", () => {
  it("of unequal length are compared as digests", () => {
    const keys = new Keys({ full: KEY, readonly: READONLY_KEY });
    for (const key of ["", KEY.slice(1), `${KEY}x`, "x".repeat(100_000)])
      expect(keys.roleOf(key)).toBeUndefined();
    expect([keys.roleOf(KEY), keys.roleOf(READONLY_KEY)]).toEqual(["operator", "viewer"]);
  });

  it("are never logged, shown or told", async () => {
    const secrets = { key: KEY, readonlyKey: READONLY_KEY };
    const own = await TestRuntime.start({ plugins: [echo], settings: { admin: secrets } });
    const server = await own.serve();
    const texts: string[] = [];
    for (const key of [KEY, READONLY_KEY, `${KEY}!`]) {
      for (const route of [
        "GET /config",
        "GET /posture",
        "POST /echo",
        "GET /throws",
        "GET /nowhere",
        "POST /system/disable",
      ]) {
        const [method, path] = route.split(" ");
        const headers = { "x-baldur-admin-key": key, "content-type": "application/json" };
        const answer = await answerOf(await fetch(`${server.url}${path}`, { method: method ?? "", headers }));
        texts.push(answer.text, JSON.stringify([...answer.headers]));
      }
    }
    texts.push(JSON.stringify(own.telemetry.events), JSON.stringify(own.baldur.settings.describe()));
    expect(texts.join()).not.toContain(KEY);
    expect(texts.join()).not.toContain(READONLY_KEY);
    expect(own.telemetry.events.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "admin.server_started",
        "admin.auth_rejected",
        "admin.action",
        "admin.handler_error",
      ]),
    );
    await own[Symbol.asyncDispose]();
  });

  it.each(["", " ", "key ", "schlüssel", "a\nb", "a\u0000"])(
    "that no header can carry are a mistake, not a door that is open or never opens: %j",
    (key) => {
      expect(() => runtime.handler({ key })).toThrow(ConfigurationError);
      expect(() => runtime.handler({ readonlyKey: key })).toThrow(ConfigurationError);
    },
  );

  it("that are alike are a mistake", () => {
    expect(() => runtime.handler({ key: KEY, readonlyKey: KEY })).toThrow(/READONLY_KEY must differ/);
  });
});

describe("the read-only key alone", () => {
  it("makes the API read-only, for local programs too", async () => {
    const handler = runtime.handler({ readonlyKey: READONLY_KEY });
    expect((await ask(handler, "GET /posture")).status).toBe(401);
    expect((await ask(handler, "GET /posture", byKey(READONLY_KEY))).status).toBe(200);
    expect((await ask(handler, "POST /echo", { ...byKey(READONLY_KEY), body: {} })).json).toMatchObject({
      detail: "this needs the role operator, and yours is viewer",
    });
  });
});

describe("encoded slashes", () => {
  it.each([
    ["/item/a%2Fb", { id: "a/b" }],
    ["/item/a%2F..%2Fb", { id: "a/../b" }],
    ["/item/%252F", { id: "%2F" }],
    ["/item/a%00b", { id: "a\u0000b" }],
    ["/item/%E2%82%AC", { id: "€" }],
  ])("stay in their parameter: %s", async (path, params) => {
    expect((await ask(runtime.handler(), `GET ${path}`)).json).toEqual(params);
  });

  it.each(["/item%2Fa", "//item/a", "/item/a/b", "/item%5Ca", "/.%2Fitem/a"])(
    "make no route of another: %s",
    async (path) => {
      expect((await ask(runtime.handler(), `GET ${path}`)).status).toBe(404);
    },
  );

  it("lead nobody past a role", async () => {
    const handler = runtime.handler({ key: KEY, readonlyKey: READONLY_KEY, unlock: true });
    for (const path of [
      "/system/disable",
      "/system/%64isable",
      "/x/../system/disable",
      "/system/disable/",
      "/SYSTEM/disable",
    ]) {
      const { status } = await ask(handler, `POST ${path}`, {
        ...byKey(READONLY_KEY),
        body: { reason: "x" },
      });
      expect([403, 404]).toContain(status);
    }
    expect(runtime.baldur.control.enabled).toBe(true);
  });
});

describe("a remote client", () => {
  it("is let in with a key, and by none without", async () => {
    expect((await ask(runtime.handler(), "GET /posture", REMOTE)).status).toBe(401);
    expect(
      (await ask(runtime.handler({ key: KEY }), "GET /posture", { ...REMOTE, ...byKey(KEY) })).status,
    ).toBe(200);
  });

  it("is not let in by what it says of itself", async () => {
    const headers = { "x-forwarded-for": "127.0.0.1", host: "localhost" };
    expect(
      (await ask(runtime.handler({ trustProxy: true }), "GET /posture", { ...REMOTE, headers })).status,
    ).toBe(401);
  });
});

describe("what a request says", () => {
  it("does not fill the log, whoever sends it", async () => {
    const long = "x".repeat(4000);
    const server = await runtime.serve();
    const headers = { origin: `http://${long}.example` };
    expect((await fetch(`${server.url}/${long}`, { headers })).status).toBe(403);
    await ask(runtime.handler(), `POST /item/${long}`);
    await ask(runtime.handler({ key: KEY }), `GET /item/${long}`);
    expect(runtime.telemetry.named("admin.request_origin_blocked")).toHaveLength(1);
    expect(runtime.telemetry.named("admin.auth_rejected")).toHaveLength(1);
    expect(JSON.stringify(runtime.telemetry.events).length).toBeLessThan(5000);
  });
});

describe("what everybody may ask", () => {
  it("is how it is, and not in the words of what failed", async () => {
    const words = "password authentication failed for user root at db.internal";
    const fail = (): never => {
      throw new Error(words);
    };
    using _ = runtime.baldur.health.add("database", fail, { readiness: true });
    const readiness = await ask(runtime.handler(), "GET /readiness", REMOTE);
    expect(readiness).toMatchObject({
      status: 503,
      json: { ready: false, checks: { database: { status: "unknown" } } },
    });
    expect(readiness.text).not.toContain("db.internal");
    expect((await ask(runtime.handler(), "GET /health?nocache=true")).text).toContain("db.internal");
  });
});
