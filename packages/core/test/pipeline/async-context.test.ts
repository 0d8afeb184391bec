import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "@jest/globals";
import { fails, testRuntime } from "../runtime.js";

const hang = () => new Promise<string>(() => undefined);

describe("the async context of the caller", () => {
  it("is in force in the fallback after a deadline, whoever's timer it was", async () => {
    const { baldur, clock } = testRuntime();
    const storage = new AsyncLocalStorage<string>();
    const call = (id: string) =>
      storage.run(id, () =>
        baldur.protect("x", hang, { timeout: 50, fallback: () => `${storage.getStore()}` }),
      );
    const calls = ["A", "B", "C"].map(call);
    await clock.advance(50);
    await expect(Promise.all(calls)).resolves.toEqual(["A", "B", "C"]);
  });

  it("is in force in every attempt, classify and onRetry after an attempt's deadline", async () => {
    const { baldur, clock } = testRuntime();
    const storage = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const note = (what: string) => seen.push(`${what} ${storage.getStore()}`);
    const call = (id: string) =>
      storage.run(id, () =>
        baldur.protect(
          "x",
          ({ attempt }) => (note(`attempt ${attempt} of ${id} in`), attempt === 1 ? hang() : "ok"),
          {
            retry: {
              attemptTimeout: 50,
              backoff: "constant",
              baseDelay: 10,
              onRetry: () => void note(`retry of ${id} in`),
            },
            classify: () => (note(`classify of ${id} in`), "failure"),
          },
        ),
      );
    const calls = [call("A"), call("B")];
    await clock.advance(100);
    await Promise.all(calls);
    expect(seen.length).toBeGreaterThan(6);
    for (const line of seen) expect(line).toMatch(/ of (.) in \1$/);
  });

  it("is in force after the caller's own abort, and decides the domain of what is counted", async () => {
    const { baldur, clock, telemetry } = testRuntime();
    for (const domain of ["alpha", "beta"]) {
      void baldur
        .domain(domain, () => baldur.protect("x", hang, { timeout: 50, dlq: true }))
        .catch(() => undefined);
    }
    await clock.advance(50);
    const counted = telemetry
      .series("baldur_dlq_discarded_total")
      .map(({ labels, value }) => [labels["domain"], value]);
    expect(counted).toEqual([
      ["alpha", 1],
      ["beta", 1],
    ]);
  });

  it("reaches the function and the fallback of calls without a deadline", async () => {
    const { baldur } = testRuntime();
    const storage = new AsyncLocalStorage<string>();
    const answer = storage.run("A", () =>
      baldur.protect("x", fails, { fallback: () => storage.getStore() as never }),
    );
    await expect(answer).resolves.toBe("A");
  });
});
