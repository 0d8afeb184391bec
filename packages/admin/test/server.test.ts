import { createRequire } from "node:module";
import { createServer } from "node:net";
import { init, shutdown } from "@baldur/core";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { AdminAuthRequiredError, admin, startAdminServer, stopAdminServer } from "../src/index.js";
import { serverOf } from "../src/server/running.js";
import { KEY, RawClient, TestRuntime, until } from "./fixture.js";

jest.setTimeout(30_000);

let runtime: TestRuntime;
beforeEach(async () => {
  runtime = await TestRuntime.start();
});
afterEach(() => runtime[Symbol.asyncDispose]());

describe("the server", () => {
  it("listens on loopback, on a free port for 0, and says so", async () => {
    const server = await runtime.serve();
    expect(server.bind).toBe("127.0.0.1");
    expect(server.boundPort).toBeGreaterThan(0);
    expect(server.url).toBe(`http://127.0.0.1:${server.boundPort}`);
    expect(runtime.telemetry.named("admin.server_started")).toMatchObject([
      { payload: { bind: "127.0.0.1", port: server.boundPort, key_configured: false, unlocked: false } },
    ]);
    expect(await (await fetch(`${server.url}/liveness`)).json()).toEqual({ status: "alive" });
  });

  it("is one per runtime: a second start answers with the first", async () => {
    const [first, second] = await Promise.all([runtime.serve(), runtime.serve()]);
    expect(second).toBe(first);
    expect(await runtime.serve({ port: 1 })).toBe(first);
    expect(runtime.telemetry.named("admin.server_started")).toHaveLength(1);
  });

  it("can be stopped and started again", async () => {
    const first = await runtime.serve();
    await stopAdminServer({ baldur: runtime.baldur });
    await expect(fetch(`${first.url}/liveness`)).rejects.toThrow();
    const second = await runtime.serve({ port: first.boundPort });
    expect((await fetch(`${second.url}/liveness`)).status).toBe(200);
    expect(runtime.telemetry.named("admin.server_stopped")).toHaveLength(1);
  });

  it("ends streams and connections when it is stopped", async () => {
    const server = await runtime.serve();
    const stream = await fetch(`${server.url}/events`);
    const reader = stream.body?.getReader();
    await reader?.read();
    await using idle = new RawClient(server.boundPort);
    await until("connected", () => !idle.socket.connecting);
    await server.stop({ timeout: 50 });
    await until("idle closed", () => idle.closed);
    for (let done = false; !done; ) done = (await reader?.read())?.done ?? true;
  });

  it("refuses an address beyond loopback without a key, by name", async () => {
    for (const bind of ["0.0.0.0", "::", "192.0.2.1", "ops.example.com"]) {
      const refused = await runtime.serve({ bind }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(AdminAuthRequiredError);
      expect(refused).toMatchObject({ code: "ERR_BALDUR_ADMIN_AUTH_REQUIRED", bind });
    }
  });

  it("warns of keys that cross the network, unless a proxy is there", async () => {
    const server = await runtime.serve({ bind: "0.0.0.0", key: KEY });
    expect(runtime.telemetry.named("admin.server_bind_warning")).toMatchObject([
      { level: "warning", payload: { bind: "0.0.0.0" } },
    ]);
    await server.stop();
    runtime.telemetry.clear();
    await runtime.serve({ bind: "0.0.0.0", key: KEY, trustProxy: true });
    expect(runtime.telemetry.named("admin.server_bind_warning")).toEqual([]);
  });

  it("beyond loopback takes any name, unless names are given", async () => {
    const ask = async (port: number, host: string): Promise<number | undefined> => {
      await using client = new RawClient(port);
      client.write("GET /liveness HTTP/1.1", `Host: ${host}`, "Connection: close", "", "");
      await until("closed", () => client.closed);
      return client.statuses[0];
    };
    const server = await runtime.serve({ bind: "0.0.0.0", key: KEY });
    expect(await ask(server.boundPort, "10.1.2.3:9090")).toBe(200);
    await server.stop();
    const named = await runtime.serve({ bind: "0.0.0.0", key: KEY, allowedOrigins: ["ops.example.com"] });
    expect(await ask(named.boundPort, "10.1.2.3:9090")).toBe(403);
    expect(await ask(named.boundPort, "ops.example.com")).toBe(200);
  });

  it("rejects where the port is taken and it was asked for by name", async () => {
    const { boundPort } = await runtime.serve();
    const other = await TestRuntime.start();
    await expect(other.serve({ port: boundPort })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await other[Symbol.asyncDispose]();
  });

  it("stays until the runtime has terminated: it says that it lives, and that it is not ready", async () => {
    const server = await startAdminServer({ baldur: runtime.baldur, port: 0 });
    const admission = runtime.baldur.lifecycle.admit();
    const closing = runtime.baldur.close();
    expect((await fetch(`${server.url}/liveness`)).status).toBe(200);
    expect((await fetch(`${server.url}/health/ping`)).status).toBe(200);
    const readiness = await fetch(`${server.url}/readiness`);
    expect([readiness.status, await readiness.json()]).toMatchObject([
      503,
      { ready: false, phase: "draining" },
    ]);
    const health = (await (await fetch(`${server.url}/health`)).json()) as object;
    expect(health).toMatchObject({ phase: "draining", in_flight: 1, remaining_seconds: expect.any(Number) });
    admission?.end();
    await closing;
    await expect(fetch(`${server.url}/liveness`)).rejects.toThrow();
  });

  it("leaves its port free once the runtime is closed", async () => {
    const { boundPort } = await startAdminServer({ baldur: runtime.baldur, port: 0 });
    await runtime.baldur.close();
    const other = createServer();
    await new Promise<void>(
      (resolve, reject) => void other.once("error", reject).listen(boundPort, "127.0.0.1", resolve),
    );
    other.close();
  });
});

describe("the plugin", () => {
  const quiet = (): undefined => undefined;
  const options = {
    discover: false,
    env: {},
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    settings: { control: { backend: "memory" } },
    signals: false,
  } as const;
  afterEach(() => shutdown());

  it("starts the server with init(), and with nothing else", async () => {
    const baldur = await init({ ...options, plugins: [admin({ port: 0 })] });
    const server = await serverOf(baldur);
    expect((await fetch(`${server?.url}/liveness`)).status).toBe(200);
    const other = await TestRuntime.start({ plugins: [admin({ port: 0 })] });
    expect(await serverOf(other.baldur)).toBeUndefined();
    await other[Symbol.asyncDispose]();
    await shutdown();
    await expect(fetch(`${server?.url}/liveness`)).rejects.toThrow();
  });

  it.each([{ enabled: false }, { autostart: false }])("starts none with %j", async (given) => {
    const baldur = await init({ ...options, plugins: [admin({ port: 0, ...given })] });
    expect(await serverOf(baldur)).toBeUndefined();
  });

  it("waits for startAdminServer() without autostart, which takes its settings", async () => {
    const settings = { ...options.settings, admin: { port: 0, autostart: false, unlock: true } };
    const baldur = await init({ ...options, settings, plugins: [admin()] });
    const server = await startAdminServer();
    expect(server).toBe(await serverOf(baldur));
    expect(await (await fetch(`${server.url}/posture`)).json()).toMatchObject({
      unlocked: true,
      role: "admin",
    });
  });

  it("takes a port in use for a warning, and goes on", async () => {
    const { boundPort } = await runtime.serve();
    const told: string[] = [];
    const warn = (...line: unknown[]): void => void told.push(JSON.stringify(line));
    const baldur = await init({
      ...options,
      logger: { ...options.logger, warn },
      plugins: [admin({ port: boundPort })],
    });
    expect(told.join()).toContain("admin.server_start_failed");
    expect(baldur.posture().plugins).toEqual([{ name: "@baldur/admin", status: "active", areas: ["admin"] }]);
    expect(await baldur.protect("x", () => 5)).toBe(5);
  });

  it("fails, and nothing else does, where it would listen beyond loopback without a key", async () => {
    const baldur = await init({ ...options, plugins: [admin({ port: 0, bind: "0.0.0.0" })] });
    expect(baldur.posture().plugins).toMatchObject([
      { name: "@baldur/admin", status: "failed", reason: expect.stringContaining("BALDUR_ADMIN_KEY") },
    ]);
    expect(await baldur.protect("x", () => 5)).toBe(5);
  });

  it("is found by discovery", () => {
    expect(createRequire(import.meta.url)("../package.json")).toMatchObject({
      baldur: { plugin: { import: "./dist/index.js", require: "./dist/index.cjs" } },
    });
  });
});
