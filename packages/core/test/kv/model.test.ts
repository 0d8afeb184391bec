import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type KeyRange, withPrefix } from "../../src/kv/kv.js";
import { MemoryKeyValueStore } from "../../src/kv/stores/memory.js";
import { SortedMap } from "../../src/kv/stores/sorted-map.js";
import { runs } from "../runtime.js";

/** Few characters, so that keys meet. */
const key = fc.string({ unit: fc.constantFrom("a", "b", "~", " ", ":"), minLength: 1, maxLength: 4 });
const bound = fc.oneof(key, fc.constantFrom("", "\x7f", "a\0"));
const range = fc.record({
  from: bound,
  to: bound,
  reverse: fc.boolean(),
  limit: fc.option(fc.nat(6), { nil: undefined }),
}) as fc.Arbitrary<KeyRange>;

/** What an ordered map answers, by the plainest means. */
class Model {
  readonly entries: Map<string, string> = new Map();

  range({ from, to, reverse = false, limit }: KeyRange): [string, string][] {
    const found = [...this.entries].filter(([name]) => name >= from && name < to);
    found.sort(([a], [b]) => (a < b ? -1 : 1));
    return (reverse ? found.reverse() : found).slice(0, limit);
  }
}

describe("the sorted map", () => {
  const step = fc.oneof(
    fc.record({ put: key, value: fc.string() }),
    fc.record({ remove: key }),
    fc.record({ range }),
  );

  it("answers as a map that is sorted for every question", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const [map, model] = [new SortedMap(), new Model()];
        for (const taken of steps) {
          if ("put" in taken) {
            map.set(taken.put, taken.value);
            model.entries.set(taken.put, taken.value);
          } else if ("remove" in taken) {
            map.delete(taken.remove);
            model.entries.delete(taken.remove);
            expect(map.get(taken.remove)).toBeUndefined();
          } else {
            expect(map.range(taken.range)).toEqual(model.range(taken.range));
          }
        }
        expect(map.range({ from: "", to: "\x7f" })).toEqual(model.range({ from: "", to: "\x7f" }));
      }),
      { numRuns: runs(300) },
    );
  });

  it("keeps its order through many blocks, however keys come and go", () => {
    const order = fc.constantFrom("ascending", "descending", "mixed");
    fc.assert(
      fc.property(order, order, fc.integer({ min: 1, max: 7 }), (coming, going, kept) => {
        const [map, model] = [new SortedMap(), new Model()];
        for (const name of inOrder(coming)) {
          map.set(name, name);
          model.entries.set(name, name);
        }
        for (const name of inOrder(going)) {
          if (Number(name) % kept === 0) continue;
          map.delete(name);
          model.entries.delete(name);
        }
        for (const reverse of [false, true]) {
          const all = { from: "", to: "\x7f", reverse };
          expect(map.keys(all)).toEqual(model.range(all).map(([name]) => name));
          const some = { from: "1100", to: "2900", limit: 700, reverse };
          expect(map.range(some)).toEqual(model.range(some));
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe("the store in memory", () => {
  const change = fc.oneof(fc.record({ put: key, value: fc.string() }), fc.record({ remove: key }));
  const work = fc.record({ changes: fc.array(change, { maxLength: 10 }), throws: fc.boolean() });

  it("is as if works that throw had never been", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(work, { maxLength: 20 }), async (works) => {
        const [store, model] = [new MemoryKeyValueStore(), new Model()];
        for (const { changes, throws } of works) {
          const written = store.write((writer) => {
            for (const one of changes) {
              if ("put" in one) writer.put(one.put, one.value);
              else writer.delete(one.remove);
            }
            if (throws) throw new Error("no");
          });
          await written.catch(() => undefined);
          if (throws) continue;
          for (const one of changes) {
            if ("put" in one) model.entries.set(one.put, one.value);
            else model.entries.delete(one.remove);
          }
        }
        const all = { from: "", to: "\x7f" };
        expect(store.read((reader) => reader.range(all))).toEqual(model.range(all));
      }),
      { numRuns: runs(200) },
    );
  });
});

describe("the range of a prefix", () => {
  it("holds exactly the keys that begin with it", () => {
    fc.assert(
      fc.property(key, key, (prefix, name) => {
        const { from, to } = withPrefix(prefix);
        expect(name >= from && name < to).toBe(name.startsWith(prefix));
      }),
    );
  });
});

const COUNT = 3000;

function inOrder(order: string): string[] {
  const names = Array.from({ length: COUNT }, (_, n) => String(n).padStart(4, "0"));
  if (order === "descending") names.reverse();
  if (order === "mixed") names.sort((a, b) => spread(a) - spread(b));
  return names;
}

function spread(name: string): number {
  return (Number(name) * 1237) % COUNT;
}
