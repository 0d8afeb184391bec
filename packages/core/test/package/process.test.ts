import { describe, expect, it } from "@jest/globals";
import { built, runScript } from "./child.js";

const ESM = JSON.stringify(built("index.js"));
const CJS = JSON.stringify(built("index.cjs"));
const GATES = JSON.stringify(built("gates.js"));
const GATES_CJS = JSON.stringify(built("gates.cjs"));

describe("importing the package", () => {
  it.each([
    ["ESM", `await import(${ESM}); await import(${GATES});`, "mjs"],
    ["CommonJS", `require(${CJS}); require(${GATES_CJS});`, "cjs"],
  ])("44.4 starts nothing and says nothing: %s", (_, load, extension) => {
    const script = `const before = { ...process.env };
      const events = ["SIGTERM", "SIGINT", "exit", "uncaughtException", "unhandledRejection"];
      const listening = () => events.map((event) => process.listenerCount(event)).join();
      const listenersBefore = listening();
      ${load}
      const resources = process.getActiveResourcesInfo().filter((name) => name !== "PipeWrap" && name !== "TTYWrap" && !/FS|CloseReq/.test(name));
      const listeners = listening() === listenersBefore;
      const unchanged = JSON.stringify(before) === JSON.stringify({ ...process.env });
      process.stdout.write(JSON.stringify({ resources, listeners, unchanged }));`;
    const { code, stdout, stderr, files } = runScript(script, { extension });
    expect({ code, stderr, files }).toEqual({ code: 0, stderr: "", files: [] });
    expect(JSON.parse(stdout)).toEqual({ resources: [], listeners: true, unchanged: true });
  });
});

describe("a script without any configuration", () => {
  it("44.4 prints one line at INFO and nothing above, writes no file, opens no port, and exits by itself", () => {
    const script = `import { protect, protectWithMeta, protected as protectedFunction } from ${ESM};
      await protect("db", async () => 1);
      await protect("db", async () => 2, { timeout: 60_000, retry: true, fallback: () => 3 });
      await protectedFunction("db", async () => 4)();
      await protectWithMeta("other", () => 5);
      process.stdout.write(JSON.stringify(process.getActiveResourcesInfo().filter((name) => /TCP|UDP|Server/.test(name))));`;
    const { code, stdout, stderr, files } = runScript(script);
    expect({ code, stdout, files }).toEqual({ code: 0, stdout: "[]", files: [] });
    const lines = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { level: string; event: string });
    expect(lines).toEqual([
      expect.objectContaining({
        level: "info",
        event: "baldur.runtime_posture",
        tier: "oss",
        storage: "memory",
      }),
    ]);
  });

  it("44.4 works where its state folder cannot be made, and says so only when it is needed", () => {
    const script = `import { init, protect } from ${ESM};
      const baldur = await init({ discover: false });
      const { persisted } = await baldur.control.disable({ actor: "a", reason: "r" });
      process.stdout.write(JSON.stringify([baldur.control.enabled, persisted, await protect("x", () => 1)]));
      await baldur.close();`;
    const { code, stdout, stderr } = runScript(script, { env: { XDG_STATE_HOME: "/dev/null/nowhere" } });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "[false,false,1]" });
    expect(stderr).toContain("system_control.persist_failed");
  });

  it("waits for a deadline that is pending, and no longer", () => {
    const script = `import { protect } from ${ESM};
      await protect("db", () => new Promise(() => undefined), { timeout: 200 }).catch((error) => process.stdout.write(error.code));`;
    const { code, stdout } = runScript(script);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "ERR_BALDUR_TIMEOUT_POLICY" });
  });

  it("hears of a call that it did not wait for as of any other rejection", () => {
    const script = `import { protect } from ${ESM};
      process.on("unhandledRejection", (error) => process.stdout.write(error.message));
      protect("a", async () => { throw new Error("one;"); });
      protect("b", async () => { throw new Error("two;"); }, { timeout: 1000, retry: { maxAttempts: 1 } });
      protect("c", () => { throw new Error("three;"); });`;
    expect(runScript(script).stdout.split(";").sort()).toEqual(["", "one", "three", "two"]);
  });

  it("starts on bad settings with their defaults and a line at CRITICAL, while init() refuses them", () => {
    const script = `import { init, protect } from ${ESM};
      await protect("db", async () => 1);
      await init({ discover: false }).catch((error) => process.stdout.write(error.message));`;
    const { stdout, stderr } = runScript(script, { env: { BALDUR_RETRY_MAX_ATTEMPTS: "many" } });
    expect(stdout).toContain("BALDUR_RETRY_MAX_ATTEMPTS must be an integer from 1 to 20");
    expect(stderr).toContain('"event":"baldur.fatal_config_error_quarantine"');
  });
});

describe("the two formats", () => {
  it("share one runtime and know each other's errors", () => {
    const script = `import { createRequire } from "node:module";
      import * as esm from ${ESM};
      import { rateLimit } from ${GATES};
      const cjs = createRequire(import.meta.url)(${CJS});
      const once = { circuitBreaker: { failureThreshold: 1, minimumCalls: 1 } };
      await esm.protect("db", () => { throw new Error("down"); }, once).catch(() => undefined);
      const refused = await cjs.protect("db", () => 1).catch((error) => error);
      const runtimes = await Promise.all([esm.init({ discover: false }), cjs.init()]);
      let limited;
      try { const fn = rateLimit({ maxRequests: 1 })(() => 1); fn(); fn(); } catch (error) { limited = error; }
      process.stdout.write(JSON.stringify([
        refused.code, refused instanceof esm.CircuitOpenError, refused instanceof cjs.CircuitBreakerError,
        runtimes[0] === runtimes[1], limited instanceof cjs.RateLimitExceededError]));
      await esm.shutdown();`;
    const { code, stdout } = runScript(script);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '["ERR_BALDUR_CIRCUIT_OPEN",true,true,true,true]' });
  });
});

describe("init and shutdown", () => {
  it("are idempotent and safe together; replay handlers outlive the runtime that was there before", () => {
    const script = `import { init, shutdown, protect, onReplay } from ${ESM};
      onReplay("db", () => 1);
      await protect("db", async () => 1);
      const [a, b] = await Promise.all([init({ discover: false }), init()]);
      const first = await shutdown();
      const again = await shutdown();
      const [c] = await Promise.all([init({ discover: false })]);
      process.stdout.write(JSON.stringify([a === b, a === c, first.clean, again.clean, c.replayHandlers.get("db") !== undefined]));
      await shutdown();`;
    const { code, stdout, stderr } = runScript(script);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "[true,false,true,true,true]" });
    // One line for the life before the shutdown, one for the life after it.
    expect(stderr.trim().split("\n")).toHaveLength(2);
  });

  it("go on with the runtime that calls were made on before, and with the work that it knows to be done", () => {
    const script = `import { init, protect } from ${ESM};
      const once = { circuitBreaker: { failureThreshold: 1, minimumCalls: 1 } };
      const key = { idempotencyKey: () => "k" };
      await protect("db", () => { throw new Error("down"); }, once).catch(() => undefined);
      await protect("pay", () => 1, key);
      const baldur = await init({ discover: false });
      const again = await protect("pay", () => 2, key).catch((error) => error.code);
      process.stdout.write(baldur.circuit("db").state + " " + again + " ");
      await baldur.close();
      const next = await init({ discover: false, settings: { retry: { maxAttempts: 2 } } });
      process.stdout.write(String(next === baldur) + " " + await baldur.start().catch((error) => error.code));
      await next.close();`;
    const { code, stdout } = runScript(script);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "open ERR_BALDUR_IDEMPOTENCY_DUPLICATE false ERR_BALDUR_CONFIGURATION",
    });
  });

  it("refuse production on stores that forget, in one message, and a store whose package is not installed", () => {
    const script = `import { init } from ${ESM};
      await init({ discover: false }).catch((error) => process.stdout.write(error.code + " " + error.message));`;
    const production = runScript(script, {
      env: { BALDUR_ENVIRONMENT: "production", BALDUR_SYSTEM_CONTROL_BACKEND: "memory" },
    });
    expect(production.stdout).toMatch(
      /^ERR_BALDUR_CONFIGURATION .*BALDUR_DATA_DIR.*BALDUR_REDIS_URL.*BALDUR_SYSTEM_CONTROL_BACKEND/s,
    );
    const redis = runScript(script, { env: { BALDUR_REDIS_URL: "redis://127.0.0.1:1" } });
    expect(redis.stdout).toMatch(/^ERR_BALDUR_ADAPTER_NOT_FOUND .*@baldur\/redis/);
    expect(redis.stdout).not.toContain("127.0.0.1");
  });
});
