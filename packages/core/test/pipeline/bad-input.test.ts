import { describe, expect, it } from "@jest/globals";
import { createBaldur } from "../../src/baldur.js";
import { ConfigurationError } from "../../src/errors.js";
import { dlqProtect, rateLimit } from "../../src/gates.js";
import type { ProtectOptions } from "../../src/pipeline/options.js";
import { errorOf, fails, failure, SILENT, succeeds, testRuntime, turn } from "../runtime.js";

const WRONG: [option: string, value: unknown][] = [
  ["timeout", 0],
  ["timeout", -5],
  ["timeout", "5s"],
  ["timeout", Number.NaN],
  ["timeout", Number.POSITIVE_INFINITY],
  ["retry", 3],
  ["retry", { maxAttempts: 0 }],
  ["retry", { maxAttempts: 1.5 }],
  ["retry", { attempts: 3 }],
  ["retry", { backoff: "quadratic" }],
  ["retry", { jitter: 2 }],
  ["circuitBreaker", "yes"],
  ["circuitBreaker", { failureThreshold: -1 }],
  ["circuitBreaker", { recoveryTimout: 5 }],
  ["fallback", "value"],
  ["classify", true],
  ["signal", {}],
  ["context", "order"],
  ["idempotencyKey", ""],
  ["idempotency", { ttl: 0 }],
  ["dlq", "yes"],
  ["dlq", { capture: "all" }],
  ["bulkhead", ""],
  ["domain", ""],
  ["tiemout", 100],
  ["retry", { maxAttempts: 3, maxAttmpts: 5 }],
  ["retry", { rateLimitKey: "" }],
  ["context", []],
  ["circuitBreaker", { constructor: 1 }],
];

/** Calls like it went well before: what is wrong must be seen all the same. */
const GOOD: ProtectOptions<string> = {
  retry: { maxAttempts: 3, rateLimitKey: "key" },
  context: {},
  domain: "payments",
  circuitBreaker: { failureThreshold: 5 },
};

describe("a bad option", () => {
  it.each([
    ["null", null],
    ["a number", 5],
    ["an array", []],
  ])("set is refused: %s", async (_, options) => {
    const { baldur } = testRuntime();
    await baldur.protect("x", succeeds);
    expect(await errorOf(baldur.protect("x", succeeds, options as never))).toBeInstanceOf(ConfigurationError);
  });

  it("is seen where it is inherited, or a getter of a class", async () => {
    const { baldur } = testRuntime();
    class Options {
      get timeout(): number {
        return -5;
      }
    }
    for (const options of [Object.create({ timeout: "abc" }), new Options()]) {
      expect(await errorOf(baldur.protect("x", succeeds, options))).toBeInstanceOf(ConfigurationError);
    }
  });

  it.each(WRONG)("%s: %j is refused by name, and the function does not run", async (option, value) => {
    const { baldur } = testRuntime();
    await baldur.protect("x", succeeds);
    await baldur.protect("x", succeeds, GOOD);
    let ran = false;
    const options = { [option]: value } as ProtectOptions<boolean>;
    const error = await errorOf(baldur.protect("x", () => (ran = true), options));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toContain(option);
    expect(ran).toBe(false);
    expect(() => baldur.protected("x", () => 1, options as never)).toThrow(ConfigurationError);
  });

  it("is a rejection from protect, and thrown where a function is wrapped", async () => {
    const { baldur } = testRuntime();
    for (const name of ["", "a\nb", "x".repeat(129), 7 as never, undefined as never]) {
      expect(await errorOf(baldur.protect(name, succeeds))).toBeInstanceOf(ConfigurationError);
      expect(await errorOf(baldur.protectWithMeta(name, succeeds))).toBeInstanceOf(ConfigurationError);
      expect(() => baldur.protected(name, succeeds)).toThrow(ConfigurationError);
      expect(() => baldur.circuit(name)).toThrow(ConfigurationError);
    }
    expect(await errorOf(baldur.protect("x", "fn" as never))).toBeInstanceOf(ConfigurationError);
  });

  it("takes the longest name and one with any printable characters", async () => {
    const { baldur, telemetry } = testRuntime();
    for (const name of ["x".repeat(128), "GET /users/:id", "zahlung-ü 💶", "a.b-c"]) {
      await expect(baldur.protect(name, succeeds)).resolves.toBe("ok");
    }
    const names = telemetry.series("baldur_protect_duration_seconds").map(({ labels }) => labels["name"]);
    expect(names).toContain("GET__users__id");
  });

  it.each([
    ["an unknown option", { plugin: [] }],
    ["a clock without timers", { clock: { now: () => 0 } }],
    ["a logger without methods", { logger: {} }],
    ["a plugin without a name", { plugins: [{ register: () => undefined }] }],
    ["settings of the wrong type", { settings: 5 }],
    ["an unknown setting", { settings: { retry: { maxAttempt: 3 } } }],
  ])("of a runtime is refused at once: %s", (_, options) => {
    expect(() => createBaldur({ env: {}, logger: SILENT, ...options } as never)).toThrow(ConfigurationError);
  });

  it("where an object belongs is refused by name, whatever is given instead", async () => {
    const { baldur } = testRuntime();
    const by = { actor: "a", reason: "r" };
    expect(() => createBaldur(null as never)).toThrow(ConfigurationError);
    expect(() => rateLimit(undefined as never)).toThrow(ConfigurationError);
    expect(() => dlqProtect("x", null as never)).toThrow(ConfigurationError);
    expect(() => baldur.circuits(null as never)).toThrow(ConfigurationError);
    for (const attempt of [
      () => baldur.circuit("x").forceOpen(undefined as never),
      () => baldur.circuit("x").reset(null as never),
      () => baldur.control.disable(undefined as never),
      () => baldur.control.enable({ ...by, reason: {} as never }),
      () => baldur.control.disableDryRun(null as never),
      () => baldur.close({ deadline: "soon" as never }),
    ]) {
      expect(await errorOf(attempt())).toBeInstanceOf(ConfigurationError);
    }
  });

  it("44.4 of settings is reported with all others at once", () => {
    const env = {
      BALDUR_RETRY_MAX_ATTEMPTS: "many",
      BALDUR_CB_FAILURE_THRESHOLD: "0",
      BALDUR_ENVIRONMENT: "prod",
    };
    try {
      createBaldur({ env, logger: SILENT });
    } catch (error) {
      expect((error as ConfigurationError).problems).toHaveLength(3);
      for (const name of Object.keys(env)) expect(String(error)).toContain(name);
      return;
    }
    throw new Error("it did not throw");
  });

  it("#43.18 of settings reaches the callback once, and their defaults are in force", () => {
    const errors: ConfigurationError[] = [];
    const env = { BALDUR_RETRY_MAX_ATTEMPTS: "many" };
    const baldur = createBaldur({ env, logger: SILENT, onFatalConfig: (error) => void errors.push(error) });
    expect(errors).toHaveLength(1);
    const row = baldur.settings.describe().find(({ variable }) => variable === "BALDUR_RETRY_MAX_ATTEMPTS");
    expect(row).toMatchObject({ value: 3, source: "default" });
  });
});

describe("what the host hands over may misbehave", () => {
  const misbehaving = () => {
    throw failure("from a callback");
  };

  it.each([
    ["classify", { classify: misbehaving }],
    ["classify with an unknown answer", { classify: () => "whatever" as never }],
    ["retryOn", { retry: { retryOn: misbehaving, maxAttempts: 2 } }],
    ["onRetry", { retry: { onRetry: misbehaving, maxAttempts: 2 } }],
    ["an asynchronous onRetry", { retry: { onRetry: async () => misbehaving(), maxAttempts: 2 } }],
    ["backoff", { retry: { backoff: misbehaving, maxAttempts: 2 } }],
    ["backoff with a negative answer", { retry: { backoff: () => -1, maxAttempts: 2 } }],
    ["a fallback", { fallback: misbehaving }],
    ["failureType", { dlq: { failureType: misbehaving } }],
  ])("%s: the caller gets the original error, and the event says what happened", async (_, options) => {
    const { baldur, clock, telemetry } = testRuntime();
    const original = failure("original");
    const call = errorOf(
      baldur.protect("x", () => Promise.reject(original), options as ProtectOptions<never>),
    );
    await clock.advance(60_000);
    expect(await call).toBe(original);
    if (_ !== "failureType") expect(telemetry.events.some(({ name }) => name.endsWith("failed"))).toBe(true);
  });

  it("retryOnResult that throws leaves the value alone", async () => {
    const { baldur } = testRuntime();
    await expect(baldur.protect("x", succeeds, { retry: { retryOnResult: misbehaving } })).resolves.toBe(
      "ok",
    );
  });

  it("a sink and a logger that throw reach nobody", async () => {
    const logger = { debug: misbehaving, info: misbehaving, warn: misbehaving, error: misbehaving };
    const { baldur } = testRuntime({ logger });
    baldur.telemetry.subscribe(misbehaving);
    await errorOf(baldur.protect("x", fails, { circuitBreaker: { failureThreshold: 1, minimumCalls: 1 } }));
    expect(baldur.circuit("x").state).toBe("open");
    await turn();
  });

  it("an error whose getters throw is a failure like any other", async () => {
    const { baldur } = testRuntime();
    const hostile = new Proxy(failure(), {
      get: () => misbehaving(),
      has: () => misbehaving(),
      getPrototypeOf: () => misbehaving(),
    });
    const options = { retry: { maxAttempts: 1 }, dlq: true };
    const call = baldur.protect("x", () => Promise.reject(hostile), options);
    const same = await call.then(undefined, (error: unknown) => Object.is(error, hostile));
    expect(same).toBe(true);
    expect(baldur.circuit("x").snapshot().window.failures).toBe(1);
  });

  it("a wall clock that jumps moves no deadline, no breaker and no wait", async () => {
    const { baldur, clock } = testRuntime();
    await errorOf(
      baldur.protect("x", fails, {
        circuitBreaker: { failureThreshold: 1, minimumCalls: 1, recoveryTimeout: 1000 },
      }),
    );
    const call = errorOf(baldur.protect("y", () => new Promise(() => undefined), { timeout: 500 }));
    clock.set(clock.now() + 1e10);
    await turn();
    expect(baldur.circuit("x").state).toBe("open");
    expect(await errorOf(baldur.protect("x", succeeds))).toMatchObject({ retryAfter: 1000 });
    clock.set(0);
    await clock.advance(500);
    expect(await call).toMatchObject({ code: "ERR_BALDUR_TIMEOUT_POLICY" });
    await clock.advance(500);
    await expect(baldur.protect("x", succeeds)).resolves.toBe("ok");
  });
});
