import { createFakeClock, idempotencyStoreContract } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Clock } from "../../src/clock.js";
import type { IdempotencyStore } from "../../src/idempotency/store.js";
import { KvIdempotencyStore } from "../../src/idempotency/stores/kv.js";
import { MemoryIdempotencyStore } from "../../src/idempotency/stores/memory.js";
import { MemoryKeyValueStore } from "../../src/kv/stores/memory.js";
import { runs } from "../runtime.js";

idempotencyStoreContract({
  name: "the store in memory",
  create: async () => {
    const clock = createFakeClock();
    return { store: new MemoryIdempotencyStore({ clock, maxKeys: 1000 }), clock };
  },
});

idempotencyStoreContract({
  name: "the store in an ordered map",
  create: async () => {
    const clock = createFakeClock();
    return { store: new KvIdempotencyStore({ clock, store: new MemoryKeyValueStore() }), clock };
  },
});

describe("idempotent execution", () => {
  it.each([
    ["memory", (clock: Clock) => new MemoryIdempotencyStore({ clock, maxKeys: 1000 })],
    ["an ordered map", (clock: Clock) => new KvIdempotencyStore({ clock, store: new MemoryKeyValueStore() })],
  ])(
    "never has two executions of a key at a time within the window, under any interleaving: %s",
    async (_, create) => {
      const step = fc.record({
        key: fc.constantFrom("a", "b"),
        act: fc.constantFrom("claim", "claim", "complete", "fail", "release", "wait"),
        of: fc.nat(10),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
          const clock = createFakeClock();
          const store: IdempotencyStore = create(clock);
          const running: { key: string; owner: string; attempt: number }[] = [];
          const completed = new Set<string>();
          let owners = 0;
          for (const { key, act, of } of steps) {
            if (act === "wait")
              await clock.advance(of); // never so long that a claim goes stale
            else if (act === "claim") {
              const owner = `owner-${++owners}`;
              const answer = await store.claim(key, { owner, ttl: 1e6, tolerance: 0 });
              if (answer.decision !== "continue") continue;
              expect(running.some((other) => other.key === key)).toBe(false);
              expect(completed.has(key)).toBe(false);
              running.push({ key, owner, attempt: answer.attempt });
            } else {
              const [ended] = running.splice(of % Math.max(1, running.length), 1);
              if (ended === undefined) continue;
              if (act === "complete") completed.add(ended.key);
              if (act === "complete") await store.complete(ended.key, ended, { ttl: 1e6 });
              else if (act === "fail") await store.fail(ended.key, ended, { ttl: 1e6 });
              else await store.release(ended.key, ended);
            }
          }
        }),
        { numRuns: runs(200) },
      );
    },
  );

  it("refuses new keys when it is full rather than forget work that was done", async () => {
    const clock = createFakeClock();
    const store = new MemoryIdempotencyStore({ clock, maxKeys: 2 });
    const request = (owner: string) => ({ owner, ttl: 1000, tolerance: 0 });
    store.claim("a", request("1"));
    store.claim("b", request("2"));
    expect(() => store.claim("c", request("3"))).toThrow(/BALDUR_IDEMPOTENCY_MEMORY_MAX_KEYS/);
    store.fail("a", { owner: "1", attempt: 1 }, { ttl: 1000 });
    expect(store.claim("c", request("3"))).toMatchObject({ decision: "continue" });
  });

  it("forgets without timers what is over", async () => {
    const clock = createFakeClock();
    const store = new MemoryIdempotencyStore({ clock, maxKeys: 10_000 });
    for (let n = 0; n < 1000; n++) {
      store.claim(`key-${n}`, { owner: "o", ttl: 1000, tolerance: 0 });
      store.complete(`key-${n}`, { owner: "o", attempt: 1 }, { ttl: 1000 });
    }
    await clock.advance(1001);
    for (let n = 0; n < 600; n++) store.claim(`new-${n}`, { owner: "o", ttl: 1000, tolerance: 0 });
    expect(store.size).toBeLessThanOrEqual(600);
    expect(clock.pending).toBe(0);
  });
});
