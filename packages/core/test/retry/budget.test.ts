import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { RetryBudget } from "../../src/retry/budget.js";
import { errorOf, fails, runs, succeeds, testRuntime } from "../runtime.js";

/** The budget written the obvious way: everything of the ten seconds that the present second ends. */
class NaiveBudget {
  readonly #calls: number[] = [];
  readonly #retries: number[] = [];
  constructor(
    private readonly ratio: number,
    private readonly floor: number,
  ) {}
  call(second: number): void {
    this.#calls.push(second);
  }
  take(second: number): boolean {
    const recent = (seconds: number[]) => seconds.filter((at) => at > second - 10).length;
    const allowed = Math.max((recent(this.#calls) * this.ratio) / 100, this.floor * 10);
    if (recent(this.#retries) + 1 > allowed) return false;
    this.#retries.push(second);
    return true;
  }
}

describe("the retry budget", () => {
  it("allows what a naive count over ten seconds allows", () => {
    const step = fc.record({
      retry: fc.boolean(),
      wait: fc.oneof(fc.constant(0), fc.nat(400), fc.nat(15_000)),
    });
    fc.assert(
      fc.property(fc.nat(100), fc.nat(2), fc.array(step, { maxLength: 200 }), (ratio, floor, steps) => {
        const budget = new RetryBudget(ratio, floor);
        const naive = new NaiveBudget(ratio, floor);
        let now = 12_345;
        for (const { retry, wait } of steps) {
          now += wait;
          const second = Math.floor(now / 1000);
          if (retry) expect(budget.take(now)).toBe(naive.take(second));
          else {
            budget.call(now);
            naive.call(second);
          }
        }
      }),
      { numRuns: runs(300) },
    );
  });

  it("M8 keeps a thousand failing callers from multiplying the load", async () => {
    const { baldur, clock, telemetry } = testRuntime();
    let attempts = 0;
    const options = { retry: { maxAttempts: 4, backoff: "constant" as const }, circuitBreaker: false };
    const calls = Array.from({ length: 1000 }, () =>
      errorOf(baldur.protect("x", () => (attempts++, fails()), options)),
    );
    await clock.advance(60_000);
    await Promise.all(calls);
    // 20 % of 1,000 calls in ten seconds, where three retries each would have been 3,000.
    expect(attempts).toBe(1200);
    expect(telemetry.value("baldur_retry_outcomes_total", { name: "x", reason: "retry_budget" })).toBe(1000);
  });

  it("always allows ten retries a second, whatever the share", async () => {
    const { baldur, clock } = testRuntime();
    let attempts = 0;
    for (let n = 0; n < 10; n++) {
      const call = errorOf(
        baldur.protect("x", () => (attempts++, fails()), {
          retry: { maxAttempts: 3, baseDelay: 1 },
          circuitBreaker: false,
        }),
      );
      await clock.advance(100);
      await call;
    }
    expect(attempts).toBe(30);
  });

  it("is exported, and a name may have one of its own", async () => {
    const overrides = { strict: { ratio: 0, minimumPerSecond: 0 } };
    const { baldur, telemetry } = testRuntime({ settings: { retryBudget: { overrides } } });
    await baldur.protect("x", succeeds, { retry: true });
    const result = await baldur.protectWithMeta("strict", fails, { retry: true });
    expect(result.attempts).toHaveLength(1);
    expect(telemetry.value("baldur_retry_budget_allowed", { budget: "*" })).toBe(100);
    expect(telemetry.value("baldur_retry_budget_allowed", { budget: "strict" })).toBe(0);
    expect(telemetry.named("retry.budget_exhausted")[0]?.payload).toMatchObject({
      name: "strict",
      attempts: 1,
    });
  });
});
