import { describe, expect, it } from "@jest/globals";
import type { Call } from "../../src/call.js";
import { CircuitOpenError } from "../../src/circuit-breaker/errors.js";
import { TimeoutPolicyError } from "../../src/pipeline/errors.js";
import { errorOf, fails, failure, succeeds, testRuntime, turn } from "../runtime.js";

const hang = () => new Promise<never>(() => undefined);
const OPEN = { circuitBreaker: { failureThreshold: 1, minimumCalls: 1 } };

describe("protect", () => {
  it("answers with the function's value, synchronous or not, and thenables too", async () => {
    const { baldur } = testRuntime();
    const thenable = { then: (resolve: (value: number) => void) => resolve(3) };
    await expect(baldur.protect("x", () => 1)).resolves.toBe(1);
    await expect(baldur.protect("x", async () => 2)).resolves.toBe(2);
    await expect(baldur.protect("x", () => thenable as PromiseLike<number>)).resolves.toBe(3);
  });

  it("rejects with the caller's own error, unchanged, also when it is none", async () => {
    const { baldur } = testRuntime();
    const values = [failure(), "text", undefined, null, 0, Object.freeze({ a: 1 }), Symbol("s")];
    for (const [index, thrown] of values.entries()) {
      const name = `name-${index}`;
      const fallback = () => Promise.reject(thrown);
      const results = [
        baldur.protect(name, () => Promise.reject(thrown)),
        baldur.protect(name, () => {
          throw thrown;
        }),
        baldur.protect(name, () => Promise.reject(thrown), { timeout: 1000, fallback }),
      ];
      for (const result of results) expect(await errorOf(result)).toBe(thrown);
    }
  });

  it("tells the function its name, its attempt and its context", async () => {
    const { baldur } = testRuntime();
    const context = { orderId: 7 };
    let seen: Call | undefined;
    await baldur.protect("x", (call) => void (seen = call), { context });
    expect(seen).toMatchObject({ name: "x", attempt: 1 });
    expect(seen?.context).toBe(context);
    expect(seen?.signal.aborted).toBe(false);
    expect(seen?.replayOf).toBeUndefined();
  });

  it("makes everything inert when the settings switch it off", async () => {
    const { baldur } = testRuntime({ settings: { protect: { enabled: false } } });
    for (let n = 0; n < 20; n++)
      await errorOf(baldur.protect("x", fails, { ...OPEN, fallback: () => "no", retry: true }));
    await expect(baldur.protect("x", succeeds)).resolves.toBe("ok");
    expect(baldur.circuits()).toEqual([]);
  });

  it("takes its defaults from the settings", async () => {
    const { baldur, clock } = testRuntime({
      settings: { protect: { defaultTimeout: 100, defaultCircuitBreaker: false } },
    });
    const call = errorOf(baldur.protect("x", hang));
    await clock.advance(100);
    expect(await call).toBeInstanceOf(TimeoutPolicyError);
    expect(baldur.circuits()).toEqual([]);
  });

  it("says once per name and combination which stages it goes through", async () => {
    const { baldur, telemetry } = testRuntime();
    const options = { fallback: () => "f", timeout: 10, retry: true };
    for (let n = 0; n < 3; n++) await baldur.protect("x", succeeds, options);
    expect(telemetry.named("protect.composer_built").map(({ payload }) => payload)).toEqual([
      { name: "x", stages: ["fallback", "circuit-breaker", "timeout", "retry"], timeout: 10 },
    ]);
    for (let n = 0; n < 3; n++) {
      await baldur.protect("x", succeeds);
      await baldur.protect("x", succeeds, options);
    }
    expect(telemetry.named("protect.composer_built")).toHaveLength(2);
  });

  it("measures every call by name and outcome", async () => {
    const { baldur, telemetry } = testRuntime();
    await baldur.protect("x", succeeds);
    await errorOf(baldur.protect("x", fails));
    await baldur.protect("x", fails, { fallback: () => "f" });
    const counts = telemetry
      .series("baldur_protect_duration_seconds")
      .map(({ labels, count }) => [labels["outcome"], labels["mode"], count]);
    expect(counts).toEqual([
      ["success", "async", 1],
      ["failure", "async", 1],
      ["fallback", "async", 1],
    ]);
    expect(telemetry.value("baldur_protect_fallback_total", { name: "x" })).toBe(1);
  });
});

describe("options", () => {
  it("are read by value on every call: the same object may change, and equal ones may be written anew", async () => {
    const { baldur, clock } = testRuntime();
    const options: { timeout: number | null } = { timeout: null };
    await baldur.protect("x", succeeds, options);
    options.timeout = 50;
    const call = errorOf(baldur.protect("x", hang, options));
    await clock.advance(50);
    expect(await call).toMatchObject({ timeout: 50 });
    const longer = errorOf(baldur.protect("x", hang, { timeout: 70 }));
    await clock.advance(70);
    expect(await longer).toMatchObject({ timeout: 70 });
  });

  it("use the functions of each call, not those of the first", async () => {
    const { baldur } = testRuntime();
    for (const answer of ["first", "second"]) {
      await expect(baldur.protect("x", fails, { fallback: () => answer })).resolves.toBe(answer);
    }
  });
});

describe("timeout", () => {
  it("M9 aborts its own call and no sibling's", async () => {
    const { baldur, clock } = testRuntime();
    const signals: AbortSignal[] = [];
    const slow = (call: Call) => {
      signals.push(call.signal);
      return hang();
    };
    const first = errorOf(baldur.protect("x", slow, { timeout: 100 }));
    await clock.advance(50);
    const second = errorOf(baldur.protect("x", slow, { timeout: 100 }));
    await clock.advance(50);
    expect(await first).toBeInstanceOf(TimeoutPolicyError);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    await clock.advance(50);
    expect(await second).toBeInstanceOf(TimeoutPolicyError);
    expect(signals[1]?.reason).toBe(await second);
  });

  it("covers all attempts and the waits between them, and counts as one failure", async () => {
    const { baldur, clock } = testRuntime();
    let attempts = 0;
    const call = errorOf(
      baldur.protect("x", () => (attempts++, fails()), {
        timeout: 2500,
        retry: { maxAttempts: 10, backoff: "constant" },
      }),
    );
    await clock.advance(2500);
    expect(await call).toMatchObject({ code: "ERR_BALDUR_TIMEOUT_POLICY", scope: "call" });
    expect(attempts).toBe(3);
    await clock.advance(60_000);
    expect(attempts).toBe(3);
    expect(baldur.circuit("x").snapshot().window).toMatchObject({ calls: 1, failures: 1 });
  });

  it("lets an error of the same kind that the function threw pass through", async () => {
    const { baldur } = testRuntime();
    const own = new DOMException("late", "TimeoutError");
    expect(await errorOf(baldur.protect("x", () => Promise.reject(own), { timeout: 100 }))).toBe(own);
  });

  it("hands out an aborted signal to a function that reads it afterwards", async () => {
    const { baldur, clock } = testRuntime();
    let kept: Call | undefined;
    const call = errorOf(baldur.protect("x", (own) => ((kept = own), hang()), { timeout: 10 }));
    await clock.advance(10);
    await call;
    expect(kept?.signal.aborted).toBe(true);
  });

  it("never fires early, for any duration and moment", async () => {
    const { baldur, clock } = testRuntime();
    for (const timeout of [1, 2, 3.5, 16, 1024, 0.25]) {
      const began = clock.monotonic();
      let ended = 0;
      const call = baldur.protect("x", hang, { timeout }).catch(() => (ended = clock.monotonic()));
      for (let step = 0; step < 40 && ended === 0; step++) await clock.advance(timeout / 8);
      await call;
      expect(ended - began).toBeGreaterThanOrEqual(timeout);
    }
  });

  it("leaves no timer behind when its calls have ended", async () => {
    const { baldur, clock } = testRuntime();
    for (let n = 0; n < 100; n++) await baldur.protect("x", succeeds, { timeout: 100 + n });
    expect(clock.pending).toBeLessThanOrEqual(1);
    await clock.advance(1000);
    expect(clock.pending).toBe(0);
  });
});

describe("the caller's signal", () => {
  it("ends a call at once, with its own reason, and counts against nobody", async () => {
    const { baldur } = testRuntime();
    const controller = new AbortController();
    const call = errorOf(baldur.protect("x", hang, { signal: controller.signal, fallback: () => "no" }));
    controller.abort("enough");
    expect(await call).toBe("enough");
    expect(baldur.circuit("x").snapshot().window.calls).toBe(0);
  });

  it("refuses a call that is aborted before it begins", async () => {
    const { baldur } = testRuntime();
    let ran = false;
    const error = await errorOf(
      baldur.protect("x", () => (ran = true), { signal: AbortSignal.abort("before") }),
    );
    expect([error, ran]).toEqual(["before", false]);
  });

  it("M4 ends a wait between attempts at once and does not call again", async () => {
    const { baldur, clock } = testRuntime();
    const controller = new AbortController();
    let attempts = 0;
    const call = errorOf(
      baldur.protect("x", () => (attempts++, fails()), {
        retry: { baseDelay: 1500 },
        signal: controller.signal,
      }),
    );
    await clock.advance(100);
    controller.abort("stop");
    expect(await call).toBe("stop");
    await clock.advance(10_000);
    expect(attempts).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it("is listened to once, however many calls share it", async () => {
    const { baldur } = testRuntime();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
    const calls = Array.from({ length: 500 }, () => baldur.protect("x", () => turn(), { signal }));
    await Promise.all(calls);
    expect(listeners).toBe(1);
  });
});

describe("fallback", () => {
  it("answers a failure, a timeout and an open circuit", async () => {
    const { baldur, clock } = testRuntime();
    const fallback = (error: unknown) => (error as { code?: string }).code ?? (error as Error).message;
    await expect(baldur.protect("x", fails, { fallback })).resolves.toBe("down");
    const late = baldur.protect("x", hang, { fallback, timeout: 10 });
    await clock.advance(10);
    await expect(late).resolves.toBe("ERR_BALDUR_TIMEOUT_POLICY");
    await errorOf(baldur.protect("y", fails, OPEN));
    await expect(baldur.protect("y", succeeds, { ...OPEN, fallback })).resolves.toBe(
      "ERR_BALDUR_CIRCUIT_OPEN",
    );
  });

  it("hides nothing from the circuit", async () => {
    const { baldur } = testRuntime();
    await baldur.protect("x", fails, { ...OPEN, fallback: () => "f" });
    expect(baldur.circuit("x").state).toBe("open");
  });

  it("gives the original error when it throws itself, and says so", async () => {
    const { baldur, telemetry } = testRuntime();
    const original = failure("original");
    const broken = [
      () => Promise.reject(failure("worse")),
      () => {
        throw failure("worse");
      },
    ];
    for (const fallback of broken) {
      expect(await errorOf(baldur.protect("x", () => Promise.reject(original), { fallback }))).toBe(original);
    }
    const rethrow = (error: unknown) => {
      throw error;
    };
    expect(await errorOf(baldur.protect("x", () => Promise.reject(original), { fallback: rethrow }))).toBe(
      original,
    );
    expect(telemetry.named("fallback.function_failed")).toHaveLength(2);
  });
});

describe("protectWithMeta", () => {
  it("tells how a call went, and never rejects for what became of it", async () => {
    const { baldur, clock } = testRuntime();
    await expect(baldur.protectWithMeta("x", succeeds)).resolves.toMatchObject({
      outcome: "success",
      value: "ok",
      fallbackUsed: false,
      attempts: [{ number: 1 }],
    });
    await expect(baldur.protectWithMeta("x", fails)).resolves.toMatchObject({
      outcome: "failure",
      error: failure(),
    });
    await expect(baldur.protectWithMeta("x", fails, { fallback: () => "f" })).resolves.toMatchObject({
      outcome: "fallback",
      value: "f",
      fallbackUsed: true,
    });
    const late = baldur.protectWithMeta("x", hang, { timeout: 10 });
    await clock.advance(10);
    await expect(late).resolves.toMatchObject({ outcome: "timeout", duration: 10 });
    await baldur.protectWithMeta("y", fails, OPEN);
    const refused = await baldur.protectWithMeta("y", succeeds, OPEN);
    expect(refused).toMatchObject({ outcome: "rejected", attempts: [] });
    expect(refused.error).toBeInstanceOf(CircuitOpenError);
    await expect(
      baldur.protectWithMeta("x", hang, { signal: AbortSignal.abort("no") }),
    ).resolves.toMatchObject({
      outcome: "aborted",
      error: "no",
    });
  });

  it("44.4 lists every attempt with its delay, also when a fallback answered", async () => {
    const { baldur, clock } = testRuntime();
    const result = baldur.protectWithMeta("x", fails, { retry: { maxAttempts: 3 }, fallback: () => "f" });
    await clock.advance(10_000);
    const { attempts, outcome } = await result;
    expect(outcome).toBe("fallback");
    expect(attempts.map(({ number, delayBeforeNext }) => [number, delayBeforeNext])).toEqual([
      [1, 1000],
      [2, 2000],
      [3, undefined],
    ]);
  });

  it("wraps the last error when the attempts ran out", async () => {
    const { baldur, clock } = testRuntime();
    const result = baldur.protectWithMeta("x", fails, { retry: { maxAttempts: 2 } });
    await clock.advance(10_000);
    expect((await result).error).toMatchObject({
      code: "ERR_BALDUR_RETRY_EXHAUSTED",
      attempts: 2,
      reason: "max_attempts",
      cause: failure(),
    });
  });
});
