import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type EntryState, STATUSES } from "../../src/entry/entry.js";
import { type Input, transition } from "../../src/entry/transition.js";
import { runs } from "../queue/runtime.js";

const NOW = 5000;
const claim = { owner: "me", token: "t", at: 4000 };
type Status = EntryState["status"];

function state(status: Status, more: Partial<EntryState> = {}): EntryState {
  const held = status === "replaying" ? { claim, retryCount: 1 } : { retryCount: 0 };
  return { status, maxRetries: 2, updatedAt: 1, ...held, ...more };
}

const after = (before: EntryState, input: Input): EntryState => {
  const outcome = transition(before, input, NOW);
  if ("refused" in outcome) throw new Error(`refused: ${outcome.refused}`);
  return outcome.state;
};

const INPUTS: Readonly<Record<Input["type"], Input>> = {
  claim: { type: "claim", claim },
  redrive: { type: "redrive", claim },
  succeed: { type: "succeed", token: "t", how: "manual_replay" },
  fail: { type: "fail", token: "t", error: "down" },
  defer: { type: "defer", token: "t", reason: "open" },
  release: { type: "release", token: "t" },
  escalate: { type: "escalate", note: "why" },
  resolve: { type: "resolve", actor: "ann" },
  reject: { type: "reject", actor: "ann" },
  expire: { type: "expire" },
  archive: { type: "archive" },
};

/** What each input makes of each state; everything else is refused. */
const TABLE: Readonly<Partial<Record<Status, Partial<Record<Input["type"], Status>>>>> = {
  pending: {
    claim: "replaying",
    redrive: "replaying",
    escalate: "requires_review",
    resolve: "resolved",
    reject: "rejected",
    expire: "expired",
  },
  replaying: { succeed: "resolved", fail: "pending", defer: "pending", release: "pending" },
  reviewing: { resolve: "resolved", reject: "rejected" },
  requires_review: { redrive: "replaying", resolve: "resolved", reject: "rejected" },
  resolved: { archive: "archived" },
};
const HELD: readonly string[] = ["succeed", "fail", "defer"];

describe("what becomes of an entry", () => {
  for (const status of STATUSES) {
    for (const [type, input] of Object.entries(INPUTS)) {
      const expected = TABLE[status]?.[type as Input["type"]];
      it(`${status} + ${type} → ${expected ?? "refused"}`, () => {
        const before = state(status);
        const copy = structuredClone(before);
        const refused = HELD.includes(type) ? "lost_claim" : "wrong_status";
        const outcome = transition(before, input, NOW);
        if (expected === undefined) expect(outcome).toEqual({ refused });
        else expect(outcome).toMatchObject({ state: { status: expected, updatedAt: NOW } });
        expect(before).toEqual(copy);
      });
    }
  }

  it("counts a claim, and refuses one beyond the budget", () => {
    const first = after(state("pending"), INPUTS.claim);
    expect(first).toMatchObject({ retryCount: 1, lastRetryAt: NOW, claim });
    expect(transition(state("pending", { retryCount: 2 }), INPUTS.claim, NOW)).toEqual({
      refused: "max_retries",
    });
    expect(transition(state("pending", { maxRetries: 0 }), INPUTS.claim, NOW)).toEqual({
      refused: "max_retries",
    });
  });

  it("goes to a person after the last failure of its budget", () => {
    const once = after(after(state("pending"), INPUTS.claim), INPUTS.fail);
    expect(once).toMatchObject({ status: "pending", retryCount: 1, lastError: "down" });
    expect(once.claim).toBeUndefined();
    const twice = after(after(once, INPUTS.claim), INPUTS.fail);
    expect(twice).toMatchObject({ status: "requires_review", retryCount: 2 });
  });

  it("stamps how, when and why it was resolved", () => {
    expect(
      after(state("replaying"), { type: "succeed", token: "t", how: "duplicate_skip", note: "done" }),
    ).toEqual({
      status: "resolved",
      retryCount: 1,
      maxRetries: 2,
      updatedAt: NOW,
      resolvedAt: NOW,
      resolutionType: "duplicate_skip",
      resolutionNote: "done",
    });
    expect(after(state("pending"), { type: "resolve", actor: "ann", note: "by hand" })).toMatchObject({
      resolvedBy: "ann",
      resolvedAt: NOW,
      resolutionType: "manual",
      resolutionNote: "by hand",
    });
    expect(after(state("pending"), INPUTS.reject)).toMatchObject({
      resolvedBy: "ann",
      resolutionType: "rejected",
    });
    expect(after(state("pending"), INPUTS.expire)).toMatchObject({ resolutionType: "ttl_expired" });
    expect(after(state("pending"), INPUTS.escalate)).toMatchObject({ recommendedAction: "escalate" });
  });

  it("costs nothing when it could not be tried", () => {
    const claimed = after(state("pending", { retryCount: 1 }), INPUTS.claim);
    const deferred = after(claimed, INPUTS.defer);
    expect(deferred).toMatchObject({ status: "pending", retryCount: 1, lastError: "open" });
    expect(deferred.claim).toBeUndefined();
  });

  it.each(["pending", "requires_review"] as const)(
    "puts a redrive of a %s entry that could not be tried back to where it was",
    (status) => {
      const redriven = after(state(status, { retryCount: status === "pending" ? 1 : 2 }), INPUTS.redrive);
      expect(after(redriven, INPUTS.defer)).toMatchObject({ status });
    },
  );

  it("counts the try of an owner that is gone", () => {
    expect(after(state("replaying"), INPUTS.release)).toMatchObject({
      status: "pending",
      retryCount: 1,
      releasedFromStale: true,
    });
    const last = state("replaying", { retryCount: 2 });
    expect(after(last, INPUTS.release)).toMatchObject({ status: "requires_review", retryCount: 2 });
    expect(transition(state("replaying"), { type: "release", token: "other" }, NOW)).toEqual({
      refused: "lost_claim",
    });
  });

  it("keeps the scar of three redrives, each of which failed to its end", () => {
    let now: EntryState = state("requires_review", { retryCount: 2 });
    for (const redrive of [1, 2, 3]) {
      now = after(now, { ...INPUTS.redrive, ticketUrl: `https://t/${redrive}` } as Input);
      expect(now).toMatchObject({ status: "replaying", retryCount: 1, ticketUrl: `https://t/${redrive}` });
      now = after(now, INPUTS.fail);
      expect(now.status).toBe("pending");
      now = after(after(now, INPUTS.claim), INPUTS.fail);
      expect(now).toMatchObject({
        status: "requires_review",
        redrives: redrive,
        previousRetries: 2 * redrive,
        retryCount: 2,
      });
    }
  });

  it("keeps what it is told within bounds", () => {
    expect(
      after(state("replaying"), { type: "fail", token: "t", error: "x".repeat(1e6) }).lastError,
    ).toHaveLength(500);
    const noted = after(state("pending"), { type: "resolve", actor: "a", note: "x".repeat(1e6) });
    expect(noted.resolutionNote).toHaveLength(2000);
  });
});

describe("any history of an entry", () => {
  const tokens = ["a", "b"];
  const token = fc.constantFrom(...tokens);
  const input: fc.Arbitrary<Input> = fc.oneof(
    token.map((t): Input => ({ type: "claim", claim: { owner: t, token: t, at: 0 } })),
    token.map((t): Input => ({ type: "redrive", claim: { owner: t, token: t, at: 0 } })),
    token.map((t): Input => ({ type: "succeed", token: t, how: "scheduled_batch" })),
    token.map((t): Input => ({ type: "fail", token: t, error: "e" })),
    token.map((t): Input => ({ type: "defer", token: t, reason: "r" })),
    token.map((t): Input => ({ type: "release", token: t })),
    fc.constantFrom(INPUTS.escalate, INPUTS.resolve, INPUTS.reject, INPUTS.expire, INPUTS.archive),
  );
  const ENDS: readonly Status[] = ["rejected", "archived", "expired", "replayed", "permanently_failed"];

  it("never exceeds its budget, never settles without its claim, and stays where it ended", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4 }),
        fc.array(input, { maxLength: 40 }),
        (maxRetries, inputs) => {
          let now: EntryState = { status: "pending", retryCount: 0, maxRetries, updatedAt: 0 };
          let tried = 0;
          for (const [at, next] of inputs.entries()) {
            const before = now;
            const outcome = transition(before, next, at);
            if ("refused" in outcome) continue;
            now = outcome.state;
            expect(ENDS).not.toContain(before.status);
            if (next.type === "claim" || next.type === "redrive") tried++;
            if (next.type === "defer") tried--;
            if (HELD.includes(next.type)) expect(before.claim?.token).toBe((next as { token: string }).token);
            // A redrive alone goes beyond the budget.
            if (now.redrives === undefined) {
              expect(now.retryCount).toBe(tried);
              expect(tried).toBeLessThanOrEqual(maxRetries);
            }
            expect(now.retryCount).toBeLessThanOrEqual(Math.max(1, maxRetries));
            expect(now.retryCount).toBeGreaterThanOrEqual(0);
            expect((now.previousRetries ?? 0) + now.retryCount).toBe(tried);
            expect(now.claim !== undefined).toBe(now.status === "replaying");
          }
        },
      ),
      { numRuns: runs(500) },
    );
  });
});
