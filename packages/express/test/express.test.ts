import { once } from "node:events";
import { createServer, IncomingMessage, type Server } from "node:http";
import { createBaldur } from "@baldur/core";
import { ask, Gate, RawClient, until } from "@baldur/core/test/http/adapter/client.js";
import { createRuntime } from "@baldur/core/test/http/adapter/fixture.js";
import { SILENT } from "@baldur/core/test/runtime.js";
import { recordTelemetry } from "@baldur/testkit";
import { afterEach, describe, expect, it } from "@jest/globals";
import express, { type Application, type RequestHandler, Router } from "express";
import { baldur } from "../src/index.js";

const REQUESTS = "baldur_http_requests_total";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function listen(app: Application): Promise<number> {
  const server = app.set("env", "test").listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

describe("templates", () => {
  const shown = async (
    app: Application,
    runtime: ReturnType<typeof createRuntime>,
    paths: readonly string[],
  ) => {
    const port = await listen(app);
    const telemetry = recordTelemetry(runtime);
    for (const path of paths) await ask(port, path);
    await until("counted", () => {
      const counts = telemetry.series(REQUESTS).map(({ value = 0 }) => value);
      return counts.reduce((sum, count) => sum + count, 0) === paths.length;
    });
    return telemetry.series(REQUESTS).map(({ labels }) => `${labels["endpoint"]} ${labels["status_code"]}`);
  };

  it("join what a router is mounted at, also when its route has failed", async () => {
    const runtime = createRuntime();
    const app = express();
    baldur(app, { runtime });
    const router = Router();
    router.get("/", (_request, response) => void response.send("all"));
    router.get("/:id", (_request, response) => void response.send("one"));
    router.get("/:id/boom", () => {
      throw new Error("broken");
    });
    app.use("/shop/orders", Router().use("/v1", router));
    const paths = ["/shop/orders/v1", "/shop/orders/v1/7", "/shop/orders/v1/7/boom"];
    await expect(shown(app, runtime, paths)).resolves.toEqual([
      "/shop/orders/v1 200",
      "/shop/orders/v1/:id 200",
      "/shop/orders/v1/:id/boom 500",
    ]);
  });

  it("are not made up by clients, where a mount has parameters", async () => {
    const runtime = createRuntime();
    const app = express();
    baldur(app, { runtime });
    app.use(
      "/:tenant",
      Router().get("/orders", (_request, response) => void response.send("ok")),
    );
    const paths = Array.from({ length: 150 }, (_, n) => `/tenant-${n}/orders`);
    const endpoints = await shown(app, runtime, ["/7/orders", "/8/orders", ...paths]);
    expect(endpoints).toContain("/{id}/orders 200");
    expect(endpoints).toContain("/*/orders 200");
    expect(endpoints).toHaveLength(100);
  });

  it("may be patterns, and are missing where middleware answers", async () => {
    const runtime = createRuntime();
    const app = express();
    baldur(app, { runtime });
    app.get(/^\/re(x+)$/, (_request, response) => void response.send("ok"));
    app.get(["/one", "/two"], (_request, response) => void response.send("ok"));
    app.use("/static", (_request, response) => void response.send("file"));
    await expect(shown(app, runtime, ["/rexx", "/two", "/static/a"])).resolves.toEqual([
      "/^\\/re(x+)$/ 200",
      "/one,/two 200",
      "UNMATCHED_ROUTE 200",
    ]);
  });
});

describe("the context of a request", () => {
  it("is its own among those that wait on one connection", async () => {
    const gate = new Gate();
    const app = express();
    await baldur(app, { runtime: createRuntime() }).ready;
    app.get("/:name", async (request, response) => {
      await gate.pass();
      response.send(`${request.params["name"]} is ${request.baldur.correlationId};`);
    });
    const client = new RawClient(await listen(app));
    const names = ["a", "b", "c"];
    for (const name of names) client.send(`GET /${name} HTTP/1.1`, "Host: a", `X-Request-ID: id-of-${name}`);
    await gate.reached(names.length);
    gate.open();
    await until("answered", () =>
      names.every((name) => client.received.includes(`${name} is id-of-${name};`)),
    );
  });

  it.each([true, false])("has one id, in the end too (asked for before it: %s)", async (isAskedBefore) => {
    const seen: string[] = [];
    const app = express();
    await baldur(app, { runtime: createRuntime() }).ready;
    app.get("/", (request, response) => {
      if (isAskedBefore) seen.push(request.baldur.correlationId);
      response.on("close", () => {
        setImmediate(() => seen.push(request.baldur.correlationId, request.baldur.correlationId));
      });
      response.send("ok");
    });
    await ask(await listen(app), "/");
    await until("closed", () => seen.length >= 2);
    expect(new Set(seen).size).toBe(1);
    expect(seen[0]).toMatch(/^[\da-f-]{36}$/);
  });
});

describe("a request that Baldur answers itself", () => {
  it("has a context too, for what looks at it afterwards", async () => {
    const app = express();
    const runtime = createRuntime({ settings: { shutdown: { checkInterval: 10 } } });
    const seen: unknown[] = [];
    app.use((request, response, next) => {
      response.on("finish", () => seen.push(request.baldur.correlationId));
      next();
    });
    await baldur(app, { runtime }).ready;
    const port = await listen(app);
    await ask(port, "/api/baldur/health/live", { headers: { "x-request-id": "probe" } });
    const shutdown = runtime.lifecycle.shutdown();
    await ask(port, "/", { headers: { "x-request-id": "late" } });
    expect(seen).toEqual(["probe", "late"]);
    await shutdown;
  });
});

describe("requests of a server that is known", () => {
  it("have room for what Express adds before it gets them, and what is there stays", async () => {
    const app = express();
    await baldur(app, { runtime: createRuntime() }).ready;
    app.get("/", (request, response) => void response.send(request.originalUrl));
    const port = await listen(app);
    await ask(port, "/");
    const server = servers[0] as Server;
    const [shape] = server.listeners("request") as ((...args: object[]) => void)[];
    const request = { originalUrl: "/before" };
    const response = {};
    shape?.(request, response);
    expect(request.originalUrl).toBe("/before");
    expect(Object.keys(request)).toEqual(expect.arrayContaining(["next", "params", "res", "baseUrl"]));
    expect(Object.keys(response)).toEqual(["locals"]);
    expect(server.listenerCount("request")).toBe(2);
  });

  it("need no room: classes of the application's own may have none", async () => {
    class Own extends IncomingMessage {
      get params(): undefined {
        return undefined;
      }
    }
    const app = express();
    const handle = baldur(app, { runtime: createRuntime() });
    await handle.ready;
    app.get("/:name", (request, response) => void response.send(request.params.name));
    const server = handle.server(createServer({ IncomingMessage: Own }, app)).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    await expect(ask(port, "/a")).resolves.toMatchObject({ status: 200, body: "a" });
  });
});

describe("a second adapter in one process", () => {
  it("counts a request through both once, and drains once", async () => {
    const runtime = createRuntime();
    const telemetry = recordTelemetry(runtime);
    const gate = new Gate();
    const inner = express();
    const innerHandle = baldur(inner, { runtime, rateLimit: { limit: 1 }, drain: { linger: 0 } });
    inner.get("/slow", innerHandle.route({ circuitBreaker: true }), async (request, response) => {
      await gate.pass();
      response.send(request.baldur.correlationId);
    });
    const outer = express();
    const outerHandle = baldur(outer, { runtime, drain: { linger: 0 } });
    outer.use("/inner", inner);
    const port = await listen(outer);
    await Promise.all([innerHandle.ready, outerHandle.ready]);
    const answer = ask(port, "/inner/slow", { headers: { "x-request-id": "r-1" } });
    await gate.reached();
    expect(runtime.lifecycle.inFlight).toBe(1);
    const report = runtime.lifecycle.shutdown();
    gate.open();
    await expect(answer).resolves.toMatchObject({ status: 200, body: "r-1" });
    await expect(report).resolves.toMatchObject({ clean: true, drained: 1 });
    expect(telemetry.series(REQUESTS)).toMatchObject([{ labels: { endpoint: "/inner/slow" }, value: 1 }]);
    expect(telemetry.series("baldur_http_request_duration_seconds")).toMatchObject([{ count: 1 }]);
    expect(telemetry.named("shutdown.handler_failed")).toEqual([]);
  });

  it("counts the requests of two servers together", async () => {
    const runtime = createRuntime();
    const telemetry = recordTelemetry(runtime);
    for (let n = 0; n < 2; n++) {
      const app = express();
      await baldur(app, { runtime, drain: { linger: 0 } }).ready;
      app.get("/", (_request, response) => void response.send("ok"));
      await ask(await listen(app), "/");
    }
    await until("counted", () => telemetry.value(REQUESTS, { endpoint: "/" }) === 2);
    await expect(runtime.lifecycle.shutdown()).resolves.toMatchObject({ clean: true });
  });
});

describe("the start", () => {
  it("is waited for: nobody passes unlimited", async () => {
    const runtime = createRuntime();
    const started = new Gate();
    const start = runtime.start.bind(runtime);
    runtime.start = async () => {
      await started.pass();
      return start();
    };
    const app = express();
    baldur(app, { runtime, rateLimit: { limit: 1 } });
    app.get("/", (_request, response) => void response.send("ok"));
    const port = await listen(app);
    const answers = [ask(port, "/"), ask(port, "/")];
    await expect(ask(port, "/api/baldur/health/ready")).resolves.toMatchObject({ status: 503 });
    await expect(ask(port, "/api/baldur/health/live")).resolves.toMatchObject({ status: 200 });
    started.open();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 429]);
    await runtime.close();
  });

  it("may fail: then requests pass, and nobody is told that all is well", async () => {
    const runtime = createBaldur({
      env: { BALDUR_REDIS_URL: "redis://127.0.0.1:1" },
      discover: false,
      logger: SILENT,
    });
    const telemetry = recordTelemetry(runtime);
    const app = express();
    const handle = baldur(app, { runtime });
    app.get("/", (request, response) => void response.send(request.baldur.correlationId));
    app.post("/pay", express.json(), handle.route({ idempotency: true }), (_request, response) => {
      response.send("paid");
    });
    const port = await listen(app);
    await expect(handle.ready).rejects.toMatchObject({ code: "ERR_BALDUR_ADAPTER_NOT_FOUND" });
    await expect(handle.close()).rejects.toMatchObject({ code: "ERR_BALDUR_ADAPTER_NOT_FOUND" });
    expect(telemetry.named("http.start_failed")).toMatchObject([
      { level: "error", payload: { adapter: "express", error: expect.stringContaining("@baldur/redis") } },
    ]);
    await expect(ask(port, "/")).resolves.toMatchObject({ status: 200 });
    await expect(ask(port, "/pay", { body: {} })).resolves.toMatchObject({ status: 503 });
    await expect(ask(port, "/api/baldur/health/ready")).resolves.toMatchObject({ status: 503 });
    await expect(ask(port, "/api/baldur/health/live")).resolves.toMatchObject({ status: 200 });
    await expect(ask(port, "/api/baldur/control/status")).resolves.toMatchObject({ status: 503 });
    await expect(ask(port, "/metrics")).resolves.toMatchObject({ status: 503 });
  });

  it("names an option that breaks its rule", async () => {
    const app = express();
    const handle = baldur(app, { runtime: createRuntime(), rateLimit: { limit: 0 } });
    await expect(handle.ready).rejects.toMatchObject({ code: "ERR_BALDUR_CONFIGURATION" });
    const fine = baldur(express(), { runtime: createRuntime() });
    expect(() => fine.route({ rateLimit: { limit: -1 } })).toThrow(
      "rateLimit.limit must be a positive integer",
    );
    expect(() => fine.route({ ratelimit: 1 } as object)).toThrow("ratelimit");
  });
});

describe("a route", () => {
  it("says that idempotency needs the body, where nobody has read it", async () => {
    const runtime = createRuntime();
    const app = express();
    const handle = baldur(app, { runtime });
    app.post("/pay", handle.route({ idempotency: true }), express.json(), (_request, response) => {
      response.send("paid");
    });
    const errors: unknown[] = [];
    app.use((error: unknown, _request: unknown, response: express.Response, _next: unknown) => {
      errors.push(error);
      response.sendStatus(500);
    });
    const port = await listen(app);
    const headers = { "idempotency-key": "k" };
    await expect(ask(port, "/pay", { body: { a: 1 }, headers })).resolves.toMatchObject({ status: 500 });
    expect(errors).toMatchObject([
      { code: "ERR_BALDUR_CONFIGURATION", message: expect.stringContaining("express.json()") },
    ]);
    const empty = { method: "POST", headers: { ...headers, "content-length": "0" } };
    await expect(ask(port, "/pay", empty)).resolves.toMatchObject({ status: 200 });
    await runtime.close();
  });

  it("compares no body that nobody has read, however late it is", async () => {
    const runtime = createRuntime();
    const app = express();
    const handle = baldur(app, { runtime });
    const arrived: RequestHandler = (request, _response, next) => {
      until("arrived", () => request.complete).then(() => next(), next);
    };
    const guard = handle.route({ idempotency: true });
    app.post("/late", arrived, guard, (_request, response) => void response.send("done"));
    app.post("/typed", express.json(), guard, (_request, response) => void response.send("done"));
    const port = await listen(app);
    const headers = { "idempotency-key": "k" };
    await expect(ask(port, "/late", { body: { a: 1 }, headers })).resolves.toMatchObject({ status: 500 });
    const typed = { body: { a: 1 }, headers: { ...headers, "content-type": "text/plain" } };
    await expect(ask(port, "/typed", typed)).resolves.toMatchObject({ status: 400 });
    await runtime.close();
  });

  it("hands what a function of the options throws to the application", async () => {
    const runtime = createRuntime();
    const app = express();
    const broken = (): never => {
      throw new Error("no session");
    };
    const handle = baldur(app, { runtime });
    app.get("/a", handle.route({ rateLimit: { limit: 1, key: broken } }), (_request, response) => {
      response.send("ok");
    });
    app.use((error: Error, _request: unknown, response: express.Response, _next: unknown) => {
      response.status(500).send(error.message);
    });
    await expect(ask(await listen(app), "/a")).resolves.toMatchObject({ status: 500, body: "no session" });
    await runtime.close();
  });

  it("guards several, each with a budget and a circuit of its own", async () => {
    const runtime = createRuntime();
    const app = express();
    const handle = baldur(app, { runtime });
    const guard = handle.route({ rateLimit: { limit: 1 }, circuitBreaker: true });
    for (const path of ["/a/:id", "/b/:id"])
      app.get(path, guard, (_request, response) => void response.send("ok"));
    app.use("/c", guard, (_request, response) => void response.send("ok"));
    const port = await listen(app);
    const statuses: number[] = [];
    for (const path of ["/a/1", "/b/1", "/c/1", "/a/2", "/b/2", "/c/2"])
      statuses.push((await ask(port, path)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429, 429]);
    const names = runtime.circuits().map(({ name }) => name);
    expect(names).toEqual(["http:GET /a/:id", "http:GET /b/:id", "http:GET /c/*"]);
    await runtime.close();
  });
});

describe("close", () => {
  it("drains, and closes the servers that were given", async () => {
    const runtime = createRuntime();
    const gate = new Gate();
    const app = express();
    const handle = baldur(app, { runtime, drain: { linger: 0 } });
    app.get("/slow", async (_request, response) => {
      await gate.pass();
      response.send("ok");
    });
    const port = await listen(app);
    const server = handle.server(servers[0] as Server);
    const closed = once(server, "close");
    const answer = ask(port, "/slow");
    await gate.reached();
    const report = handle.close({ deadline: 5000, reason: "test" });
    gate.open();
    await expect(answer).resolves.toMatchObject({ status: 200 });
    await expect(report).resolves.toMatchObject({ clean: true, drained: 1 });
    await closed;
    expect(server.listening).toBe(false);
    await expect(ask(port, "/")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("cuts off what does not end in time", async () => {
    const runtime = createRuntime();
    const gate = new Gate();
    const app = express();
    const handle = baldur(app, { runtime });
    app.get("/slow", async () => gate.pass());
    const port = await listen(app);
    const server = handle.server(servers[0] as Server);
    const cut = ask(port, "/slow").catch((error: { code: string }) => error.code);
    await gate.reached();
    await expect(handle.close({ deadline: 50 })).resolves.toMatchObject({ clean: false });
    await expect(cut).resolves.toBe("ECONNRESET");
    expect(server.listening).toBe(false);
  });
});
