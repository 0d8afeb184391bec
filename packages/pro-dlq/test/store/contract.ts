import { AdapterError } from "@baldur/core";
import { afterEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { facetsOf } from "../../src/counting.js";
import { type EntryBody, STATUSES } from "../../src/entry/entry.js";
import type { Input } from "../../src/entry/transition.js";
import type { AddOutcome, Capacity, DlqStore, Filter, OverflowStrategy } from "../../src/store/store.js";
import { runs } from "../queue/runtime.js";
import { Entries, idsOf, NOW, ROOMY } from "./entries.js";

export type OnCorrupt = (id: string, problem: string) => void;

/** An empty store. */
export interface DlqStoreHandles {
  /** As two processes would have it. */
  readonly store: DlqStore;
  readonly other: DlqStore;
  /** Writes something else over the record of an entry: what of it never changes. */
  damage(id: string, damaged: (record: string) => string): Promise<void>;
  /** What is kept of an entry that was put aside. */
  quarantined(id: string): Promise<string | undefined>;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
  /** From now on it cannot be reached. */
  end(): Promise<void>;
  /** It is not needed any more. */
  close(): Promise<void>;
}

export interface DlqStoreSubject {
  readonly name: string;
  /** Runs of the property, but for a soak. */
  readonly runs: number;
  /** What may be wrong with the record of an entry. */
  readonly damages: readonly (readonly [what: string, record: string])[];
  create(onCorrupt: OnCorrupt): Promise<DlqStoreHandles>;
}

/** Names of all kinds, which a store must not take for its own. */
const ODD = [
  "constructor",
  "__proto__",
  "toString",
  "失敗 😀",
  "a/b",
  "a\nb",
  '"',
  "\u0000",
  "~",
  "é",
  "\ud800",
];
const NO_IDS = [
  "",
  "totals",
  "../x",
  "dlq/totals",
  "1",
  1,
  null,
  undefined,
  {},
  "é",
  "x".repeat(2000),
  "\ud800",
];

/** The promises of the port of the dead-letter queue's stores, as a suite of tests. */
export function dlqStoreContract(subject: DlqStoreSubject): void {
  describe(`${subject.name} keeps the contract of dead-letter stores`, () => {
    let opened: DlqStoreHandles | undefined;
    let corrupt: [id: string, problem: string][] = [];

    async function open(): Promise<DlqStoreHandles & { entries: Entries }> {
      await close();
      corrupt = [];
      opened = await subject.create((id, problem) => void corrupt.push([id, problem]));
      return { ...opened, entries: new Entries() };
    }

    async function close(): Promise<void> {
      await opened?.close();
      opened = undefined;
    }
    afterEach(close);

    const all = (store: DlqStore, filter: Filter = {}) => store.list(filter, { limit: 100_000 });
    const claimed = (token: string) => ({ type: "claim", claim: { owner: "o", token, at: NOW } }) as const;

    async function apply(store: DlqStore, id: string, ...inputs: Input[]): Promise<void> {
      for (const input of inputs) {
        const [changed] = await store.change([{ id, input }], NOW);
        if (changed === undefined || "refused" in changed)
          throw new Error(`${input.type}: ${JSON.stringify(changed)}`);
      }
    }

    describe("entries", () => {
      it("come back whole, for every process", async () => {
        const { store, other, entries } = await open();
        const requestData = { args: ["失敗 😀", { deep: [1, null, true] }, "\n\u2028"] };
        const entry = entries.make({ requestData, errorMessage: "line\nend" });
        expect(await store.add([entry], ROOMY)).toEqual({
          outcomes: ["added"],
          evicted: new Map(),
          overfull: false,
        });
        for (const each of [store, other]) {
          expect(await each.get(entry.id)).toMatchObject({
            state: entry.state,
            body: JSON.parse(entry.body),
          });
        }
      });

      it("are known when they are added again, and stay as they are", async () => {
        const { store, other, entries } = await open();
        const entry = entries.make();
        await store.add([entry], ROOMY);
        await apply(store, entry.id, claimed("t"));
        const { outcomes } = await other.add([entry, entries.make(), entry], ROOMY);
        expect(outcomes).toEqual(["known", "added", "known"]);
        expect((await store.get(entry.id))?.state.status).toBe("replaying");
        expect(await all(store)).toHaveLength(2);
      });

      it("are added once by processes that take up the same ones at once", async () => {
        const { store, other, entries } = await open();
        const made = entries.many(30);
        const by = (n: number) => (n % 2 === 0 ? store : other);
        const takes = Array.from({ length: 10 }, (_, n) => by(n).add(made.slice(n, n + 20), ROOMY));
        const outcomes = (await Promise.all(takes)).flatMap((result) => result.outcomes);
        expect(outcomes.filter((outcome) => outcome === "added")).toHaveLength(29);
        expect(outcomes.filter((outcome) => outcome === "known")).toHaveLength(200 - 29);
        expect(await all(store)).toHaveLength(29);
        expect((await store.counts())[0]?.counts).toEqual({ pending: 29 });
      });

      it("are not added twice by one batch", async () => {
        const { store, entries } = await open();
        const entry = entries.make();
        expect((await store.add([entry, entry], ROOMY)).outcomes).toEqual(["added", "known"]);
        expect((await store.counts())[0]?.counts).toEqual({ pending: 1 });
      });

      it("are listed the newest first, or the oldest, a page at a time", async () => {
        const { store, entries } = await open();
        const made = entries.many(25, { name: "a" }).concat(entries.many(25, { name: "b", domain: "d" }));
        await store.add(made.toReversed(), ROOMY);
        const ids = made.map(({ id }) => id);
        for (const filter of [{}, { status: "pending" }] as const) {
          expect(idsOf(await all(store, filter))).toEqual(ids.toReversed());
          expect(idsOf(await store.list(filter, { limit: 100, oldestFirst: true }))).toEqual(ids);
          for (const oldestFirst of [true, false]) {
            const found: string[] = [];
            for (let after: string | undefined; ; ) {
              const page = await store.list(filter, { limit: 7, after, oldestFirst });
              if (page.length === 0) break;
              expect(page.length).toBeLessThanOrEqual(7);
              found.push(...idsOf(page));
              after = found.at(-1);
            }
            expect(found).toEqual(oldestFirst ? ids : ids.toReversed());
          }
        }
      });

      it("are paged past what is gone", async () => {
        const { store, entries } = await open();
        const made = entries.many(5);
        await store.add(made, ROOMY);
        const [, second, third] = made.map(({ id }) => id);
        await apply(store, third as string, { type: "resolve", actor: "a" });
        const page = await store.list({ status: "pending" }, { limit: 9, after: third, oldestFirst: true });
        expect(idsOf(page)).toEqual(made.slice(3).map(({ id }) => id));
        const back = await store.list({ status: "pending" }, { limit: 1, after: third });
        expect(idsOf(back)).toEqual([second]);
      });

      it("are of any name, domain and kind", async () => {
        const { store, other, entries } = await open();
        const made = ODD.flatMap((word) => [
          entries.make({ name: word }),
          entries.make({ domain: word }),
          entries.make({ failureType: word }),
          entries.make({ failureType: word.repeat(1000), name: word }),
        ]);
        await store.add(made, ROOMY);
        expect(await all(other)).toHaveLength(made.length);
        for (const word of ODD) {
          expect((await all(other, { name: word })).every(({ body }) => body.name === word)).toBe(true);
          expect(await all(other, { domain: word })).toHaveLength(1);
          expect(await all(other, { failureType: word })).toHaveLength(1);
          expect(await all(other, { failureType: word.repeat(1000) })).toHaveLength(1);
        }
        const { byName, byDomain } = facetsOf(await other.counts(), {});
        for (const word of ODD) {
          expect(Object.getOwnPropertyDescriptor(byName, word)?.value).toBe(2);
          expect(Object.getOwnPropertyDescriptor(byDomain, word)?.value).toBe(1);
        }
      });

      it("are not found under what is no id, and nothing of the store's own is given away", async () => {
        const { store, entries } = await open();
        await store.add([entries.make()], ROOMY);
        const absent = new Entries().make().id;
        for (const id of [...NO_IDS, absent] as string[]) {
          expect(await store.get(id)).toBeUndefined();
          expect(await store.change([{ id, input: { type: "expire" } }], NOW)).toEqual([
            { refused: "not_found" },
          ]);
          expect(await store.remove([id], "pending")).toBe(0);
        }
        expect(await all(store)).toHaveLength(1);
      });

      it("are removed only in the state that was meant, and are gone from every list and count", async () => {
        const { store, entries } = await open();
        const made = entries.many(4);
        await store.add(made, ROOMY);
        const [archived, resolved, pending] = made.map(({ id }) => id) as [string, string, string];
        const resolve = { type: "resolve", actor: "a" } as const;
        await apply(store, archived, resolve, { type: "archive" });
        await apply(store, resolved, resolve);
        expect(await store.remove([archived, resolved, pending, archived], "archived")).toBe(1);
        expect(await store.get(archived)).toBeUndefined();
        expect(await all(store)).toHaveLength(3);
        expect(await all(store, { status: "archived" })).toEqual([]);
        expect((await store.counts())[0]?.counts).toEqual({ pending: 2, resolved: 1 });
      });
    });

    describe("filters", () => {
      it("narrow in every combination", async () => {
        const { store, entries } = await open();
        const bodies = ["a", "b"].flatMap((name) =>
          ["d", "e"].flatMap((domain) => ["F", "G"].map((failureType) => ({ name, domain, failureType }))),
        );
        const statuses = ["pending", "requires_review", "resolved", "archived"] as const;
        const made = bodies.flatMap((body) => statuses.map((status) => entries.make(body, { status })));
        await store.add(made, ROOMY);
        const options = {
          name: [undefined, "a", "b", "none"],
          domain: [undefined, "d", "none"],
          failureType: [undefined, "F", "none"],
          status: [undefined, ...statuses, "rejected"],
        } as const;
        for (const name of options.name)
          for (const domain of options.domain)
            for (const failureType of options.failureType)
              for (const status of options.status) {
                const filter = {
                  ...(name !== undefined && { name }),
                  ...(domain !== undefined && { domain }),
                  ...(failureType !== undefined && { failureType }),
                  ...(status !== undefined && { status }),
                };
                const fits = made.filter(
                  (entry) =>
                    (name ?? entry.name) === entry.name &&
                    (domain ?? entry.domain) === entry.domain &&
                    (failureType ?? entry.failureType) === entry.failureType &&
                    (status ?? entry.state.status) === entry.state.status,
                );
                expect(idsOf(await all(store, filter))).toEqual(fits.map(({ id }) => id).toReversed());
              }
      });

      it("that name nothing narrow nothing", async () => {
        const { store, entries } = await open();
        await store.add(entries.many(3), ROOMY);
        expect(await all(store, { name: undefined, status: undefined } as unknown as Filter)).toHaveLength(3);
      });
    });

    describe("changes", () => {
      it("are all made, each by the rules, and answered in order", async () => {
        const { store, entries } = await open();
        const [one, two] = entries.many(2) as [ReturnType<Entries["make"]>, ReturnType<Entries["make"]>];
        await store.add([one, two], ROOMY);
        const results = await store.change(
          [
            { id: one.id, input: claimed("t") },
            { id: one.id, input: claimed("u") },
            { id: "no id", input: claimed("v") },
            { id: two.id, input: { type: "resolve", actor: "ann" } },
          ],
          NOW,
        );
        expect(results).toMatchObject([
          { state: { status: "replaying", claim: { token: "t" } } },
          { refused: "wrong_status", state: { status: "replaying" } },
          { refused: "not_found" },
          { state: { status: "resolved" } },
        ]);
      });

      it("give one claim of fifty to exactly one", async () => {
        const { store, other, entries } = await open();
        const entry = entries.make();
        await store.add([entry], ROOMY);
        const races = await Promise.all(
          Array.from({ length: 50 }, (_, n) =>
            (n % 2 === 0 ? store : other).change([{ id: entry.id, input: claimed(`t${n}`) }], NOW),
          ),
        );
        const won = races.flat().filter((result) => !("refused" in result));
        expect(won).toHaveLength(1);
        expect(
          races.flat().filter((result) => "refused" in result && result.refused === "wrong_status"),
        ).toHaveLength(49);
        expect((await store.get(entry.id))?.state).toMatchObject({ retryCount: 1, status: "replaying" });
      });
    });

    describe("counts", () => {
      const NAMES = ["a", "b"];
      const step = fc.oneof(
        {
          weight: 3,
          arbitrary: fc.record({
            do: fc.constant("add" as const),
            name: fc.constantFrom(...NAMES),
            domain: fc.constantFrom("d", "e"),
            count: fc.integer({ min: 1, max: 4 }),
          }),
        },
        {
          weight: 6,
          arbitrary: fc.record({
            do: fc.constantFrom(
              "claim",
              "succeed",
              "fail",
              "release",
              "escalate",
              "resolve",
              "reject",
              "expire",
              "archive",
              "redrive" as const,
            ),
            at: fc.nat(100),
          }),
        },
        { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), at: fc.nat(100) }) },
      );
      const input = (what: string): Input =>
        ({
          claim: claimed("t"),
          redrive: { type: "redrive", claim: { owner: "o", token: "t", at: NOW } },
          succeed: { type: "succeed", token: "t", how: "manual_replay" },
          fail: { type: "fail", token: "t", error: "e" },
          release: { type: "release", token: "t" },
          escalate: { type: "escalate", note: "n" },
          resolve: { type: "resolve", actor: "a" },
          reject: { type: "reject", actor: "a" },
          expire: { type: "expire" },
          archive: { type: "archive" },
        })[what] as Input;

      /** Counts, and lists by state, are those of a scan. */
      async function agree(store: DlqStore, other: DlqStore): Promise<void> {
        const found = await all(store);
        const scanned = new Map<string, number>();
        for (const { body, state } of found) {
          const key = JSON.stringify([body.name, body.domain, state.status]);
          scanned.set(key, (scanned.get(key) ?? 0) + 1);
        }
        const counted = new Map<string, number>();
        for (const { name, domain, counts } of await other.counts())
          for (const [status, count] of Object.entries(counts))
            counted.set(JSON.stringify([name, domain, status]), count);
        expect(counted).toEqual(scanned);
        for (const status of STATUSES)
          expect(idsOf(await all(other, { status }))).toEqual(
            idsOf(found.filter(({ state }) => state.status === status)),
          );
      }

      it("equal a scan after anything that happened, as do lists by state", async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(step, { maxLength: 40 }),
            fc.constantFrom<OverflowStrategy>("drop_oldest", "compress_oldest", "reject"),
            async (steps, strategy) => {
              const { store, other, entries } = await open();
              const capacity: Capacity = { total: 9, perDomain: 6, strategy };
              const ids: string[] = [];
              for (const [n, each] of steps.entries()) {
                const by = n % 2 === 0 ? store : other;
                if (each.do === "add") {
                  const { name, domain, count } = each as { name: string; domain: string; count: number };
                  const made = entries.many(count, { name, domain });
                  ids.push(...made.map(({ id }) => id));
                  await by.add(made, capacity);
                } else {
                  const id = ids[(each as { at: number }).at % Math.max(1, ids.length)] ?? "none";
                  if (each.do === "remove") await by.remove([id], "archived");
                  else await by.change([{ id, input: input(each.do) }], NOW);
                }
              }
              await agree(store, other);
            },
          ),
          { numRuns: runs(subject.runs) },
        );
      });

      it("equal a scan after all of it happened at once", async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(step, { minLength: 20, maxLength: 60 }),
            fc.constantFrom<OverflowStrategy>("drop_oldest", "compress_oldest", "reject"),
            async (steps, strategy) => {
              const { store, other, entries } = await open();
              const capacity: Capacity = { total: 20, perDomain: 15, strategy };
              const first = entries.many(12, { name: "a", domain: "d" });
              await store.add(first, capacity);
              const ids = first.map(({ id }) => id);
              await Promise.all(
                steps.map(async (each, n) => {
                  const by = n % 2 === 0 ? store : other;
                  if (each.do === "add") {
                    const { name, domain, count } = each as { name: string; domain: string; count: number };
                    return by.add(entries.many(count, { name, domain }), capacity);
                  }
                  const id = ids[(each as { at: number }).at % ids.length] as string;
                  if (each.do === "remove") return by.remove([id], "archived");
                  return by.change([{ id, input: input(each.do) }], NOW);
                }),
              );
              await agree(store, other);
            },
          ),
          { numRuns: runs(subject.runs) },
        );
      });
    });

    describe("caps", () => {
      const outcomesOf = async (
        store: DlqStore,
        entries: Entries,
        capacity: Capacity,
        batches: Partial<EntryBody>[][],
      ) => {
        const outcomes: AddOutcome[] = [];
        for (const batch of batches) {
          const made = batch.map((body) => entries.make(body));
          outcomes.push(...(await store.add(made, capacity)).outcomes);
        }
        return outcomes;
      };
      const d = { domain: "d" };
      const e = { domain: "e" };

      it("refuse at the cap and not before it, in all first and then in the domain", async () => {
        const { store, entries } = await open();
        const capacity: Capacity = { total: 5, perDomain: 3, strategy: "reject" };
        expect(
          await outcomesOf(store, entries, capacity, [
            [d, d],
            [d, d],
            [e, e, e],
          ]),
        ).toEqual([
          "added",
          "added",
          "added",
          "domain_capacity_exceeded",
          "added",
          "added",
          "dlq_capacity_exceeded",
        ]);
        expect((await store.add([entries.make(d)], capacity)).outcomes).toEqual(["dlq_capacity_exceeded"]);
        expect(await all(store)).toHaveLength(5);
      });

      it("have room again for each that is not open any more", async () => {
        const { store, other, entries } = await open();
        const capacity: Capacity = { total: 2, perDomain: 2, strategy: "reject" };
        const [entry] = entries.many(1) as [ReturnType<Entries["make"]>];
        await store.add([entry, entries.make()], capacity);
        expect((await other.add([entries.make()], capacity)).outcomes).toEqual(["dlq_capacity_exceeded"]);
        await apply(store, entry.id, { type: "resolve", actor: "a" });
        expect((await other.add(entries.many(2), capacity)).outcomes).toEqual([
          "added",
          "dlq_capacity_exceeded",
        ]);
      });

      it.each(["drop_oldest", "compress_oldest"] as const)(
        "make room for the newest by the oldest: %s",
        async (strategy) => {
          const { store, entries } = await open();
          const capacity: Capacity = { total: 5, perDomain: 3, strategy };
          const first = [...entries.many(3, d), ...entries.many(2, e)];
          expect(await store.add(first, capacity)).toEqual({
            outcomes: first.map(() => "added"),
            evicted: new Map(),
            overfull: false,
          });
          // One more in all: the oldest of all goes.
          const more = entries.make(e);
          expect(await store.add([more], capacity)).toMatchObject({
            evicted: new Map([["d", 1]]),
            overfull: false,
          });
          expect(idsOf(await all(store))).toEqual([more, ...first.slice(1).toReversed()].map(({ id }) => id));
          // One more in the domain: the oldest of the domain goes, although it is not the oldest of all.
          const wide: Capacity = { ...capacity, total: 100 };
          const last = entries.make(e);
          expect(await store.add([last], wide)).toMatchObject({
            evicted: new Map([["e", 1]]),
            overfull: false,
          });
          expect(idsOf(await all(store, e))).toEqual([last.id, more.id, first[4]?.id]);
          const summaries = await store.summaries(10);
          expect(summaries.map(({ domain, count }) => [domain, count])).toEqual(
            strategy === "drop_oldest"
              ? []
              : [
                  ["e", 1],
                  ["d", 1],
                ],
          );
        },
      );

      it.each(["reject", "drop_oldest", "compress_oldest"] as const)(
        "hold among those who add at once: %s",
        async (strategy) => {
          const { store, other, entries } = await open();
          const capacity: Capacity = { total: 60, perDomain: 40, strategy };
          const batches = Array.from({ length: 40 }, (_, n) =>
            entries.many(1 + (n % 5), n % 2 === 0 ? d : e),
          );
          const results = await Promise.all(
            batches.map((batch, n) => (n % 3 === 0 ? other : store).add(batch, capacity)),
          );
          const outcomes = results.flatMap((result) => result.outcomes);
          const gone = results.flatMap(({ evicted }) => [...evicted.values()]).reduce((sum, n) => sum + n, 0);
          const left = await all(other);
          expect(left).toHaveLength(60);
          expect(left.filter(({ body }) => body.domain === "d").length).toBeLessThanOrEqual(40);
          expect(left.length + gone).toBe(outcomes.filter((outcome) => outcome === "added").length);
          expect(outcomes.length).toBe(batches.flat().length);
          const summed = (await store.summaries(100)).reduce((sum, { count }) => sum + count, 0);
          expect(summed).toBe(strategy === "compress_oldest" ? gone : 0);
          if (strategy === "reject") expect(gone).toBe(0);
          else expect(new Set(outcomes)).toEqual(new Set(["added"]));
        },
      );

      it("hold for a batch that is larger than they are: its newest stay", async () => {
        const { store, entries } = await open();
        const batch = entries.many(10, d);
        const { evicted, overfull } = await store.add(batch, {
          total: 100,
          perDomain: 3,
          strategy: "drop_oldest",
        });
        expect(evicted).toEqual(new Map([["d", 7]]));
        expect(overfull).toBe(false);
        expect(idsOf(await all(store))).toEqual(
          batch
            .slice(7)
            .map(({ id }) => id)
            .toReversed(),
        );
      });

      it("never take what is worked on; when nothing else is there they are exceeded", async () => {
        const { store, entries } = await open();
        const capacity: Capacity = { total: 3, perDomain: 3, strategy: "drop_oldest" };
        const [held, reviewed, open_] = [
          entries.make(),
          entries.make({}, { status: "reviewing" }),
          entries.make(),
        ];
        await store.add([held, reviewed, open_], capacity);
        await apply(store, held.id, claimed("t"));
        const next = entries.make();
        expect(await store.add([next], capacity)).toMatchObject({
          evicted: new Map([["shop", 1]]),
          overfull: false,
        });
        expect(idsOf(await all(store))).toEqual([next.id, reviewed.id, held.id]);
        await apply(store, next.id, claimed("u"));
        const over = entries.make();
        expect(await store.add([over], capacity)).toEqual({
          outcomes: ["added"],
          evicted: new Map(),
          overfull: true,
        });
        expect(idsOf(await all(store))).toEqual([over.id, next.id, reviewed.id, held.id]);
      });

      it("count what asks for something, and nothing else", async () => {
        const { store, entries } = await open();
        const capacity: Capacity = { total: 4, perDomain: 4, strategy: "reject" };
        const open_ = ["pending", "replaying", "reviewing", "requires_review"] as const;
        const closed = STATUSES.filter((status) => !(open_ as readonly string[]).includes(status));
        const made = [...closed, ...open_].map((status) => entries.make({}, { status }));
        expect((await store.add(made, capacity)).outcomes).toEqual(made.map(() => "added"));
        expect((await store.add([entries.make()], capacity)).outcomes).toEqual(["dlq_capacity_exceeded"]);
      });

      it.each<[string, (text: string) => string]>([
        ["at all", () => "damage"],
        ["to their end", (text) => text.slice(0, -5)],
      ])("are kept by entries that cannot be read, too: %s", async (_, damaged) => {
        const { store, damage, entries } = await open();
        const capacity: Capacity = { total: 2, perDomain: 2, strategy: "compress_oldest" };
        const [bad, good] = [entries.make(), entries.make()];
        await store.add([bad, good], capacity);
        await damage(bad.id, damaged);
        const next = entries.make();
        expect((await store.add([next], capacity)).outcomes).toEqual(["added"]);
        expect(idsOf(await all(store))).toEqual([next.id, good.id]);
        expect(corrupt.map(([id]) => id)).toEqual([bad.id]);
      });
    });

    describe("summaries", () => {
      const tight: Capacity = { total: 1, perDomain: 1, strategy: "compress_oldest" };

      it("are one for each domain, failure type and code, and count what went into them", async () => {
        const { store, entries } = await open();
        const kinds = [
          { domain: "d", failureType: "F", errorCode: "1" },
          { domain: "d", failureType: "F", errorCode: "2" },
          { domain: "d", failureType: "G", errorCode: "1" },
          { domain: "e", failureType: "F", errorCode: "1" },
          { domain: "d", failureType: "F" },
          { domain: "__proto__", failureType: "x".repeat(1000), errorCode: "é/".repeat(300) },
          { domain: "__proto__", failureType: "x".repeat(1000), errorCode: `${"é/".repeat(299)}é!` },
        ];
        const firstSeen = entries.now + 1;
        for (const round of [1, 2]) {
          for (const kind of kinds) {
            const more = { errorMessage: `m${round}`, entityType: "order", entityId: round };
            await store.add([entries.make({ ...kind, ...more })], tight);
          }
        }
        await store.add([entries.make({ domain: "last" })], tight);
        const summaries = await store.summaries(100);
        expect(summaries).toHaveLength(kinds.length);
        for (const { domain, failureType, errorCode = "" } of kinds) {
          const same = summaries.filter(
            (one) => one.domain === domain && one.failureType === failureType && one.errorCode === errorCode,
          );
          expect(same).toMatchObject([
            {
              count: 2,
              status: "active",
              sampleErrorMessage: "m2",
              sampleContext: { entityType: "order", entityId: 2 },
            },
          ]);
        }
        expect(Math.min(...summaries.map((one) => one.firstSeen))).toBe(firstSeen);
        expect(summaries.map(({ lastSeen }) => lastSeen)).toEqual(
          summaries.map(({ lastSeen }) => lastSeen).sort((a, b) => b - a),
        );
        expect(await store.summaries(2)).toEqual(summaries.slice(0, 2));
      });

      it("age: active, stale, archived; and what comes later begins another", async () => {
        const { store, entries } = await open();
        await store.add(entries.many(2), tight);
        const lastSeen = (await store.summaries(1))[0]?.lastSeen ?? 0;
        const statuses = async () => (await store.summaries(9)).map(({ status, count }) => [status, count]);
        expect(await store.ageSummaries(lastSeen, lastSeen, NOW)).toBe(0);
        expect(await store.ageSummaries(lastSeen + 1, lastSeen, NOW)).toBe(1);
        expect(await statuses()).toEqual([["stale", 1]]);
        expect(await store.ageSummaries(lastSeen + 1, lastSeen, NOW)).toBe(0);
        expect(await store.ageSummaries(lastSeen + 1, lastSeen + 1, NOW)).toBe(1);
        expect(await statuses()).toEqual([["archived", 1]]);
        await store.add(entries.many(2), tight);
        expect((await statuses()).at(0)).toEqual(["active", 2]);
      });
    });

    describe("owners", () => {
      it("are known to every process until they go", async () => {
        const { store, other } = await open();
        const record = { host: "h", pid: 1, until: 5 };
        await store.renewOwner("1-a", record);
        await store.renewOwner("2-b", { ...record, pid: 2 });
        await other.renewOwner("1-a", { ...record, until: 9 });
        expect(await other.owners()).toEqual(
          new Map([
            ["1-a", { ...record, until: 9 }],
            ["2-b", { ...record, pid: 2 }],
          ]),
        );
        await other.removeOwner("2-b");
        await other.removeOwner("3-c");
        await other.removeOwner("1-a", record); // it said something else since
        expect([...(await store.owners()).keys()]).toEqual(["1-a"]);
      });
    });

    describe("leases", () => {
      const never = () => false;

      it("belong to one at a time", async () => {
        const { store, other } = await open();
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? store : other).lease("x", `h${n}`, 10, never)),
        );
        expect(answers.filter(Boolean)).toHaveLength(1);
        expect(await store.lease("y", "h", 10, never)).toBe(true);
      });

      it("are renewed by their holder, ended by nobody else, and taken over when they are free", async () => {
        const { store, other } = await open();
        expect(await store.lease("x", "a", 10, never)).toBe(true);
        expect(await store.lease("x", "a", 20, never)).toBe(true);
        const seen: unknown[] = [];
        const isFree = (...holder: unknown[]) => {
          seen.push(...holder);
          return true;
        };
        const owner = { host: "h", pid: 1, until: 5 };
        await store.renewOwner("a", owner);
        expect(await other.lease("x", "b", 30, isFree)).toBe(true);
        expect(seen).toEqual(["a", 20, owner]);
        await store.endLease("x", "a"); // too late: it is b's
        expect(await store.lease("x", "a", 40, never)).toBe(false);
        await other.endLease("x", "b");
        expect(await store.lease("x", "a", 40, never)).toBe(true);
      });

      it("are of anything that has a name", async () => {
        const { store } = await open();
        const names = [
          ...ODD,
          ...ODD.map((name) => name.repeat(128)),
          `${"é".repeat(127)}a`,
          `${"é".repeat(127)}b`,
        ];
        for (const name of names)
          expect(await store.lease(`sweep/${name}`, `of ${name}`, 10, never)).toBe(true);
      });
    });

    describe("what is due", () => {
      it("is of one state and made before a time, the oldest first", async () => {
        const { store, entries } = await open();
        const made = entries.many(6);
        await store.add(made, ROOMY);
        await apply(store, made[1]?.id as string, { type: "resolve", actor: "a" });
        const before = NOW + 4;
        const due = await store.due({ status: "pending", before, limit: 10 });
        expect(idsOf(due)).toEqual([made[0]?.id, made[2]?.id]);
        const next = await store.due({ status: "pending", before, limit: 10, after: made[0]?.id as string });
        expect(idsOf(next)).toEqual([made[2]?.id]);
      });
    });

    describe("a damaged record", () => {
      it.each(subject.damages)(
        "is put aside and told of, and the others are served: %s",
        async (_, damaged) => {
          const { store, other, damage, idle, quarantined, entries } = await open();
          const made = entries.many(5);
          await store.add(made, ROOMY);
          const bad = made[2]?.id as string;
          await damage(bad, () => damaged);
          const good = made.filter(({ id }) => id !== bad).map(({ id }) => id);
          expect(idsOf(await all(store))).toEqual(good.toReversed());
          await idle();
          expect(corrupt.map(([id]) => id)).toEqual([bad]);
          expect(idsOf(await all(other))).toEqual(good.toReversed());
          expect(await other.get(bad)).toBeUndefined();
          expect((await other.counts())[0]?.counts).toEqual({ pending: 4 });
          expect(idsOf(await all(other, { status: "pending" }))).toEqual(good.toReversed());
          expect(await quarantined(bad)).toBe(damaged);
          expect(corrupt).toHaveLength(1);
        },
      );

      it("does not shorten a page: what comes after it is found", async () => {
        const { store, damage, entries } = await open();
        const made = entries.many(6);
        await store.add(made, ROOMY);
        const ids = made.map(({ id }) => id);
        for (const at of [0, 1]) await damage(ids[at] as string, () => "damage");
        for (const filter of [{}, { status: "pending" }] as const) {
          const page = await store.list(filter, { limit: 2, oldestFirst: true });
          expect(idsOf(page)).toEqual(ids.slice(2, 4));
        }
      });
    });

    it("rejects with an AdapterError once it is closed", async () => {
      const { store, end, entries } = await open();
      await end();
      await expect(store.add([entries.make()], ROOMY)).rejects.toBeInstanceOf(AdapterError);
      await expect(store.get(entries.make().id)).rejects.toBeInstanceOf(AdapterError);
      await expect(store.counts()).rejects.toBeInstanceOf(AdapterError);
    });
  });
}
