import { MemoryKeyValueStore, type PluginTelemetry } from "@baldur/core/plugin";
import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { Maintenance, type MaintenanceParts } from "../../src/maintenance.js";
import { Owner } from "../../src/owner.js";
import { KvDlqStore } from "../../src/store/kv/store.js";
import type { DlqStore, NewEntry } from "../../src/store/store.js";

const LEASE = 30_000;
const STALE = 30 * 60_000;
const ID = "0mwq87na4-ed1c09e775e02369-0000";
const ROOM = { total: 1000, perDomain: 1000, strategy: "drop_oldest" } as const;
const FACTS = { name: "work", domain: "work", failureType: "KIND" };

let clock: FakeClock;
let store: DlqStore;
let owner: Owner;
beforeEach(async () => {
  clock = createFakeClock();
  const map = new MemoryKeyValueStore();
  store = new KvDlqStore({ map: () => map, onCorrupt: () => undefined });
  owner = new Owner({ store, clock, lease: LEASE, onFailure: () => undefined });
  const state = { status: "pending", retryCount: 0, maxRetries: 2, updatedAt: clock.now() } as const;
  const body = JSON.stringify({ id: ID, ...FACTS, createdAt: clock.now(), expiresAt: clock.now() + 1e9 });
  const entry: NewEntry = { id: ID, ...FACTS, state, body };
  await store.add([entry], ROOM);
});

/** Of this process, or of another one that shares the store. */
function maintenance(
  seen: DlqStore,
  holder: MaintenanceParts["owner"] = { mayHold: () => false },
): Maintenance {
  const settings = { staleReplayingTimeout: STALE };
  const telemetry = { report: () => undefined } as unknown as PluginTelemetry;
  const parts = { store: seen, clock, telemetry, settings, owner: holder, lease: LEASE };
  return new Maintenance(parts as unknown as MaintenanceParts);
}

async function claim(): Promise<void> {
  const record = { owner: owner.id, token: owner.nextToken(), at: clock.now() };
  const [changed] = await store.change([{ id: ID, input: { type: "claim", claim: record } }], clock.now());
  expect(changed).not.toHaveProperty("refused");
}

const statusNow = async () => (await store.get(ID))?.state.status;

/** The store; something happens elsewhere right after it was asked for the n-th time. */
function interrupted(after: number, event: () => Promise<void>): DlqStore {
  let asked = 0;
  return new Proxy(store, {
    get: (target, property) => {
      const method = Reflect.get(target, property) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        const answer = await method.apply(target, args);
        if (++asked === after) await event();
        return answer;
      };
    },
  });
}

describe("taking back what owners left, while an owner comes to work", () => {
  const begins = async () => {
    await owner.begin();
    await claim();
  };

  it.each([1, 2, 3, 4])(
    "leaves the claim of one that was not known before, after access %i",
    async (after) => {
      await maintenance(interrupted(after, begins)).release();
      if ((await statusNow()) === "pending") await begins(); // it was not asked that often
      await maintenance(store).release();
      expect(await statusNow()).toBe("replaying");
    },
  );

  it.each([1, 2, 3, 4])(
    "leaves the claim of one whose record had run out, after access %i",
    async (after) => {
      (await owner.begin())[Symbol.dispose]();
      clock.set(clock.now() + LEASE * 2);
      await maintenance(interrupted(after, begins)).release();
      if ((await statusNow()) === "pending") await begins();
      expect((await store.owners()).has(owner.id)).toBe(true);
      await maintenance(store).release();
      expect(await statusNow()).toBe("replaying");
    },
  );

  it("forgets one whose record has run out", async () => {
    (await owner.begin())[Symbol.dispose]();
    clock.set(clock.now() + LEASE * 2);
    await maintenance(store).release();
    expect((await store.owners()).size).toBe(0);
  });
});

describe("a process that was stopped for longer than its lease", () => {
  beforeEach(async () => {
    await owner.begin();
    await claim();
    clock.set(clock.now() + LEASE * 2); // its timers did not run
  });

  it("does not take back what it is at work on itself", async () => {
    await expect(maintenance(store, owner).release()).resolves.toBe(0);
    expect((await store.owners()).has(owner.id)).toBe(true);
    expect(await statusNow()).toBe("replaying");
  });

  it("has it taken back by others", async () => {
    await expect(maintenance(store).release()).resolves.toBe(1);
    expect(await statusNow()).toBe("pending");
  });

  it("takes back by itself what takes too long", async () => {
    clock.set(clock.now() + STALE);
    await expect(maintenance(store, owner).release()).resolves.toBe(1);
  });
});

describe("the lease of a sweep", () => {
  it("is judged by what its holder says in the same transaction", async () => {
    const record = { host: "here", pid: 1, until: 5 };
    await store.renewOwner("one", record);
    expect(await store.lease("sweep", "one", 9, () => false)).toBe(true);
    const seen: unknown[] = [];
    const isFree = (...said: unknown[]) => seen.push(said) > 1;
    expect(await store.lease("sweep", "two", 9, isFree)).toBe(false);
    await store.removeOwner("one");
    expect(await store.lease("sweep", "two", 9, isFree)).toBe(true);
    expect(seen).toEqual([
      ["one", 9, record],
      ["one", 9, undefined],
    ]);
  });

  it("ends an owner only where it said nothing since", async () => {
    const seen = { host: "here", pid: 1, until: 5 };
    await store.renewOwner("one", { ...seen, until: 6 });
    await store.removeOwner("one", seen);
    expect((await store.owners()).size).toBe(1);
    await store.removeOwner("one", { ...seen, until: 6 });
    expect((await store.owners()).size).toBe(0);
  });
});
