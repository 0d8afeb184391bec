import type { KeyRange, KeyValueStore, KeyValueWriter } from "@baldur/core/plugin";
import { testFramework } from "./test-framework.js";

/** What the contract needs of a store under test. @public */
export interface KeyValueStoreSubject {
  readonly name: string;
  /** Two handles on one map, as two processes would have. */
  create(): Promise<{
    readonly first: KeyValueStore;
    readonly second: KeyValueStore;
    close?(): Promise<void>;
  }>;
}

type Opened = Awaited<ReturnType<KeyValueStoreSubject["create"]>>;

const EVERYTHING: KeyRange = { from: "", to: "\x7f" };
const MEGABYTE = 2 ** 20;
const UNDER_WAY = 50;
const INCREMENTS = 1000;

/** The promises of the key-value store port, as a suite of tests. @public */
export function keyValueStoreContract(subject: KeyValueStoreSubject): void {
  const { afterEach, describe, expect, it } = testFramework();
  describe(`${subject.name} keeps the contract of key-value stores`, () => {
    let opened: Opened | undefined;
    const open = async (): Promise<Opened> => {
      opened = await subject.create();
      return opened;
    };

    afterEach(async () => {
      await opened?.first.close();
      await opened?.second.close();
      await opened?.close?.();
      opened = undefined;
    });

    it("is empty to begin with", async () => {
      const { first } = await open();
      first.read((reader) => {
        expect(reader.get("absent")).toBeUndefined();
        expect(reader.range(EVERYTHING)).toEqual([]);
        expect(reader.keys({ ...EVERYTHING, reverse: true })).toEqual([]);
      });
    });

    it("keeps keys in the order of ASCII", async () => {
      const { first } = await open();
      const keys = ["a", "B", "~", " ", "10", "9", "a:b", "a!", "aa", "ab", "_", "Z", "0".repeat(500)];
      await first.write((writer) => put(writer, keys));
      const sorted = [...keys].sort();
      expect(keysIn(first, EVERYTHING)).toEqual(sorted);
      expect(keysIn(first, { ...EVERYTHING, reverse: true })).toEqual(sorted.toReversed());
    });

    it("answers ranges from a key, which is included, to another, which is not", async () => {
      const { first } = await open();
      await first.write((writer) => put(writer, ["a", "b", "c", "d"]));
      expect(keysIn(first, { from: "b", to: "d" })).toEqual(["b", "c"]);
      expect(keysIn(first, { from: "b", to: "d", reverse: true })).toEqual(["c", "b"]);
      expect(keysIn(first, { from: "aa", to: "cc" })).toEqual(["b", "c"]);
      expect(keysIn(first, { from: "aa", to: "cc", reverse: true })).toEqual(["c", "b"]);
      expect(keysIn(first, { from: "b\0", to: "\uffff" })).toEqual(["c", "d"]);
      expect(keysIn(first, { from: "", to: "b\0", reverse: true })).toEqual(["b", "a"]);
    });

    it("answers an empty range with nothing", async () => {
      const { first } = await open();
      await first.write((writer) => put(writer, ["a", "b", "c"]));
      for (const reverse of [false, true]) {
        expect(keysIn(first, { from: "b", to: "b", reverse })).toEqual([]);
        expect(keysIn(first, { from: "c", to: "a", reverse })).toEqual([]);
        expect(keysIn(first, { from: "x", to: "z", reverse })).toEqual([]);
        expect(keysIn(first, { from: "", to: "a", reverse })).toEqual([]);
        expect(keysIn(first, { ...EVERYTHING, limit: 0, reverse })).toEqual([]);
      }
    });

    it("answers no more than the limit, from the end where the range begins", async () => {
      const { first } = await open();
      await first.write((writer) => put(writer, ["a", "b", "c", "d"]));
      const range = (reverse: boolean) =>
        first.read((reader) => reader.range({ from: "a", to: "d", limit: 2, reverse }));
      expect(range(false)).toEqual([
        ["a", "value of a"],
        ["b", "value of b"],
      ]);
      expect(range(true)).toEqual([
        ["c", "value of c"],
        ["b", "value of b"],
      ]);
    });

    it("overwrites and deletes", async () => {
      const { first } = await open();
      await first.write((writer) => put(writer, ["a", "b"]));
      await first.write((writer) => {
        writer.put("a", "anew");
        writer.delete("b");
        writer.delete("absent");
      });
      expect(first.read((reader) => reader.range(EVERYTHING))).toEqual([["a", "anew"]]);
    });

    it("answers what work answers, and what it throws", async () => {
      const { first } = await open();
      const error = new TypeError("no");
      const thrown = (): never => {
        throw error;
      };
      expect(await first.write(() => 7)).toBe(7);
      expect(first.read(() => 7)).toBe(7);
      await expect(first.write(thrown)).rejects.toBe(error);
      expect(() => first.read(thrown)).toThrow(error);
    });

    it("shows what was written through either handle as soon as it is resolved", async () => {
      const { first, second } = await open();
      const value = (store: KeyValueStore) => store.read((reader) => reader.get("key"));
      for (const [n, [writing, reading]] of [
        [first, second] as const,
        [second, first] as const,
        [first, second] as const,
      ].entries()) {
        expect(value(reading)).toBe(n === 0 ? undefined : String(n - 1));
        await writing.write((writer) => writer.put("key", String(n)));
        expect([value(writing), value(reading)]).toEqual([String(n), String(n)]);
      }
    });

    it("reads its own writes within a transaction", async () => {
      const { first } = await open();
      await first.write((writer) => put(writer, ["a", "b", "d"]));
      const seen = await first.write((writer) => {
        writer.put("c", "new");
        writer.delete("a");
        writer.put("b", "anew");
        return [writer.get("a"), writer.get("b"), writer.range(EVERYTHING), writer.keys(EVERYTHING)];
      });
      const entries = [
        ["b", "anew"],
        ["c", "new"],
        ["d", "value of d"],
      ];
      expect(seen).toEqual([undefined, "anew", entries, ["b", "c", "d"]]);
    });

    it("answers a range as it was, whatever is written while it is walked through", async () => {
      const { first } = await open();
      await first.write((writer) => put(writer, ["a", "b", "c"]));
      const walked = await first.write((writer) => {
        const seen: string[] = [];
        for (const [key] of writer.range(EVERYTHING)) {
          seen.push(key);
          writer.delete("b");
          writer.put("bb", "new");
        }
        return seen;
      });
      expect(walked).toEqual(["a", "b", "c"]);
      expect(keysIn(first, EVERYTHING)).toEqual(["a", "bb", "c"]);
    });

    it("takes back all of a work that throws, and nothing of its neighbours", async () => {
      const { first, second } = await open();
      await first.write((writer) => put(writer, ["kept", "overwritten", "deleted"]));
      const error = new Error("no");
      const outcomes = await Promise.allSettled([
        first.write((writer) => writer.put("before", "1")),
        first.write((writer) => {
          writer.put("overwritten", "anew");
          writer.delete("deleted");
          writer.put("half", "1");
          writer.put("before", "2");
          throw error;
        }),
        second.write((writer) => writer.put("after", writer.get("half") ?? "none")),
        first.write((writer) => writer.put("last", "1")),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual([
        "fulfilled",
        "rejected",
        "fulfilled",
        "fulfilled",
      ]);
      expect(outcomes[1]).toMatchObject({ reason: error });
      expect(first.read((reader) => reader.range(EVERYTHING))).toEqual([
        ["after", "none"],
        ["before", "1"],
        ["deleted", "value of deleted"],
        ["kept", "value of kept"],
        ["last", "1"],
        ["overwritten", "value of overwritten"],
      ]);
    });

    it("keeps what a work started from within another, even when that one throws", async () => {
      const { first } = await open();
      let inner: Promise<unknown> | undefined;
      const outer = first.write((writer) => {
        writer.put("outer", "1");
        inner = first.write((own) => own.put("inner", own.get("outer") ?? "none"));
        throw new Error("no");
      });
      await expect(outer).rejects.toThrow("no");
      await inner;
      expect(first.read((reader) => reader.range(EVERYTHING))).toEqual([["inner", "none"]]);
    });

    it("lets nobody write through the writer of a work that has ended", async () => {
      const { first } = await open();
      let kept: KeyValueWriter | undefined;
      await first.write((writer) => {
        kept = writer;
      });
      expect(() => kept?.put("late", "1")).toThrow(anAdapterError());
      expect(() => kept?.delete("late")).toThrow(anAdapterError());
      expect(keysIn(first, EVERYTHING)).toEqual([]);
    });

    it("counts every one of many concurrent increments", async () => {
      const { first, second } = await open();
      const increment = (writer: KeyValueWriter): string => {
        const next = String(Number(writer.get("count") ?? 0) + 1);
        writer.put("count", next);
        return next;
      };
      const counted = await Promise.all(
        Array.from({ length: INCREMENTS }, (_, n) => (n % 2 === 0 ? first : second).write(increment)),
      );
      expect(new Set(counted).size).toBe(INCREMENTS);
      expect(first.read((reader) => reader.get("count"))).toBe(String(INCREMENTS));
    });

    it.each([
      ["empty", ""],
      ["Latin", "café"],
      ["of many scripts", "žluť 日本 🐎 \u0000 \ufeff"],
      ["of a megabyte", "x".repeat(MEGABYTE)],
      ["of a megabyte beyond Latin", "🐎日".repeat(MEGABYTE / 8)],
    ])("gives back a text that is %s", async (_, text) => {
      const { first, second } = await open();
      await first.write((writer) => {
        writer.put("key", text);
        expect(writer.get("key") === text).toBe(true);
      });
      expect(second.read((reader) => reader.get("key")) === text).toBe(true);
      expect(second.read((reader) => reader.range(EVERYTHING))[0]?.[1] === text).toBe(true);
    });

    it("gives back U+FFFD for half of a surrogate pair", async () => {
      const { first } = await open();
      await first.write((writer) => writer.put("key", "a\ud83db"));
      expect(first.read((reader) => reader.get("key"))).toBe("a\ufffdb");
    });

    it.each([
      ["empty", ""],
      ["of 501 characters", "k".repeat(501)],
      ["beyond ASCII", "clé"],
      ["with a line break", "a\nb"],
      ["no text", 7 as unknown as string],
    ])("refuses a key that is %s", async (_, key) => {
      const { first } = await open();
      const refusal = { code: "ERR_BALDUR_CONFIGURATION", message: expect.stringContaining("key") };
      await expect(first.write((writer) => writer.put(key, "1"))).rejects.toMatchObject(refusal);
      await expect(first.write((writer) => writer.delete(key))).rejects.toMatchObject(refusal);
      expect(() => first.read((reader) => reader.get(key))).toThrow(expect.objectContaining(refusal));
      expect(keysIn(first, EVERYTHING)).toEqual([]);
    });

    it("refuses everything once it is closed, and goes on through the other handle", async () => {
      const { first, second } = await open();
      await first.write((writer) => writer.put("key", "1"));
      if (first !== second) {
        await second.close();
        await first.write((writer) => writer.put("key", "2"));
        expect(first.read((reader) => reader.get("key"))).toBe("2");
      }
      await first.close();
      expect(() => first.read(() => 1)).toThrow(anAdapterError());
      await expect(first.write(() => 1)).rejects.toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
    });

    it("closes once, when what is under way has ended", async () => {
      const { first } = await open();
      let ended = 0;
      const writes = Array.from({ length: UNDER_WAY }, (_, n) =>
        first.write((writer) => writer.put(`key ${n}`, "1")).then(() => ended++),
      );
      await Promise.all([first.close(), first.close()]);
      await first.close();
      await Promise.resolve(); // for those who hear of it with the same turn
      expect(ended).toBe(UNDER_WAY);
      await Promise.all(writes);
    });

    function anAdapterError(): Error {
      return expect.objectContaining({ code: "ERR_BALDUR_ADAPTER" }) as unknown as Error;
    }
  });
}

function put(writer: KeyValueWriter, keys: readonly string[]): void {
  for (const key of keys) writer.put(key, `value of ${key}`);
}

function keysIn(store: KeyValueStore, range: KeyRange): string[] {
  const keys = store.read((reader) => reader.keys(range));
  const entries = store.read((reader) => reader.range(range));
  if (entries.some(([key], at) => key !== keys[at]) || entries.length !== keys.length)
    throw new Error(`keys and entries of a range differ: ${keys.join()} and ${entries.join()}`);
  return keys;
}
