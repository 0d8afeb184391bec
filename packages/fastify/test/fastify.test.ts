import { once } from "node:events";
import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { createBaldur, init } from "@baldur/core";
import { ask, begin, Gate, until } from "@baldur/core/test/http/adapter/client.js";
import { createRuntime } from "@baldur/core/test/http/adapter/fixture.js";
import { SILENT } from "@baldur/core/test/runtime.js";
import { recordTelemetry } from "@baldur/testkit";
import { afterEach, describe, expect, it } from "@jest/globals";
import Fastify, { type FastifyInstance } from "fastify";
import { baldur, type FastifyBaldurOptions } from "../src/index.js";

const REQUESTS = "baldur_http_requests_total";

const apps: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

async function create(options: FastifyBaldurOptions = {}): Promise<FastifyInstance> {
  const app = Fastify({ forceCloseConnections: true });
  apps.push(app);
  await app.register(baldur, { runtime: createRuntime(), drain: { linger: 0 }, ...options });
  return app;
}

async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: "127.0.0.1" });
  return (app.server.address() as { port: number }).port;
}

/** Answers every path of HTTP/2 with the correlation id, once the gate is open; tells of each that was sent. */
async function serveHttp2(gate: Gate, onClose: (id: string) => void = () => undefined) {
  const app = Fastify({ http2: true });
  apps.push(app as unknown as FastifyInstance);
  const runtime = createRuntime();
  await app.register(baldur, { runtime, drain: { linger: 0 } });
  app.get("/:name", async ({ baldur: { correlationId } }, reply) => {
    await gate.pass();
    reply.raw.on("close", () => onClose(correlationId));
    return correlationId;
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { runtime, url: `http://127.0.0.1:${(app.server.address() as { port: number }).port}` };
}

describe("the plugin", () => {
  it("covers what is registered after it, at any depth and under any prefix", async () => {
    const app = await create();
    const telemetry = recordTelemetry(app.baldur.runtime);
    await app.register(
      async (child) => {
        child.get("/orders/:id", async ({ baldur: { correlationId } }) => correlationId);
      },
      { prefix: "/v1" },
    );
    const answer = await app.inject({ url: "/v1/orders/7", headers: { "x-request-id": "r-1" } });
    expect(answer).toMatchObject({ statusCode: 200, body: "r-1" });
    expect(telemetry.value(REQUESTS, { endpoint: "/v1/orders/:id", status_code: "200" })).toBe(1);
  });

  it("counts and knows every stream of an HTTP/2 connection, and drains them", async () => {
    const gate = new Gate();
    const ended: string[] = [];
    const { runtime, url } = await serveHttp2(gate, (id) => ended.push(id));
    const session = connect(url);
    const told = once(session, "goaway");
    const closed = once(session, "close");
    const names = ["a", "b", "c"];
    const streams = names.map((name) => session.request({ ":path": `/${name}`, "x-request-id": name }));
    await gate.reached(names.length);
    expect(runtime.lifecycle.inFlight).toBe(names.length);
    const report = runtime.lifecycle.shutdown();
    await told;
    gate.open();
    await expect(Promise.all(streams.map((stream) => text(stream)))).resolves.toEqual(names);
    await closed;
    await expect(report).resolves.toMatchObject({ clean: true, drained: names.length });
    expect(ended.sort()).toEqual(names);
  });

  it("answers the first stream of an HTTP/2 connection that is made in a drain, and ends it with that", async () => {
    const gate = new Gate();
    const { runtime, url } = await serveHttp2(gate);
    const held = connect(url).request({ ":path": "/a" });
    await gate.reached();
    const report = runtime.lifecycle.shutdown();
    const late = connect(url);
    const closed = once(late, "close");
    const refused = late.request({ ":path": "/a" });
    const [headers] = await once(refused, "response");
    await text(refused);
    expect(headers).toMatchObject({ ":status": 503, "retry-after": expect.any(String) });
    await closed;
    gate.open();
    await text(held);
    await expect(report).resolves.toMatchObject({ clean: true });
  });

  it("cuts the HTTP/2 connections that are open when the time is up", async () => {
    const gate = new Gate();
    const { runtime, url } = await serveHttp2(gate);
    const session = connect(url);
    const ended = [once(session, "close"), once(session.request({ ":path": "/a" }), "close")];
    await gate.reached();
    await expect(runtime.lifecycle.shutdown({ deadline: 1 })).resolves.toMatchObject({ clean: false });
    await Promise.all(ended);
    gate.open();
  });

  it("counts injected requests until they end", async () => {
    const app = await create();
    const gate = new Gate();
    app.get("/slow", async () => {
      await gate.pass();
      return "ok";
    });
    const answer = app.inject("/slow");
    await gate.reached();
    expect(app.baldur.runtime.lifecycle.inFlight).toBe(1);
    gate.open();
    await answer;
    expect(app.baldur.runtime.lifecycle.inFlight).toBe(0);
  });

  it("covers the application's own handler of what is not found", async () => {
    const app = await create();
    const telemetry = recordTelemetry(app.baldur.runtime);
    app.setNotFoundHandler(async (request, reply) => reply.code(404).send(request.baldur.correlationId));
    await expect(app.inject({ url: "/none", headers: { "x-request-id": "r-1" } })).resolves.toMatchObject({
      statusCode: 404,
      body: "r-1",
    });
    expect(telemetry.value(REQUESTS, { endpoint: "UNMATCHED_ROUTE" })).toBe(1);
  });

  it("gives every route a circuit of its own, where that is wanted", async () => {
    const app = await create({ circuitBreaker: { failureThreshold: 2, minimumCalls: 2 } });
    const { runtime } = app.baldur;
    app.get("/bad/:id", async () => {
      throw new Error("broken");
    });
    app.get("/good", async () => "ok");
    app.get("/free", { config: { baldur: { circuitBreaker: false } } }, async () => "ok");
    for (let n = 0; n < 2; n++) await app.inject(`/bad/${n}`);
    await expect(app.inject("/bad/3")).resolves.toMatchObject({ statusCode: 503 });
    await expect(app.inject("/good")).resolves.toMatchObject({ statusCode: 200 });
    await app.inject("/free");
    expect(runtime.circuits().map(({ name, state }) => [name, state])).toEqual([
      ["http:GET /bad/:id", "open"],
      ["http:GET /good", "closed"],
    ]);
  });

  it("lets the hooks of the application see what it answers", async () => {
    const app = Fastify();
    apps.push(app);
    app.addHook("onSend", async (_request, reply, payload) => {
      reply.header("x-seen", "1");
      return payload;
    });
    await app.register(baldur, { runtime: createRuntime(), rateLimit: { limit: 1 } });
    app.get("/", async () => "ok");
    await app.inject("/");
    await expect(app.inject("/")).resolves.toMatchObject({ statusCode: 429, headers: { "x-seen": "1" } });
  });

  it("answers who probes, whatever the hooks of the application want to know", async () => {
    const app = await create();
    app.addHook("onRequest", async (_request, reply) => reply.code(401).send());
    for (const path of ["/api/baldur/health/live", "/api/baldur/health/ready"])
      await expect(app.inject(path)).resolves.toMatchObject({ statusCode: 200 });
    await expect(app.inject("/none")).resolves.toMatchObject({ statusCode: 401 });
  });

  it("gives what it answers itself a context, for the hooks of the application", async () => {
    const app = await create();
    const seen: string[] = [];
    app.addHook("onResponse", async (request) => void seen.push(request.baldur.correlationId));
    app.addHook("onSend", async (request) => void seen.push(request.baldur.correlationId));
    await app.inject({ url: "/api/baldur/health/live", headers: { "x-request-id": "probe" } });
    const shutdown = app.baldur.runtime.lifecycle.shutdown();
    const late = await app.inject({ url: "/", headers: { "x-request-id": "late" } });
    expect(late).toMatchObject({ statusCode: 503, body: "This server is shutting down.\n" });
    expect(seen).toEqual(["probe", "late", "late"]);
    await shutdown;
  });

  it("has its paths below the prefix that it is registered under, in their own spelling", async () => {
    const app = Fastify({ routerOptions: { caseSensitive: false } });
    apps.push(app);
    const runtime = createRuntime();
    await app.register(async (child) => child.register(baldur, { runtime, drain: { linger: 0 } }), {
      prefix: "/v1",
    });
    const statusOf = async (path: string): Promise<number> => (await app.inject(path)).statusCode;
    await expect(statusOf("/v1/api/baldur/health/live")).resolves.toBe(200);
    await expect(statusOf("/v1/api/baldur/control/status")).resolves.toBe(200);
    await expect(statusOf("/v1/metrics")).resolves.toBe(503);
    await expect(statusOf("/v1/METRICS")).resolves.toBe(404);
    await expect(statusOf("/api/baldur/health/live")).resolves.toBe(404);
  });

  it("keeps validation before idempotency: what is no request claims no key", async () => {
    const app = await create();
    const body = { type: "object", required: ["order"], properties: { order: { type: "integer" } } };
    app.post("/pay", { schema: { body }, config: { baldur: { idempotency: true } } }, async () => "paid");
    const pay = (payload: object) =>
      app.inject({ method: "POST", url: "/pay", payload, headers: { "idempotency-key": "k" } });
    await expect(pay({})).resolves.toMatchObject({ statusCode: 400 });
    await expect(pay({ order: 1 })).resolves.toMatchObject({ statusCode: 200, body: "paid" });
  });

  it("hands what a function of the options throws to the application", async () => {
    const app = await create();
    const broken = (): never => {
      throw new Error("no session");
    };
    app.get("/a", { config: { baldur: { rateLimit: { limit: 1, key: broken } } } }, async () => "ok");
    app.post("/b", { config: { baldur: { idempotency: { principal: broken } } } }, async () => "ok");
    await expect(app.inject("/a")).resolves.toMatchObject({ statusCode: 500 });
    const answer = await app.inject({ method: "POST", url: "/b", headers: { "idempotency-key": "k" } });
    expect(answer.json()).toMatchObject({ message: "no session" });
  });

  it("leaves the parsers of bodies to the application", async () => {
    const app = await create({ api: { prefix: "/ops" } });
    app.addContentTypeParser("text/csv", { parseAs: "string" }, (_request, text, done) => done(null, text));
    app.post("/", async ({ body }) => body);
    const payload = "a,b";
    const headers = { "content-type": "text/csv" };
    await expect(app.inject({ method: "POST", url: "/", payload, headers })).resolves.toMatchObject({
      body: "a,b",
    });
    const large = { method: "POST" as const, url: "/ops/none", payload: "x".repeat(100_000), headers };
    expect((await app.inject(large)).statusCode).toBeLessThan(500);
  });
});

describe("the start", () => {
  it("fails the application's where the runtime cannot start", async () => {
    const runtime = createBaldur({
      env: { BALDUR_REDIS_URL: "redis://127.0.0.1:1" },
      discover: false,
      logger: SILENT,
    });
    const app = Fastify();
    await expect(app.register(baldur, { runtime })).rejects.toMatchObject({
      code: "ERR_BALDUR_ADAPTER_NOT_FOUND",
    });
  });

  it("names an option that breaks its rule", async () => {
    const app = Fastify();
    await expect(app.register(baldur, { runtime: createRuntime(), rateLimit: { limit: 0 } })).rejects.toThrow(
      "rateLimit.limit must be a positive integer",
    );
    const routes = await create();
    expect(() => routes.get("/", { config: { baldur: { ratelimit: 1 } as object } }, async () => "")).toThrow(
      "ratelimit",
    );
  });
});

describe("the end", () => {
  it("of the runtime closes the application, with what its plugins hold", async () => {
    const app = await create();
    const order: string[] = [];
    app.addHook("onClose", async () => void order.push("closed"));
    const gate = new Gate();
    app.get("/slow", async () => {
      await gate.pass();
      order.push("answered");
      return "ok";
    });
    const port = await listen(app);
    const answer = ask(port, "/slow");
    await gate.reached();
    const report = app.baldur.runtime.lifecycle.shutdown();
    await expect(ask(port, "/api/baldur/health/live")).resolves.toMatchObject({ status: 200 });
    await expect(ask(port, "/slow")).resolves.toMatchObject({ status: 503 });
    gate.open();
    await expect(answer).resolves.toMatchObject({ status: 200 });
    await expect(report).resolves.toMatchObject({ clean: true, drained: 1 });
    expect(order).toEqual(["answered", "closed"]);
    expect(app.server.listening).toBe(false);
  });

  it("of the application is the runtime's, which it started itself, and waits for its requests", async () => {
    const initialised = init({
      discover: false,
      env: {},
      logger: SILENT,
      settings: { control: { backend: "memory" } },
    });
    const first = Fastify();
    const second = Fastify();
    const options = { drain: { linger: 0 } };
    await first.register(baldur, options);
    await second.register(baldur, options);
    const runtime = await initialised;
    expect(first.baldur.runtime).toBe(runtime);
    expect(second.baldur.runtime).toBe(runtime);
    await first.close();
    expect(runtime.lifecycle.phase).toBe("running"); // the other one serves
    const gate = new Gate();
    second.get("/slow", async () => {
      await gate.pass();
      return "ok";
    });
    const port = await listen(second);
    const answer = ask(port, "/slow");
    await gate.reached();
    const closed = second.close();
    await until("draining", () => runtime.lifecycle.phase === "draining");
    gate.open();
    await expect(answer).resolves.toMatchObject({ status: 200 });
    await closed;
    expect(runtime.lifecycle.phase).toBe("terminated");
  });

  it("of the application leaves a runtime alone that was given", async () => {
    const app = await create();
    const { runtime } = app.baldur;
    await app.close();
    expect(runtime.lifecycle.phase).toBe("running");
    await expect(runtime.lifecycle.shutdown()).resolves.toMatchObject({ clean: true });
  });

  it("cuts off event streams of the control API, which nobody waits for", async () => {
    const app = await create();
    const port = await listen(app);
    const stream = await begin(port, "/api/baldur/events");
    stream.resume().on("error", () => undefined);
    await expect(app.baldur.close({ deadline: 5000 })).resolves.toMatchObject({ clean: true });
    await until("cut off", () => stream.destroyed || stream.readableEnded);
  });
});
