import { describe, expect, it } from "@jest/globals";
import { BulkheadFullError } from "../../src/bulkhead/errors.js";
import { CircuitOpenError } from "../../src/circuit-breaker/errors.js";
import type { RetryNotice } from "../../src/pipeline/options.js";
import { errorOf, fails, failure, testRuntime } from "../runtime.js";

const CONSTANT = { backoff: "constant" as const, baseDelay: 100 };

describe("retry", () => {
  it("is not asked for by default", async () => {
    const { baldur } = testRuntime();
    let attempts = 0;
    await errorOf(baldur.protect("x", () => (attempts++, fails())));
    expect(attempts).toBe(1);
  });

  it("tries three times in all, and rejects with the last error itself", async () => {
    const { baldur, clock } = testRuntime();
    const errors = [failure("1"), failure("2"), failure("3")];
    let attempts = 0;
    const call = errorOf(baldur.protect("x", () => Promise.reject(errors[attempts++]), { retry: true }));
    await clock.advance(60_000);
    expect(await call).toBe(errors[2]);
    expect(attempts).toBe(3);
  });

  it("stops at the first success", async () => {
    const { baldur, clock } = testRuntime();
    let attempts = 0;
    const call = baldur.protect("x", () => (++attempts < 2 ? fails() : "ok"), { retry: true });
    await clock.advance(60_000);
    await expect(call).resolves.toBe("ok");
    expect(attempts).toBe(2);
    expect(baldur.circuit("x").snapshot().window).toMatchObject({ calls: 1, failures: 0 });
  });

  it("does not retry what is ignored, fatal, or a refusal of its own", async () => {
    const { baldur } = testRuntime();
    const refusal = new BulkheadFullError({ compartment: "c", active: 1, limit: 1 });
    let attempts = 0;
    const once = async (error: unknown, options: object) => {
      attempts = 0;
      await errorOf(
        baldur.protect("x", () => (attempts++, Promise.reject(error)), { retry: true, ...options }),
      );
      return attempts;
    };
    await expect(once(failure(), { classify: () => "ignored" })).resolves.toBe(1);
    await expect(once(failure(), { classify: () => "fatal" })).resolves.toBe(1);
    await expect(once(failure(), { retry: { retryOn: () => false } })).resolves.toBe(1);
    await expect(once(refusal, {})).resolves.toBe(1);
    await expect(once(new CircuitOpenError({ name: "inner", state: "open" }), {})).resolves.toBe(1);
  });

  it("tells onRetry what it is about to do", async () => {
    const { baldur, clock } = testRuntime();
    const notices: RetryNotice[] = [];
    const retry = { ...CONSTANT, onRetry: (notice: RetryNotice) => void notices.push(notice) };
    const call = errorOf(baldur.protect("x", fails, { retry }));
    await clock.advance(1000);
    await call;
    expect(notices.map(({ name, attempt, delay }) => [name, attempt, delay])).toEqual([
      ["x", 1, 100],
      ["x", 2, 100],
    ]);
  });

  it("treats a value as a failed attempt where it is told to, and returns the last one", async () => {
    const { baldur, clock } = testRuntime();
    let attempts = 0;
    const retry = { ...CONSTANT, retryOnResult: (value: unknown) => value !== "done" };
    const call = baldur.protect("x", () => (++attempts, "busy"), { retry });
    await clock.advance(1000);
    await expect(call).resolves.toBe("busy");
    expect(attempts).toBe(3);
  });

  it("begins no wait that would end after maxElapsed", async () => {
    const { baldur, clock } = testRuntime();
    const retry = { ...CONSTANT, maxAttempts: 10, maxElapsed: 250 };
    const call = baldur.protectWithMeta("x", fails, { retry });
    await clock.advance(10_000);
    expect((await call).attempts).toHaveLength(3);
    expect((await call).error).toMatchObject({ reason: "max_elapsed" });
  });

  it("bounds one attempt, aborts it, and tries again", async () => {
    const { baldur, clock } = testRuntime();
    const aborted: boolean[] = [];
    const call = baldur.protect(
      "x",
      ({ attempt, signal }) => {
        signal.addEventListener("abort", () => aborted.push(true));
        return attempt === 1 ? new Promise<string>(() => undefined) : "ok";
      },
      { retry: { ...CONSTANT, attemptTimeout: 50 } },
    );
    await clock.advance(150);
    await expect(call).resolves.toBe("ok");
    expect(aborted).toEqual([true]);
  });

  it("takes nothing from an attempt that answers after it was given up", async () => {
    const { baldur, clock } = testRuntime();
    const finish: ((value: string) => void)[] = [];
    const call = baldur.protect("x", () => new Promise<string>((resolve) => finish.push(resolve)), {
      retry: { ...CONSTANT, attemptTimeout: 50 },
    });
    await clock.advance(150);
    finish[0]?.("late");
    finish[1]?.("second");
    await expect(call).resolves.toBe("second");
  });

  it("44.4 is off when the settings say so, whatever calls ask for", async () => {
    const { baldur } = testRuntime({ settings: { retry: { enabled: false } } });
    await expect(baldur.protectWithMeta("x", fails, { retry: true })).resolves.toMatchObject({
      attempts: [{ number: 1 }],
    });
  });

  it("44.4 takes strategy, multiplier, jitter and delays from the settings", async () => {
    const retry = { backoff: "linear" as const, baseDelay: 10, increment: 5, jitter: 0, maxAttempts: 4 };
    const { baldur, clock } = testRuntime({ settings: { retry } });
    const call = baldur.protectWithMeta("x", fails, { retry: true });
    await clock.advance(1000);
    expect((await call).attempts.map(({ delayBeforeNext }) => delayBeforeNext)).toEqual([
      10,
      15,
      20,
      undefined,
    ]);
  });

  it("44.4 reports exhaustion of asynchronous calls", async () => {
    const { baldur, clock, telemetry } = testRuntime();
    const call = errorOf(baldur.protect("x", fails, { retry: CONSTANT }));
    await clock.advance(1000);
    await call;
    expect(telemetry.named("retry.attempts_exhausted")[0]?.payload).toMatchObject({
      attempts: 3,
      reason: "max_attempts",
    });
    expect(telemetry.value("baldur_retry_attempts_started_total", { name: "x" })).toBe(2);
  });
});
