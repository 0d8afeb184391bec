import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { Runtime } from "../../src/baldur.js";
import { DomainValidationError } from "../../src/domain/domain.js";
import { ConfigurationError } from "../../src/errors.js";
import { dlqProtect, domainTag, idempotent, rateLimit } from "../../src/gates.js";
import { idempotentGate } from "../../src/idempotency/idempotent.js";
import { rateLimitGate } from "../../src/rate-limit/gate.js";
import type { RateLimitStore } from "../../src/rate-limit/store.js";
import { MemoryRateLimitStore } from "../../src/rate-limit/stores/memory.js";
import { errorOf, fails, SILENT } from "../runtime.js";

function gates() {
  const clock = createFakeClock();
  const runtime = new Runtime({
    clock,
    env: {},
    logger: SILENT,
    settings: { control: { backend: "memory" } },
  });
  return {
    clock,
    runtime,
    limit: rateLimitGate(() => runtime.rateLimiting),
    /** As where the calls of a fleet are counted. */
    limitWith: (store: RateLimitStore) => rateLimitGate(() => ({ ...runtime.rateLimiting, store })),
    once: idempotentGate(() => runtime.idempotency),
  };
}

describe("rateLimit", () => {
  it("lets so many calls begin in any window, and says when the next may", async () => {
    const { clock, limit } = gates();
    const limited = limit({ maxRequests: 2, window: 1000 })((n: number) => n);
    expect([limited(1), limited(2)]).toEqual([1, 2]);
    await clock.advance(400);
    expect(() => limited(3)).toThrow(
      expect.objectContaining({ code: "ERR_BALDUR_RATE_LIMIT_EXCEEDED", limit: 2, window: 1000 }),
    );
    try {
      limited(3);
    } catch (error) {
      expect((error as { resetAt: Date }).resetAt.getTime()).toBe(clock.now() + 600);
    }
    await clock.advance(600);
    expect(limited(4)).toBe(4);
  });

  it("is inert while the kill switch is off, and only reports in a dry run", async () => {
    const { limit, runtime } = gates();
    const limited = limit({ maxRequests: 1 })(() => "ran");
    limited();
    await runtime.control.enableDryRun({ actor: "a" });
    expect(limited()).toBe("ran");
    await runtime.control.disable({ actor: "a", reason: "r" });
    expect(limited()).toBe("ran");
    await runtime.control.enable({ actor: "a" });
    await runtime.control.disableDryRun({ actor: "a", confirm: true });
    expect(() => limited()).toThrow(/rate limit/);
  });

  it("uses nothing up with a refused call", async () => {
    const { clock, limit } = gates();
    const limited = limit({ maxRequests: 1, window: 1000, raiseOnLimit: false })(() => "ran");
    limited();
    for (let n = 0; n < 5; n++) {
      await clock.advance(100);
      expect(limited()).toBeUndefined();
    }
    await clock.advance(500);
    expect(limited()).toBe("ran");
  });

  it("#43.17 gives every function a budget of its own, even with the same window and key", () => {
    const { limit } = gates();
    const options = { maxRequests: 1, window: 1000, key: () => "user-1" };
    const first = limit(options)(() => 1);
    const second = limit(options)(() => 2);
    expect([first(), second()]).toEqual([1, 2]);
  });

  it("counts per key", () => {
    const { limit } = gates();
    const limited = limit({ maxRequests: 1, key: (user: string) => user })((user: string) => user);
    expect([limited("a"), limited("b")]).toEqual(["a", "b"]);
    expect(() => limited("a")).toThrow(/a/);
  });

  it("refuses limits and windows that are none", () => {
    for (const options of [
      { maxRequests: 0 },
      { maxRequests: 1.5 },
      { maxRequests: "3" },
      { maxRequests: 1, window: 0 },
    ]) {
      expect(() => rateLimit(options as never)).toThrow(ConfigurationError);
    }
  });
});

describe("rateLimit of a fleet", () => {
  const options = { scope: "fleet", bucket: "api", maxRequests: 2, window: 1000 } as const;

  it("counts the calls of every gate with its bucket together, and makes functions asynchronous", async () => {
    const { limitWith, clock } = gates();
    const limit = limitWith(new MemoryRateLimitStore(clock));
    const first = limit(options)((n: number) => n);
    const second = limit(options)(async (n: number) => -n);
    expect([await first(1), await second(2)]).toEqual([1, -2]);
    expect(await errorOf(first(3))).toMatchObject({
      code: "ERR_BALDUR_RATE_LIMIT_EXCEEDED",
      key: "*",
      limit: 2,
      window: 1000,
    });
    const quiet = limit({ ...options, raiseOnLimit: false })((n: number) => n);
    await expect(quiet(4)).resolves.toBeUndefined();
    await expect(limit({ ...options, bucket: "other" })(() => "free")()).resolves.toBe("free");
  });

  it("keeps buckets and keys apart, whatever they hold", async () => {
    const { limitWith, clock } = gates();
    const limit = limitWith(new MemoryRateLimitStore(clock));
    const one = limit({ ...options, maxRequests: 1, bucket: "a:b", key: () => "c" })(() => "ran");
    const other = limit({ ...options, maxRequests: 1, bucket: "a", key: () => "b:c" })(() => "ran");
    expect([await one(), await other()]).toEqual(["ran", "ran"]);
  });

  it("is that of this process where no store is there", async () => {
    const { limit } = gates();
    const limited = limit(options)(() => "ran");
    await expect(Promise.all([limited(), limited()])).resolves.toEqual(["ran", "ran"]);
    expect(await errorOf(limited())).toMatchObject({ code: "ERR_BALDUR_RATE_LIMIT_EXCEEDED" });
  });

  it("says by which limit it refused", async () => {
    const { limitWith, runtime } = gates();
    const store = { available: false, take: () => ({ granted: 0, wait: 1, left: 0 }) };
    const limited = limitWith(store)({ ...options, emergencyRequests: 1, raiseOnLimit: false })(() => "ran");
    await expect(Promise.all([limited(), limited()])).resolves.toEqual(["ran", undefined]);
    store.available = true;
    await limited();
    const modes = runtime.telemetry
      .metrics()
      .filter(({ name }) => name === "baldur_rate_limit_exceeded_total");
    expect(modes.map(({ labels, value }) => [labels["mode"], value])).toEqual([
      ["emergency", 1],
      ["normal", 1],
    ]);
  });

  it("is inert while the kill switch is off, and only reports in a dry run", async () => {
    const { limit, runtime } = gates();
    const limited = limit({ ...options, maxRequests: 1 })(() => "ran");
    await limited();
    await runtime.control.enableDryRun({ actor: "a" });
    await expect(limited()).resolves.toBe("ran");
    await runtime.control.disable({ actor: "a", reason: "r" });
    await expect(limited()).resolves.toBe("ran");
  });

  it.each([
    [{ bucket: "" }, /bucket/],
    [{ bucket: undefined }, /bucket/],
    [{ batch: 0 }, /batch/],
    [{ batch: 3 }, /batch/],
    [{ emergencyRequests: 0 }, /emergencyRequests/],
    [{ window: 99 }, /window/],
    [{ scope: "planet" }, /scope/],
    [{ lease: 3 }, /lease is not an option/],
    [{ scope: "process" }, /bucket is not an option without scope/],
  ])("refuses %j", (broken, message) => {
    expect(() => rateLimit({ ...options, ...broken } as never)).toThrow(message);
  });
});

describe("idempotent", () => {
  it("runs a function once per key, for every function with its operation", async () => {
    const { once } = gates();
    let runs = 0;
    const options = { operation: "charge", key: "orderId" };
    const first = once(options)((order: { orderId: number }) => [order.orderId, ++runs]);
    const second = once(options)((_: { orderId: number }) => ++runs);
    await expect(first({ orderId: 1 })).resolves.toEqual([1, 1]);
    expect(await errorOf(second({ orderId: 1 }))).toMatchObject({
      code: "ERR_BALDUR_IDEMPOTENCY_DUPLICATE",
      decision: "skip",
    });
    expect(runs).toBe(1);
  });

  it("keeps parts of a key apart, whatever they hold", async () => {
    const { once } = gates();
    const wrapped = once({ operation: "op", key: (a: string, b: string) => [a, b] })(
      async (a: string, b: string) => a + b,
    );
    await wrapped("a|b", "c");
    await expect(wrapped("a", "b|c")).resolves.toBe("ab|c");
  });

  it("needs an operation where none can be derived", () => {
    expect(() => idempotent({ key: "id" })(async () => 1)).toThrow(/operation/);
    expect(() => idempotent({ operation: "a:b", key: "id" })).toThrow(ConfigurationError);
    expect(() => idempotent({ operation: "a", key: [] })).toThrow(ConfigurationError);
  });
});

describe("dlqProtect and domainTag", () => {
  it("protects like `protected`, and runs with a domain", async () => {
    expect(await errorOf(dlqProtect("gate")(fails)())).toMatchObject({ message: "down" });
    expect(domainTag("Payments ")((n: number) => n + 1)(1)).toBe(2);
  });

  it.each([
    ["default", "reserved"],
    ["", "empty"],
    ["a b", "invalid_charset"],
    ["x".repeat(65), "too_long"],
  ])("refuses the domain %j", (domain, reason) => {
    try {
      domainTag(domain);
    } catch (error) {
      expect(error).toBeInstanceOf(DomainValidationError);
      expect(error).toMatchObject({ reason });
      return;
    }
    throw new Error("it did not throw");
  });
});
