import type { KeyRange, KeyValueStore, KeyValueWriter } from "@baldur/core/plugin";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { EVERYTHING, Folder, runs } from "./fixture.js";

let folder: Folder;
let store: KeyValueStore;
beforeEach(async () => {
  folder = await Folder.create();
  store = await folder.open();
});
afterEach(() => folder[Symbol.asyncDispose]());

/** Few characters, so that keys meet; and long ones, which fill pages. */
const short = fc.string({ unit: fc.constantFrom("a", "b", "~", " ", ":"), minLength: 1, maxLength: 4 });
const long = fc.tuple(short, fc.constantFrom(100, 500)).map(([start, length]) => start.padEnd(length, "x"));
const key = fc.oneof({ weight: 5, arbitrary: short }, { weight: 1, arbitrary: long });
const bound = fc.oneof(key, fc.constantFrom("", "\x7f", "a\0"));
const range = fc.record({
  from: bound,
  to: bound,
  reverse: fc.boolean(),
  limit: fc.option(fc.nat(6), { nil: undefined }),
}) as fc.Arbitrary<KeyRange>;
const value = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: "grapheme" }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 300 }).map((n) => "big ".repeat(n * 100)) },
);
const step = fc.oneof(
  fc.record({ put: key, value }),
  fc.record({ remove: key }),
  fc.record({ range }),
  fc.record({ get: key }),
);
const work = fc.record({ steps: fc.array(step, { maxLength: 12 }), throws: fc.boolean() });
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** What an ordered map answers, by the plainest means. */
function ordered(entries: ReadonlyMap<string, string>, { from, to, reverse, limit }: KeyRange) {
  const found = [...entries].filter(([name]) => name >= from && name < to);
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  return (reverse ? found.reverse() : found).slice(0, limit);
}

/** Does the same to both, and compares what they answer. */
function take(writer: KeyValueWriter, model: Map<string, string>, taken: Step): void {
  if ("put" in taken) {
    writer.put(taken.put, taken.value);
    model.set(taken.put, taken.value);
  } else if ("remove" in taken) {
    writer.delete(taken.remove);
    model.delete(taken.remove);
  } else if ("get" in taken) {
    expect(writer.get(taken.get)).toBe(model.get(taken.get));
  } else {
    expect(writer.range(taken.range)).toEqual(ordered(model, taken.range));
    expect(writer.keys(taken.range)).toEqual(ordered(model, taken.range).map(([name]) => name));
  }
}

describe("the embedded store", () => {
  it("answers as a map that is sorted for every question, through works that throw and restarts", async () => {
    let model = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(work, { maxLength: 8 }),
        fc.array(range),
        fc.nat(19),
        async (works, ranges, n) => {
          const refused = new Error("no");
          await Promise.allSettled(
            works.map(async ({ steps, throws }) => {
              const written = store.write((writer) => {
                const draft = new Map(model);
                for (const taken of steps) take(writer, draft, taken);
                if (throws) throw refused;
                model = draft;
              });
              await written.catch((error: unknown) => expect(error).toBe(refused));
            }),
          ).then((outcomes) =>
            expect(outcomes.map((o) => (o as { reason?: unknown }).reason)).toEqual(
              works.map(() => undefined),
            ),
          );
          if (n === 0) {
            await store.close();
            store = await folder.open();
          }
          for (const asked of [EVERYTHING, ...ranges])
            expect(store.read((reader) => reader.range(asked))).toEqual(ordered(model, asked));
        },
      ),
      { numRuns: runs(100) },
    );
    expect(folder.events).toEqual([]);
  }, 600_000);

  it("runs every work once, while the map grows a thousandfold under them", async () => {
    const ran = new Map<number, number>();
    const text = "grows ".repeat(10_000);
    const writes = Array.from({ length: 600 }, (_, n) =>
      store.write((writer) => {
        ran.set(n, (ran.get(n) ?? 0) + 1);
        for (let part = 0; part < 4; part++) {
          writer.put(`${n}:${part}`, text);
          expect(writer.get(`${n}:0`) === text).toBe(true); // read from a map that has moved meanwhile
        }
        if (n % 10 === 0) throw new Error("taken back");
      }),
    );
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(60);
    expect([...ran.values()].every((times) => times === 1)).toBe(true);
    expect(ran.size).toBe(600);
    expect(store.read((reader) => reader.keys(EVERYTHING))).toHaveLength(540 * 4);
  }, 60_000);
});
