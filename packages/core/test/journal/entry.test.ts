import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decode, EntryMaker, encode } from "../../src/journal/entry.js";
import { idFloor, isJournalId, JournalIds, timeOf } from "../../src/journal/id.js";
import { runs } from "../runtime.js";

const AT = new Date(Date.UTC(2026, 0, 1));
const later = (by: number): Date => new Date(AT.getTime() + by);
const make = (facts: object) => new EntryMaker().make("test.done", "warning", AT, facts);

describe("the id of an entry", () => {
  it("is in the order of time, and says when", () => {
    const ids = new JournalIds();
    const made = Array.from({ length: 3000 }, (_, n) => ids.next(later(Math.floor(n / 1000))));
    expect(made.toSorted()).toEqual(made);
    expect(made.every(isJournalId)).toBe(true);
    expect(timeOf(made[2999] as string)).toEqual(later(2));
    expect(timeOf(ids.next(new Date(0)))).toEqual(new Date(0));
  });

  it("is another one in every process", () => {
    const made = Array.from({ length: 1000 }, () => new JournalIds().next(AT));
    expect(new Set(made).size).toBe(1000);
  });

  it("goes back with the clock", () => {
    const ids = new JournalIds();
    const before = ids.next(AT);
    expect(ids.next(later(-1)) < before).toBe(true);
  });

  it("is above the floor of its time and below that of the next", () => {
    const id = new JournalIds().next(AT);
    expect(idFloor(AT) < id && id < idFloor(later(1))).toBe(true);
  });
});

describe("an entry", () => {
  it("says what, when, where and, where somebody did it, who and why", () => {
    expect(make({ actor: "ada", reason: "because", name: "db", skipped: undefined })).toEqual({
      id: expect.stringMatching(/^[0-9a-z]{9}-[0-9a-f]{12}-[0-9a-z]{5}$/),
      at: AT,
      name: "test.done",
      level: "warning",
      payload: { name: "db" },
      instance: expect.stringMatching(new RegExp(`:${process.pid}:[0-9a-f]{12}$`)),
      actor: "ada",
      reason: "because",
    });
    expect(make({ n: 1 })).not.toHaveProperty("actor");
    expect(make({ actor: { id: 7 }, reason: 3 })).toMatchObject({ payload: { actor: { id: 7 }, reason: 3 } });
  });

  it("shows no secret, and nothing that changes afterwards", () => {
    const facts = { api_key: "k", nested: { password: "p", list: [1] }, error: new Error("e") };
    const { payload } = make(facts);
    facts.nested.list.push(2);
    expect(payload).toEqual({
      api_key: "***",
      nested: { password: "***", list: [1] },
      error: { name: "Error", message: "e" },
    });
  });

  it("is made of whatever is reported", () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    expect(make(cyclic).payload).toEqual({ self: "[circular]" });
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no");
        },
      },
    );
    expect(make(hostile).payload).toEqual({ facts: "[unreadable]" });
    expect(make([1, 2]).payload).toEqual({ facts: [1, 2] });
  });

  it("has at most 4 KiB to say, and says where it is cut", () => {
    const facts = {
      first: "ž".repeat(3000),
      second: { list: Array(1000).fill("xxxxxxxx") },
      n: 1,
      third: "z".repeat(3000),
    };
    const { payload } = make(facts);
    expect(payload).toEqual({
      first: `${"ž".repeat(500)}…`,
      second: "[too large]",
      n: 1,
      third: `${"z".repeat(500)}…`,
      truncated: true,
    });
    const many = Object.fromEntries(Array.from({ length: 90 }, (_, n) => [`fact${n}`, "y".repeat(100)]));
    const cut = make({ ...many, last: 1 }).payload;
    expect(Buffer.byteLength(JSON.stringify(cut))).toBeLessThanOrEqual(4096);
    expect(cut).toMatchObject({ fact0: "y".repeat(100), last: 1, truncated: true });
    expect(make({ actor: "a".repeat(9999) }).actor).toHaveLength(501);
  });

  it("is read as it was written, whatever it says, and is never too large", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.option(fc.string()), (facts, actor) => {
        const entry = make(actor === null ? facts : { ...facts, actor });
        expect(Buffer.byteLength(JSON.stringify(entry.payload))).toBeLessThanOrEqual(4096);
        const read = decode(entry.id, encode(entry));
        expect(JSON.stringify(read)).toBe(JSON.stringify(entry));
      }),
      { numRuns: runs(200) },
    );
  });

  it("is not read from what is stored under another thing than an id", () => {
    const entry = make({});
    expect(decode("pruned", encode(entry))).toBeUndefined();
    expect(decode(entry.id, encode(entry))).toEqual(entry);
  });
});
