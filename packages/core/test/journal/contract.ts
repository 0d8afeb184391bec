import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { EntryMaker } from "../../src/journal/entry.js";
import type { JournalStore, OnDamaged, StoreQuery } from "../../src/journal/store.js";
import type { JournalEntry } from "../../src/journal/types.js";
import type { LEVELS } from "../../src/telemetry/event.js";

/** The store as two processes have it. */
export interface JournalStoreHandles {
  readonly store: JournalStore;
  readonly other: JournalStore;
  /** Puts something else in the place of the text of an entry. */
  damage(id: string, text: string): Promise<unknown>;
  close?(): Promise<void>;
}

export interface JournalStoreSubject {
  readonly name: string;
  /** Rounds of a property. */
  readonly runs: number;
  /** The clock is the one that the store goes by. */
  create(clock: FakeClock, onDamaged: OnDamaged): Promise<JournalStoreHandles>;
}

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);
const EVERYTHING = { keep: 1000, before: new Date(0), interval: 0 };
const at = (offset: number): Date => new Date(START + offset);
const idsOf = (entries: readonly JournalEntry[]): string[] => entries.map(({ id }) => id);
const newestFirst = (entries: readonly JournalEntry[]): string[] => idsOf(entries).sort().reverse();

/** Entries as they come from some processes. */
class Makers {
  readonly #makers = [new EntryMaker(), new EntryMaker()];

  one(offset = 0, name = "test.done", facts: object = {}, process = 0): JournalEntry {
    return (this.#makers[process] as EntryMaker).make(name, "info", at(offset), facts);
  }

  many(count: number, offset = 0): JournalEntry[] {
    return Array.from({ length: count }, (_, n) => this.one(offset + n, "test.done", { n }, n % 2));
  }
}

/** Every page of a walk. */
async function walk(store: JournalStore, query: Partial<StoreQuery> & { limit: number }) {
  const pages: (readonly JournalEntry[])[] = [];
  for (let before = query.before; ; ) {
    const page = await store.page({ ...query, before });
    expect(page.entries.length).toBeLessThanOrEqual(query.limit);
    pages.push(page.entries);
    if (page.next === undefined) return pages;
    before = page.next;
  }
}

/** The promises of the journal's store, as a suite of tests. */
export function journalStoreContract(subject: JournalStoreSubject): void {
  describe(`${subject.name} keeps the contract of journal stores`, () => {
    let clock: FakeClock;
    let opened: JournalStoreHandles;
    let store: JournalStore;
    let damaged: string[];
    let makers: Makers;

    const open = async (): Promise<void> => {
      clock = createFakeClock(START + HOUR);
      damaged = [];
      makers = new Makers();
      opened = await subject.create(clock, (id) => damaged.push(id));
      ({ store } = opened);
    };
    const all = async (query: Partial<StoreQuery> = {}): Promise<readonly JournalEntry[]> =>
      (await walk(store, { limit: 500, ...query })).flat();
    const found = async (query: Partial<StoreQuery>): Promise<string[]> => idsOf(await all(query));

    beforeEach(open);
    afterEach(() => opened.close?.());

    it("has nothing to begin with", async () => {
      expect(await store.page({ limit: 10 })).toEqual({ entries: [] });
      await store.prune(EVERYTHING);
      await store.append([]);
      expect(await store.page({ limit: 10 })).toEqual({ entries: [] });
    });

    it("shows one process what another wrote, the newest first, as it was", async () => {
      const facts = { actor: "ada", reason: "because", n: 1, list: [1, null, { "": true }], text: "ž 🙂" };
      const entries = [makers.one(1, "test.first", facts), makers.one(2), makers.one(3)];
      await store.append(entries);
      expect((await opened.other.page({ limit: 10 })).entries).toStrictEqual(entries.toReversed());
    });

    it("keeps what JSON can hold and texts of databases cannot", async () => {
      const entry = makers.one(1, "test.odd", {
        actor: "a\u0000b",
        text: '\ud800 \\u0000 \'q" {",}',
        nul: "\u0000",
      });
      await store.append([entry]);
      expect(await all()).toStrictEqual([entry]);
    });

    it("has an entry once, however often and by whomever it is appended", async () => {
      const [first, second, third] = makers.many(3) as [JournalEntry, JournalEntry, JournalEntry];
      await store.append([first, second]);
      await opened.other.append([second, third]);
      await Promise.all([store.append([first, second, third]), opened.other.append([first, third])]);
      expect(await found({})).toEqual(newestFirst([first, second, third]));
    });

    it("takes a hundred entries as large as they can be at once", async () => {
      const texts = Array.from({ length: 7 }, (_, n) => [`text${n}`, "ž".repeat(240)]);
      const entries = Array.from({ length: 100 }, (_, n) =>
        makers.one(n, "test.large", Object.fromEntries(texts)),
      );
      await store.append(entries);
      expect(await all()).toStrictEqual(entries.toReversed());
    });

    it("keeps what two processes append at once", async () => {
      const batches = Array.from({ length: 20 }, (_, n) => makers.many(5, n * 5));
      await Promise.all(batches.map((batch, n) => (n % 2 === 0 ? store : opened.other).append(batch)));
      expect(await found({})).toEqual(newestFirst(batches.flat()));
    });

    describe("finds what is asked for:", () => {
      let entries: readonly JournalEntry[];
      beforeEach(async () => {
        entries = makers.many(10);
        await store.append(entries);
      });
      const some = (...wanted: number[]): string[] => wanted.map((n) => (entries[n] as JournalEntry).id);

      it("so many, and says where to go on, as long as there is more", async () => {
        const { next } = await store.page({ limit: 4 });
        expect(next).toBe(entries[6]?.id);
        expect((await store.page({ limit: 6, before: next })).next).toBeUndefined();
        expect((await store.page({ limit: 10 })).next).toBeUndefined();
        expect((await store.page({ limit: 9 })).next).toBe(entries[1]?.id);
      });

      it("before and after an entry, without it", async () => {
        const [low, high] = some(3, 7) as [string, string];
        expect(await found({ before: low })).toEqual(some(2, 1, 0));
        expect(await found({ after: high })).toEqual(some(9, 8));
        expect(await found({ after: low, before: high })).toEqual(some(6, 5, 4));
        expect(await found({ after: low, before: high, limit: 1 })).toEqual(some(6, 5, 4));
        expect(await found({ after: high, before: low })).toEqual([]);
      });

      it("since a time and until another, which is not part of it", async () => {
        expect(await found({ since: at(7) })).toEqual(some(9, 8, 7));
        expect(await found({ until: at(3) })).toEqual(some(2, 1, 0));
        expect(await found({ since: at(4), until: at(6) })).toEqual(some(5, 4));
        expect(await found({ since: at(4), until: at(8), before: some(7)[0], after: some(4)[0] })).toEqual(
          some(6, 5),
        );
        expect(await found({ since: at(10) })).toEqual([]);
        expect(await found({ until: new Date(-1) })).toEqual([]);
      });

      it("by names, by level and by what is said, which narrow each other", async () => {
        const make = (n: number, level: (typeof LEVELS)[number], facts: object): JournalEntry =>
          new EntryMaker().make(`other.kind_${n}`, level, at(100 + n), facts);
        const others = [
          make(0, "debug", { actor: "Ada Lovelace", circuit: "payments" }),
          make(1, "warning", { reason: 'said "no"', circuit: "payments" }),
          make(2, "critical", { nested: { circuit: ["PAYMENTS"] } }),
        ];
        await store.append(others);
        const [first, second, third] = idsOf(others) as [string, string, string];
        expect(await found({ names: ["other.kind_1", "other.kind_0"] })).toEqual([second, first]);
        expect(await found({ names: [] })).toEqual([]);
        expect(await found({ level: "warning" })).toEqual([third, second]);
        expect(await found({ text: "payments" })).toEqual([third, second, first]);
        expect(await found({ text: "aDA lOVE" })).toEqual([first]);
        expect(await found({ text: 'SAID "no"' })).toEqual([second]);
        expect(await found({ text: "kind_2" })).toEqual([third]);
        expect(await found({ text: "payload" })).toEqual([]);
        expect(await found({ text: "payments", level: "warning", names: ["other.kind_1"] })).toEqual([
          second,
        ]);
        expect(await found({ text: "payments", limit: 1 })).toEqual([third, second, first]);
      });
    });

    it("looks for what is rare through all there is, a page at a time", async () => {
      for (let n = 0; n < 52; n++) await store.append(makers.many(100, n * 100));
      const rare = makers.one(-1, "test.rare");
      await store.append([rare]);
      const pages = await walk(store, { limit: 10, text: "rare" });
      expect(pages.length).toBeGreaterThan(1);
      expect(idsOf(pages.flat())).toEqual([rare.id]);
    });

    it("shows every entry once, whatever was appended in whichever order, and however it is walked through", async () => {
      const batch = fc.array(fc.record({ offset: fc.nat(20), process: fc.nat(1) }), { maxLength: 8 });
      const step = fc.oneof(
        fc.record({ append: batch, by: fc.constantFrom("store" as const, "other" as const) }),
        fc.record({
          page: fc.integer({ min: 1, max: 7 }),
          by: fc.constantFrom("store" as const, "other" as const),
        }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          await opened.close?.();
          await open();
          const appended: JournalEntry[] = [];
          let owed = new Set<string>();
          let before: string | undefined;
          for (const one of steps) {
            if ("append" in one) {
              const entries = one.append.map(({ offset, process }) =>
                makers.one(offset, "test.done", {}, process),
              );
              await opened[one.by].append(entries);
              appended.push(...entries);
              continue;
            }
            if (before === undefined) owed = new Set(idsOf(appended));
            const page = await opened[one.by].page({ limit: one.page, before });
            const ids = idsOf(page.entries);
            expect(ids).toEqual(newestFirst(page.entries));
            if (before !== undefined) expect(ids.every((id) => id < (before as string))).toBe(true);
            for (const id of ids) owed.delete(id);
            const passed = page.next ?? "";
            expect([...owed].filter((id) => id >= passed)).toEqual([]);
            before = page.next;
          }
          expect(await found({ limit: 3 })).toEqual(newestFirst(appended));
        }),
        { numRuns: subject.runs },
      );
    });

    describe("prunes", () => {
      let entries: readonly JournalEntry[];
      beforeEach(async () => {
        entries = makers.many(10);
        await store.append(entries);
      });
      const left = async (): Promise<number[]> => (await all()).map(({ at }) => at.getTime() - START);

      it("all but the newest", async () => {
        await store.prune({ ...EVERYTHING, keep: 10 });
        expect(await left()).toHaveLength(10);
        await store.prune({ ...EVERYTHING, keep: 3 });
        expect(await left()).toEqual([9, 8, 7]);
      });

      it("what is from before a time, whatever its number", async () => {
        await store.prune({ ...EVERYTHING, before: at(8) });
        expect(await left()).toEqual([9, 8]);
        await store.prune({ ...EVERYTHING, before: at(100) });
        expect(await left()).toEqual([]);
      });

      it("thousands", async () => {
        for (let n = 0; n < 60; n++) await store.append(makers.many(100, 10 + n * 100));
        await store.prune({ ...EVERYTHING, keep: 2500 });
        expect(await left()).toHaveLength(2500);
        await store.prune({ ...EVERYTHING, keep: 100 });
        expect((await left()).at(-1)).toBe(5910);
      });

      it("not again within the interval, whoever did it", async () => {
        const pruning = { ...EVERYTHING, interval: HOUR };
        await store.prune({ ...pruning, keep: 9 });
        await Promise.all([store, opened.other].map((one) => one.prune({ ...pruning, keep: 1 })));
        await clock.advance(HOUR - 1);
        await opened.other.prune({ ...pruning, keep: 1 });
        expect(await left()).toHaveLength(9);
        await clock.advance(1);
        await Promise.all([
          opened.other.prune({ ...pruning, keep: 5 }),
          store.prune({ ...pruning, keep: 5 }),
        ]);
        expect(await left()).toEqual([9, 8, 7, 6, 5]);
      });

      it("though the clock was set back", async () => {
        await store.prune({ ...EVERYTHING, interval: HOUR });
        clock.set(START);
        await store.prune({ ...EVERYTHING, keep: 1, interval: HOUR });
        expect(await left()).toEqual([9]);
      });
    });

    it.each([
      ["torn", '{"name":"test.done","lev'],
      ["empty", ""],
      ["null", "null"],
      ["a list", "[]"],
      ["of no level", '{"name":"a.b","level":"loud","payload":{},"instance":"i"}'],
      ["of no payload", '{"name":"a.b","level":"info","payload":null,"instance":"i"}'],
      ["by a number", '{"name":"a.b","level":"info","payload":{},"instance":"i","actor":1}'],
    ])("leaves out a record that is %s, tells of it, and shows the others", async (_, text) => {
      const entries = makers.many(5);
      await store.append(entries);
      const broken = (entries[2] as JournalEntry).id;
      await opened.damage(broken, text);
      const others = newestFirst(entries).filter((id) => id !== broken);
      expect(await found({})).toEqual(others);
      expect(new Set(damaged)).toEqual(new Set([broken]));
      expect(await found({ limit: 1 })).toEqual(others);
      expect(await found({ limit: 2 })).toEqual(others);
      await store.prune({ ...EVERYTHING, before: at(100) });
      damaged.length = 0;
      expect(await found({})).toEqual([]);
      expect(damaged).toEqual([]);
    });
  });
}
