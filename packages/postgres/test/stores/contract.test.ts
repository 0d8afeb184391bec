import type { IdempotencyStore } from "@baldur/core/plugin";
import {
  createFakeClock,
  documentStoreContract,
  type FakeClock,
  idempotencyStoreContract,
} from "@baldur/testkit";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { type Counted, Postgres, runs, storesOf } from "../fixture.js";

jest.setTimeout(600_000);
const POLL_INTERVAL = 500;

let postgres: Postgres;
beforeAll(async () => {
  postgres = await Postgres.start();
});
afterAll(() => postgres[Symbol.asyncDispose]());

idempotencyStoreContract({
  name: "the idempotency store in Postgres",
  create: async () => {
    await postgres.newDatabase();
    const clock = createFakeClock();
    const { idempotency } = await storesOf(postgres, { clock });
    return { store: idempotency, clock, close: () => postgres.closeAll() };
  },
});

let clock: FakeClock;
let databases: Counted[];

documentStoreContract({
  name: "the document store in Postgres",
  create: async () => {
    await postgres.newDatabase();
    clock = createFakeClock();
    const all = [await storesOf(postgres, { clock, pollInterval: POLL_INTERVAL })];
    all.push(await storesOf(postgres, { clock, pollInterval: POLL_INTERVAL }));
    databases = all.map(({ database }) => database);
    const [first, second] = all.map(({ documents }) => documents);
    return { first: first as never, second: second as never, close: () => postgres.closeAll() };
  },
  propagate: async () => {
    await clock.advance(POLL_INTERVAL);
    for (const database of databases) await database.rests();
  },
});

describe("idempotent execution with Postgres", () => {
  it("never has two executions of a key at a time within the window, under any interleaving", async () => {
    await postgres.newDatabase();
    const now = createFakeClock();
    const stores = [(await storesOf(postgres, { clock: now })).idempotency];
    stores.push((await storesOf(postgres, { clock: now })).idempotency);
    const step = fc.record({
      key: fc.constantFrom("a", "b"),
      act: fc.constantFrom("claim", "claim", "complete", "fail", "release", "wait"),
      of: fc.nat(10),
    });
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const prefix = `${++round}:`;
        const running: { key: string; owner: string; attempt: number }[] = [];
        const completed = new Set<string>();
        let owners = 0;
        for (const [at, { key: short, act, of }] of steps.entries()) {
          const key = `${prefix}${short}`;
          const store = stores[at % 2] as IdempotencyStore;
          if (act === "wait")
            await now.advance(of); // never so long that a claim goes stale
          else if (act === "claim") {
            const owner = `${prefix}${++owners}`;
            const answer = await store.claim(key, { owner, ttl: 1e9, tolerance: 0 });
            if (answer.decision !== "continue") continue;
            expect(running.some((other) => other.key === key)).toBe(false);
            expect(completed.has(key)).toBe(false);
            running.push({ key, owner, attempt: answer.attempt });
          } else {
            const [ended] = running.splice(of % Math.max(1, running.length), 1);
            if (ended === undefined) continue;
            if (act === "complete") completed.add(ended.key);
            if (act === "complete") await store.complete(ended.key, ended, { ttl: 1e9 });
            else if (act === "fail") await store.fail(ended.key, ended, { ttl: 1e9 });
            else await store.release(ended.key, ended);
          }
        }
      }),
      { numRuns: runs(40) },
    );
    await postgres.closeAll();
  });
});
