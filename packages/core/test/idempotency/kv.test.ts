import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { KvIdempotencyStore } from "../../src/idempotency/stores/kv.js";
import type { KeyValueReader, KeyValueWriter } from "../../src/kv/kv.js";
import { MemoryKeyValueStore } from "../../src/kv/stores/memory.js";

class CountedStore extends MemoryKeyValueStore {
  transactions = 0;

  override write<T>(work: (writer: KeyValueWriter) => T): Promise<T> {
    this.transactions++;
    return super.write(work);
  }

  get keys(): string[] {
    return this.read((reader: KeyValueReader) => reader.keys({ from: "", to: "\x7f" }));
  }
}

let clock: FakeClock;
let map: CountedStore;
let store: KvIdempotencyStore;
beforeEach(() => {
  clock = createFakeClock();
  map = new CountedStore();
  store = new KvIdempotencyStore({ clock, store: map });
});

const TTL = 60_000;
/** What an unsettled record is kept longer for, and more. */
const AFTERLIFE = 200_000;
const request = (owner: string, ttl = TTL) => ({ owner, ttl, tolerance: 0 });
const token = (owner: string) => ({ owner, attempt: 1 });

describe("the idempotency store in an ordered map", () => {
  it("is one for all who share the map, and outlives them", async () => {
    await store.claim("key", request("a"));
    const other = new KvIdempotencyStore({ clock, store: map });
    expect(other.claim("key", request("b"))).toMatchObject({ decision: "abort" });
    await other.complete("key", token("a"), { ttl: TTL, result: "42" });
    const later = new KvIdempotencyStore({ clock, store: map });
    expect(later.claim("key", request("c"))).toEqual({ decision: "skip", result: "42" });
  });

  it("answers a duplicate at once and without a transaction", async () => {
    await store.claim("key", request("a"));
    await store.complete("key", token("a"), { ttl: TTL });
    const { transactions } = map;
    for (let n = 0; n < 10; n++) expect(store.claim("key", request("b"))).toEqual({ decision: "skip" });
    expect(map.transactions).toBe(transactions);
  });

  it("keeps keys apart that no ordered map would take as they are", async () => {
    const long = "k".repeat(511);
    const keys = [
      "ключ",
      "clé",
      "cle\u0301",
      "a\nb",
      "a b",
      `${long}1`,
      `${long}2`,
      "k".repeat(400),
      "k".repeat(401),
    ];
    for (const key of keys) {
      await expect(store.claim(key, request("a"))).resolves.toMatchObject({
        decision: "continue",
        attempt: 1,
      });
      expect(store.claim(key, request("b"))).toMatchObject({ decision: "abort" });
    }
    for (const key of keys) await expect(store.complete(key, token("a"), { ttl: TTL })).resolves.toBe(true);
  });

  it("forgets what is over with the claims that come, a few at a time", async () => {
    for (let n = 0; n < 200; n++) {
      await store.claim(`key ${n}`, request("a"));
      await store.complete(`key ${n}`, token("a"), { ttl: TTL });
    }
    const before = map.keys.length;
    await clock.advance(AFTERLIFE);
    await store.claim("new", request("a"));
    expect(before - map.keys.length).toBeLessThanOrEqual(6);
    for (let n = 0; n < 110; n++) await store.claim(`later ${n}`, request("a"));
    expect(map.keys.filter((key) => /key \d+$/.test(key))).toEqual([]);
    expect(map.keys).toHaveLength(2 * 111);
  });

  it("remembers what was completed for longer than its claim would have been", async () => {
    await store.claim("key", request("a"));
    await store.complete("key", token("a"), { ttl: 10 * AFTERLIFE });
    await clock.advance(9 * AFTERLIFE);
    for (let n = 0; n < 20; n++) await store.claim(`other ${n}`, request("a"));
    expect(store.claim("key", request("b"))).toEqual({ decision: "skip" });
    await clock.advance(2 * AFTERLIFE);
    for (let n = 0; n < 20; n++) await store.claim(`other ${n}`, request("b"));
    expect(map.keys.filter((key) => key.endsWith(":key"))).toEqual([]);
  });

  it("leaves nothing behind of keys that are claimed and released again and again", async () => {
    for (let n = 0; n < 50; n++) {
      await store.claim("key", request(`owner ${n}`));
      await store.release("key", token(`owner ${n}`));
      await clock.advance(1);
    }
    await clock.advance(AFTERLIFE);
    for (let n = 0; n < 60; n++) await store.claim("other", request("a"));
    for (let n = 0; n < 60; n++) await store.claim(`other ${n}`, request("a"));
    expect(map.keys.filter((key) => key.endsWith(":key"))).toEqual([]);
  });

  it("takes times that no calendar has", async () => {
    await store.claim("key", request("a", Number.MAX_VALUE));
    await clock.advance(AFTERLIFE);
    expect(store.claim("key", request("b"))).toMatchObject({ decision: "abort" });
  });

  it.each(["", "{", "null", "7", '{"status":"done"}'])(
    "lets nobody through a record that cannot be read (%j), until its time is over",
    async (garbage) => {
      await store.claim("key", request("a"));
      const name = "idempotency:key:key";
      await map.write((writer) => writer.put(name, garbage));
      expect(store.claim("key", request("b"))).toEqual({ decision: "abort", reason: "corrupt" });
      await clock.advance(AFTERLIFE);
      await store.claim("other", request("a"));
      await expect(store.claim("key", request("b"))).resolves.toMatchObject({
        decision: "continue",
        attempt: 1,
      });
    },
  );

  it("fails when the map does", async () => {
    await map.close();
    expect(() => store.claim("key", request("a"))).toThrow(/closed/);
    await expect(store.complete("key", token("a"), { ttl: TTL })).rejects.toMatchObject({
      code: "ERR_BALDUR_ADAPTER",
    });
  });
});
