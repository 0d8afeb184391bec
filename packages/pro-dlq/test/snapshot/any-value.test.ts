import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { presentable, revive } from "../../src/snapshot/revive.js";
import { ROOM, stored, take } from "./fixture.js";

const refuse = () => {
  throw new Error("no");
};

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

class Money {
  constructor(readonly amount: number) {}
  toJSON() {
    return `EUR ${this.amount}`;
  }
}

class Order {
  readonly lines = [1, 2];
  constructor(readonly id: string) {}
}

describe("what does not come back", () => {
  it.each<[string, unknown, unknown]>([
    ["a function", function named() {}, "[function named]"],
    ["a function without a name", () => 1, "[function]"],
    ["a class whose name throws", Object.defineProperty(() => 1, "name", { get: refuse }), "[function]"],
    ["a symbol", Symbol("s"), "[symbol s]"],
    ["an instance", new Order("o-1"), { lines: [1, 2], id: "o-1" }],
    ["an instance with toJSON", new Money(5), "EUR 5"],
    ["an instance without fields", new (class Empty {})(), "[Empty]"],
    [
      "a toJSON that throws",
      new (class {
        toJSON = refuse;
      })(),
      "[unreadable]",
    ],
    [
      "a toJSON that answers itself",
      new (class Same {
        a = 1;
        toJSON() {
          return this;
        }
      })(),
      expect.objectContaining({ a: 1 }),
    ],
    ["an object of another prototype", Object.create({ inherited: 1 }), "[Object]"],
    ["a prototype without a constructor", Object.create(Object.create(null)), "[object]"],
    ["a promise", Promise.resolve(1), "[Promise]"],
    ["a weak map", new WeakMap(), "[WeakMap]"],
    ["a generator", (function* () {})(), expect.any(String)],
    [
      "an error",
      new TypeError("bad", { cause: new Error("worse") }),
      { name: "TypeError", message: "bad", causes: [{ name: "Error", message: "worse" }] },
    ],
    [
      "an error with a code",
      Object.assign(new Error("gone"), { code: "ENOENT" }),
      { name: "Error", message: "gone", code: "ENOENT" },
    ],
    ["a boxed number", Object(5), 5],
    [
      "a subclass of Map",
      new (class extends Map<string, number> {})([["a", 1]]),
      { $baldur: "map", v: [["a", 1]] },
    ],
    [
      "a subclass of Date",
      new (class extends Date {})("1970-01-01T00:00:00Z"),
      { $baldur: "date", v: "1970-01-01T00:00:00.000Z" },
    ],
    ["a subclass of Array", class extends Array {}.of(1, 2), [1, 2]],
    [
      "a subclass of Buffer's class",
      new (class extends Uint8Array {})([1]),
      { $baldur: "Uint8Array", v: "AQ==" },
    ],
    ["a map with a property", Object.assign(new Map(), { a: 1 }), { $baldur: "map", v: [] }],
    ["an array with a property", Object.assign([1], { index: 0 }), [1]],
    ["a property under a symbol", { [Symbol("s")]: 1, a: 1 }, { a: 1 }],
    ["a hidden property", Object.defineProperty({ a: 1 }, "b", { value: 2 }), { a: 1 }],
    [
      "arguments",
      (function () {
        // biome-ignore lint/complexity/noArguments: this object is what the case is about
        return arguments;
      })(),
      {},
    ],
    ["shared bytes", new Uint8Array(new SharedArrayBuffer(1)), { $baldur: "Uint8Array", v: "AA==" }],
    ["a revoked proxy", revoked({}), "[unreadable]"],
    ["a revoked proxy of an array", revoked([]), "[unreadable]"],
    ["a proxy that refuses its keys", new Proxy({}, { ownKeys: refuse }), "[unreadable]"],
    ["a proxy that refuses its prototype", new Proxy({}, { getPrototypeOf: refuse }), "[unreadable]"],
    ["a proxy that refuses in the end", new Proxy([1, [2]], { ownKeys: refuse }), "[unreadable]"],
    [
      "a date with a property",
      Object.assign(new Date(0), { a: 1 }),
      { $baldur: "date", v: expect.any(String) },
    ],
    [
      "bytes under another name",
      Object.defineProperty(new Uint8Array(1), Symbol.toStringTag, { value: "Other" }),
      { "0": 0 },
    ],
    ["a false date", Object.create(Date.prototype), "[unreadable]"],
    ["a false URL", Object.create(URL.prototype), "[unreadable]"],
  ])("is shown and listed: %s", (_, value, shown) => {
    expect(stored({ value })).toEqual({ value: shown });
    expect(take({ fine: [1], value }).altered[0]).toBe("$.value");
    expect(take(value).altered[0]).toBe("$");
  });

  it("names each place", () => {
    const value = {
      a: [1, { "b c": () => 1 }],
      m: new Map<unknown, unknown>([
        ["k", Symbol()],
        [1, refuse],
      ]),
      s: new Set([refuse]),
    };
    expect(take(value).altered).toEqual(['$.a[1]["b c"]', "$.m.k", "$.m[1]", "$.s[0]"]);
  });

  it("names so many places and no more", () => {
    const { altered } = take(Array.from({ length: 1000 }, () => refuse));
    expect(altered).toHaveLength(101);
    expect(altered.at(-1)).toBe("…");
  });

  it("names a place briefly", () => {
    expect(take({ ["k".repeat(1000)]: refuse }).altered[0]).toHaveLength("$.".length + 60);
  });

  it("keeps what lies beside a getter that throws", () => {
    const value = {
      a: 1,
      get b() {
        return refuse();
      },
      c: 3,
    };
    expect(stored(value)).toEqual({ a: 1, b: "[unreadable]", c: 3 });
    expect(take(value).altered).toEqual(["$.b"]);
  });

  it("names a cycle", () => {
    const value: Record<string, unknown> = { list: [] };
    value["self"] = value;
    value["map"] = new Map([["back", value]]);
    (value["list"] as unknown[]).push(value["list"]);
    expect(take(value).altered).toEqual(["$.list[0]", "$.self", "$.map.back"]);
    expect(stored(value)).toMatchObject({ self: "[circular]" });
  });

  it("reads each property once", () => {
    let reads = 0;
    const value = {
      get changing() {
        return ++reads;
      },
    };
    expect(stored(value)).toEqual({ changing: 1 });
    expect(reads).toBe(1);
  });

  it("shows few instances within instances: a request does not bring its server", () => {
    class Node {
      child?: Node;
    }
    const node = new Node();
    for (let n = 0, last = node; n < 50; n++) last = last.child = new Node();
    expect(JSON.stringify(stored(node))).toBe('{"child":{"child":{"child":"[Node]"}}}');
    const beside = Array.from({ length: 5 }, () => new Money(1));
    expect(stored(beside)).toEqual(beside.map(() => "EUR 1"));
  });
});

describe("a value that would never end", () => {
  it("stops at 100 levels of 10,000", () => {
    let value: unknown = "end";
    for (let n = 0; n < 10_000; n++) value = n % 2 === 0 ? { deep: value } : new Map([["deep", value]]);
    const { json, altered } = take(value);
    expect(altered).toHaveLength(1);
    expect(altered[0]?.match(/\.deep/g)).toHaveLength(100);
    expect(json).toContain("[too deep]");
    expect(() => presentable(JSON.parse(json))).not.toThrow();
  });

  it.each<[string, () => unknown]>([
    ["an array", () => Array.from({ length: 1_000_000 }, (_, n) => n)],
    ["an array of nothing", () => new Array(4_000_000_000)],
    ["an object", () => Object.fromEntries(Array.from({ length: 200_000 }, (_, n) => [`key${n}`, n]))],
    ["a map", () => new Map(Array.from({ length: 200_000 }, (_, n) => [n, n]))],
    ["a set", () => new Set(Array.from({ length: 200_000 }, (_, n) => n))],
    ["a string", () => "x".repeat(1_000_000)],
    ["a key", () => ({ ["x".repeat(1_000_000)]: 1 })],
    ["bytes", () => Buffer.alloc(1_000_000)],
    ["a BigInt", () => 1n << 20_000_000n],
    [
      "a proxy of infinite length",
      () => new Proxy([], { get: (_, key) => (key === "length" ? Number.POSITIVE_INFINITY : 1) }),
    ],
    ["a proxy with a new object in each property", () => endless()],
    ["one object twice in one object twice in …", () => doubled()],
  ])("reads no further than fits: %s", (_, make) => {
    const { json, truncated } = take(make());
    expect(truncated).toBe(true);
    expect(json.length).toBeLessThan(1500);
    expect(JSON.parse(json)).toMatchObject({ _truncated: true });
    expect(JSON.parse(json).original_size).toBeGreaterThan(ROOM);
  });

  it("does not write out a giant number that cannot fit", () => {
    expect(JSON.parse(take(1n << 20_000_000n).json)).toMatchObject({ original_size: 5_000_001, preview: "" });
  });

  it("stops reading", () => {
    let reads = 0;
    const watched = new Proxy(new Array(1_000_000).fill(0), {
      get: (target, key) => (reads++, Reflect.get(target, key)),
    });
    take(watched, { maxBytes: 1000 });
    expect(reads).toBeLessThan(600);
  });

  function endless(): object {
    const handler: ProxyHandler<object> = {
      ownKeys: () => ["a", "b"],
      get: () => new Proxy({}, handler),
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }),
    };
    return new Proxy({}, handler);
  }

  function doubled(): object {
    let value: object = {};
    for (let n = 0; n < 90; n++) value = { left: value, right: value };
    return value;
  }
});

describe("any value at all", () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  });
  const odd = fc.constantFrom(
    refuse,
    Symbol("s"),
    new Money(1),
    new Order("x"),
    new Proxy({}, { get: refuse }),
    globalThis,
  );
  const value = fc.oneof(anything, odd, fc.array(fc.oneof(anything, odd)), fc.dictionary(fc.string(), odd));

  it("never throws, and is valid JSON of the size allowed", () => {
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 3000 }), (any, maxBytes) => {
        const { json, truncated } = take(any, { maxBytes });
        expect(() => JSON.parse(json)).not.toThrow();
        expect(truncated || Buffer.byteLength(json) <= maxBytes).toBe(true);
        expect(() => encodeURIComponent(json)).not.toThrow(); // no half of a pair
      }),
      { numRuns: 500 },
    );
  });

  it("can be shown, and revived in some way", () => {
    fc.assert(
      fc.property(value, (any) => {
        const json = stored(any);
        expect(() => presentable(json)).not.toThrow();
        expect(() => revive(json)).not.toThrow();
      }),
    );
  });

  it("does not throw where there is no stack left", () => {
    // As it is when what failed was an endless recursion.
    const results: boolean[] = [];
    const fall = (): void => {
      try {
        fall();
      } catch {
        const { json } = take({ a: [{ b: { c: 1n } }] });
        results.push(typeof json === "string");
      }
    };
    try {
      fall();
    } catch {
      results.push(true); // not even the call fitted
    }
    expect(results).not.toContain(false);
  });
});

it("regression: Infinity and NaN are stored as JSON, where they once made the admin API answer 500", () => {
  const { json } = take({ limit: Number.POSITIVE_INFINITY, rate: Number.NaN });
  expect(JSON.parse(json)).toEqual({
    limit: { $baldur: "number", v: "Infinity" },
    rate: { $baldur: "number", v: "NaN" },
  });
  expect(() => JSON.stringify(presentable(JSON.parse(json)))).not.toThrow();
});
