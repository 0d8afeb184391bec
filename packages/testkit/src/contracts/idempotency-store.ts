import type { ClaimRequest, IdempotencyStore } from "@baldur/core/plugin";
import type { FakeClock } from "../clock.js";
import { testFramework } from "./test-framework.js";

/** What the contract needs of a store under test. @public */
export interface IdempotencyStoreSubject {
  readonly name: string;
  create(): Promise<{ readonly store: IdempotencyStore; readonly clock: FakeClock; close?(): Promise<void> }>;
}

const TTL = 60_000;
const claim = (owner: string, ttl = TTL): ClaimRequest => ({ owner, ttl, tolerance: 5000 });
const token = (owner: string, attempt = 1) => ({ owner, attempt });

/** The promises of the idempotency store port, as a suite of tests. @public */
export function idempotencyStoreContract(subject: IdempotencyStoreSubject): void {
  const { afterEach, describe, expect, it } = testFramework();
  describe(`${subject.name} keeps the contract of idempotency stores`, () => {
    let close: (() => Promise<void>) | undefined;
    const open = async () => {
      const opened = await subject.create();
      close = opened.close?.bind(opened);
      return opened;
    };

    afterEach(async () => {
      await close?.();
      close = undefined;
    });

    it("grants a new key once, and aborts while its claim runs", async () => {
      const { store } = await open();
      expect(await store.claim("key", claim("a"))).toEqual({ decision: "continue", attempt: 1 });
      expect(await store.claim("key", claim("b"))).toEqual({ decision: "abort", reason: "executing" });
    });

    it("answers the same claimant again when its first answer was lost", async () => {
      const { store } = await open();
      await store.claim("key", claim("a"));
      expect(await store.claim("key", claim("a"))).toEqual({ decision: "continue", attempt: 1 });
    });

    it("skips a completed key and gives back its result", async () => {
      const { store } = await open();
      await store.claim("key", claim("a"));
      expect(await store.complete("key", token("a"), { ttl: TTL, result: "42" })).toBe(true);
      expect(await store.claim("key", claim("b"))).toEqual({ decision: "skip", result: "42" });
    });

    it("forgets a completed key when its time is over", async () => {
      const { store, clock } = await open();
      await store.claim("key", claim("a"));
      await store.complete("key", token("a"), { ttl: TTL });
      await clock.advance(TTL + 1);
      expect(await store.claim("key", claim("b"))).toEqual({ decision: "continue", attempt: 1 });
    });

    it("grants a failed key again at once, as a takeover", async () => {
      const { store } = await open();
      await store.claim("key", claim("a"));
      expect(await store.fail("key", token("a"), { ttl: TTL })).toBe(true);
      expect(await store.claim("key", claim("b"))).toEqual({
        decision: "continue",
        attempt: 2,
        takeover: "failed",
      });
    });

    it("grants a stale claim to another only after its own window and the tolerance", async () => {
      const { store, clock } = await open();
      await store.claim("key", claim("a", TTL));
      await clock.advance(TTL + 4999);
      expect(await store.claim("key", claim("b", 1))).toMatchObject({ decision: "abort" });
      await clock.advance(2);
      expect(await store.claim("key", claim("b", 1))).toMatchObject({
        decision: "continue",
        takeover: "stale",
      });
    });

    it("lets only the owner settle, and answers a late loser false", async () => {
      const { store, clock } = await open();
      await store.claim("key", claim("a", 1));
      await clock.advance(5002);
      await store.claim("key", claim("b"));
      expect(await store.complete("key", token("a"), { ttl: TTL })).toBe(false);
      expect(await store.fail("key", token("a"), { ttl: TTL })).toBe(false);
      expect(await store.release("key", token("a"))).toBe(false);
      expect(await store.complete("key", token("b", 2), { ttl: TTL })).toBe(true);
    });

    it("remembers a completion that comes after its claim expired, if nobody took over", async () => {
      const { store, clock } = await open();
      await store.claim("key", claim("a", 1));
      await clock.advance(10 * TTL);
      expect(await store.complete("key", token("a"), { ttl: TTL })).toBe(true);
      expect(await store.claim("key", claim("b"))).toMatchObject({ decision: "skip" });
    });

    it("is as if never claimed after a release", async () => {
      const { store } = await open();
      await store.claim("key", claim("a"));
      expect(await store.release("key", token("a"))).toBe(true);
      expect(await store.claim("key", claim("b"))).toEqual({ decision: "continue", attempt: 1 });
    });

    it("never lets a failure undo a completion", async () => {
      const { store } = await open();
      await store.claim("key", claim("a"));
      await store.complete("key", token("a"), { ttl: TTL });
      expect(await store.fail("key", token("a"), { ttl: TTL })).toBe(false);
      expect(await store.claim("key", claim("b"))).toMatchObject({ decision: "skip" });
    });

    it("lets one of many concurrent claimants through", async () => {
      const { store } = await open();
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, n) => store.claim("key", claim(`owner-${n}`))),
      );
      expect(answers.filter(({ decision }) => decision === "continue")).toHaveLength(1);
    });
  });
}
