import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { errorOf, failure, runs, testRuntime } from "../runtime.js";

const LIMITED = Object.assign(failure("429"), { status: 429 });
const act = fc.constantFrom("ok", "ok", "ok", "fail", "throw", "limited", "wait");

/** The same calls, once on the short way that a bare breaker has and once through the stages. */
async function play(acts: readonly string[], options: object | undefined) {
  const { baldur, clock, telemetry } = testRuntime({
    settings: { circuitBreaker: { failureThreshold: 3, minimumCalls: 3 } },
  });
  const outcomes: string[] = [];
  for (const now of acts) {
    if (now === "wait") {
      await clock.advance(20_000);
      continue;
    }
    const fn = () => {
      if (now === "throw") throw failure();
      return now === "ok" ? "ok" : Promise.reject(now === "limited" ? LIMITED : failure());
    };
    outcomes.push(await baldur.protect("x", fn, options).catch((error: Error) => error.message));
  }
  const { since: _, lastFailureAt: __, ...row } = baldur.circuit("x").snapshot();
  const counts = telemetry
    .series("baldur_protect_attempts")
    .map(({ labels, count, sum }) => [labels["outcome"], count, sum]);
  return { outcomes, row, counts };
}

describe("a call with nothing but a breaker", () => {
  it("leaves the same outcomes, circuit and metrics as one that goes through the stages", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
        const direct = await play(acts, undefined);
        const staged = await play(acts, { timeout: 1e9 });
        expect(direct).toEqual(staged);
      }),
      { numRuns: runs(60) },
    );
  });

  it("knows its name and its options", async () => {
    const { baldur } = testRuntime();
    const context = { userId: 1 };
    await baldur.protect("x", ({ name, attempt, context: own }) =>
      expect([name, attempt, own]).toEqual(["x", 1, {}]),
    );
    await baldur.protect("x", ({ name, context: own }) => expect([name, own]).toEqual(["x", context]), {
      context,
    });
    expect(await errorOf(baldur.protect("x", ({ signal }) => Promise.reject(signal.aborted)))).toBe(false);
  });
});
