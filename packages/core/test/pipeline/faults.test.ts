import { describe, expect, it } from "@jest/globals";
import type { Plugin } from "../../src/plugins/plugin.js";
import { bulkheadSlot } from "../../src/slots/bulkhead.js";
import { errorOf, fails, failure, succeeds, testRuntime, turn } from "../runtime.js";

const hang = () => new Promise<never>(() => undefined);
const bulkhead = (acquire: () => unknown, start?: () => Promise<void>): Plugin => ({
  name: "bulkhead",
  register: (context) => context.fill(bulkheadSlot, { kind: "test", acquire: acquire as never }),
  ...(start !== undefined && { start }),
});
const faulty = () => {
  throw failure("a fault of the plugin");
};

describe("a fault of what fills a slot", () => {
  it.each([
    ["acquire throws", faulty],
    ["acquire rejects", async () => faulty()],
    ["acquire answers nothing", () => undefined],
    ["release throws", () => ({ release: faulty })],
  ])("reaches no caller and hangs no call: %s", async (_, acquire) => {
    const { baldur, telemetry } = testRuntime({ plugins: [bulkhead(acquire)] });
    await baldur.start();
    for (const options of [{ bulkhead: "b" }, { bulkhead: "b", timeout: 1000 }]) {
      await expect(baldur.protect("x", succeeds, options)).resolves.toBe("ok");
    }
    expect(telemetry.named("bulkhead.slot_failed").length).toBeGreaterThan(0);
  });

  it("takes the stage out again when its plugin fails to start", async () => {
    let asked = 0;
    const plugin = bulkhead(
      () => (asked++, { release: () => undefined }),
      async () => faulty(),
    );
    const { baldur } = testRuntime({ plugins: [plugin] });
    await baldur.start();
    await baldur.protect("x", succeeds, { bulkhead: "b" });
    expect(asked).toBe(0);
  });

  it("delays no other call's deadline", async () => {
    const { baldur, clock } = testRuntime({ plugins: [bulkhead(() => ({ release: faulty }))] });
    await baldur.start();
    const first = errorOf(baldur.protect("x", hang, { bulkhead: "b", timeout: 100 }));
    const second = errorOf(baldur.protect("y", hang, { timeout: 120 }));
    await clock.advance(120);
    expect(await first).toMatchObject({ timeout: 100 });
    expect(await second).toMatchObject({ timeout: 120 });
  });
});

describe("promises where none are expected", () => {
  it("end no process: listeners, loggers and callbacks that reject are isolated", async () => {
    const rejects = async () => faulty();
    const logger = { debug: rejects, info: rejects, warn: rejects, error: rejects };
    const { baldur, clock } = testRuntime({ logger: logger as never });
    baldur.telemetry.subscribe(rejects as never);
    const callbacks = [
      { classify: rejects },
      { retry: { retryOn: rejects } },
      { retry: { retryOnResult: rejects } },
      { retry: { backoff: rejects } },
      { idempotencyKey: rejects },
    ];
    for (const options of callbacks) {
      const call = baldur
        .protect("x", fails, { circuitBreaker: false, ...options } as never)
        .catch(() => undefined);
      await clock.advance(60_000);
      await call;
    }
    await turn();
  });
});

describe("a fallback that is taken away, or that answers something hostile", () => {
  it("gives the original error", async () => {
    const { baldur } = testRuntime();
    const options: { fallback?: () => string } = { fallback: () => "f" };
    const call = errorOf(
      baldur.protect(
        "x",
        async () => {
          delete options.fallback;
          return fails();
        },
        options as never,
      ),
    );
    expect(await call).toMatchObject({ message: "down" });
    const hostile = Object.defineProperty(Promise.resolve(1), "constructor", { get: faulty });
    expect(await errorOf(baldur.protect("x", fails, { fallback: () => hostile as never }))).toMatchObject({
      message: "down",
    });
  });
});

describe("the kill switch in the middle of a call", () => {
  const off = { actor: "a", reason: "r" };

  it("stops retries, and answers and keeps nothing any more", async () => {
    const { baldur, clock, telemetry } = testRuntime();
    let attempts = 0;
    const call = errorOf(
      baldur.protect("x", () => (attempts++, fails()), {
        retry: { maxAttempts: 5 },
        fallback: () => "f",
        dlq: true,
      }),
    );
    await clock.advance(500);
    await baldur.control.disable(off);
    await clock.advance(60_000);
    expect(await call).toMatchObject({ message: "down" });
    expect(attempts).toBe(1);
    expect(telemetry.series("baldur_dlq_discarded_total")).toEqual([]);
  });
});
