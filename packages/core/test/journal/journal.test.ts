import { describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { hotClock } from "../../src/clock.js";
import { declarations } from "../../src/declarations.js";
import { ConfigurationError } from "../../src/errors.js";
import * as events from "../../src/journal/events.js";
import { EventJournal } from "../../src/journal/journal.js";
import type { JournalEntry, JournalQuery } from "../../src/journal/types.js";
import { MemoryKeyValueStore } from "../../src/kv/stores/memory.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { errorOf, runs, turn } from "../runtime.js";
import { down, Folder, journalIn, kept, passing, placesOf, type Subject, settingsOf } from "./fixture.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Reports so many events, numbered on. */
function report({ hub }: Subject, count: number, from = 0): void {
  for (let n = from; n < from + count; n++) hub.report(kept, { n });
}

const stored = ({ folder }: Subject): number =>
  folder.read<string[]>((reader) => reader.keys({ from: "journal:entry:", to: "journal:entry:~" })).length;
const named = ({ told }: Subject, name: string): unknown[] =>
  told.filter((event) => event.name === name).map(({ payload }) => payload);
const dropped = ({ hub }: Subject, cause: string): number | undefined =>
  hub
    .metrics()
    .find(({ name, labels }) => name === "baldur_journal_dropped_total" && labels["cause"] === cause)?.value;

describe("the journal", () => {
  it("keeps the events that are declared so, and none of its own", async () => {
    const subject = journalIn(new Folder());
    const at = new Date(subject.clock.now());
    subject.hub.report(kept, { actor: "ada", reason: "r", token: "t", n: 1 });
    subject.hub.report(passing, { n: 2 });
    const { entries } = await subject.journal.page();
    expect(entries).toMatchObject([
      { name: "test.kept", level: "info", at, actor: "ada", reason: "r", payload: { token: "***", n: 1 } },
    ]);
    expect(Object.values(events).map(({ journal }) => journal)).toEqual(Object.keys(events).map(() => false));
    const own = declarations().events.filter(({ name }) => name.startsWith("journal."));
    expect(own).toEqual(expect.arrayContaining(Object.values(events)));
  });

  it("hands over what waits after half a second, or at once where that is a hundred", async () => {
    const subject = journalIn(new Folder());
    report(subject, 3);
    await subject.clock.advance(499);
    expect([stored(subject), subject.folder.writes]).toEqual([0, 0]);
    await subject.clock.advance(1);
    expect(stored(subject)).toBe(3);
    const { writes } = subject.folder;
    report(subject, 99, 3);
    await turn();
    expect(subject.folder.writes).toBe(writes);
    report(subject, 101, 102);
    await turn();
    expect([stored(subject), subject.folder.writes]).toEqual([203, writes + 2]);
    expect(await subject.numbers()).toEqual(down(202, 0));
    expect(subject.clock.pending).toBe(0);
    expect(subject.told).toEqual([]);
  });

  it("gathers what comes while a batch is under way", async () => {
    const subject = journalIn(new Folder());
    const release = subject.folder.hold();
    report(subject, 100);
    report(subject, 250, 100);
    await turn();
    expect(subject.folder.writes).toBe(1);
    release();
    await turn();
    expect(stored(subject)).toBe(300);
    await subject.clock.advance(500);
    expect(stored(subject)).toBe(350);
    expect(await subject.numbers()).toEqual(down(349, 0));
  });

  it("lets the process end while it waits", () => {
    const folder = new Folder();
    const unref = jest.fn();
    const { clock } = journalIn(folder);
    const handled = {
      ...clock,
      setTimeout: () => ({ ref: () => undefined, unref }),
      clearTimeout: () => undefined,
    };
    const hub = new TelemetryHub(clock);
    const journal = new EventJournal({
      clock: hotClock({ ...handled, now: () => 0, monotonic: () => 0 }),
      telemetry: hub,
      settings: settingsOf(),
    });
    journal.use(placesOf(folder));
    hub.report(kept, {});
    expect(unref).toHaveBeenCalledTimes(1);
  });

  it("keeps what happened before it was known where", async () => {
    const { clock, hub, journal, folder } = journalIn(new Folder());
    const early = new EventJournal({ clock: hotClock(clock), telemetry: hub, settings: settingsOf() });
    hub.report(kept, { n: 1 });
    expect(await early.page()).toMatchObject({ entries: [{ payload: { n: 1 } }], complete: false });
    early.use(placesOf(folder));
    await clock.advance(500);
    expect((await journal.page()).entries).toHaveLength(2); // of either
  });

  it("is one for all processes that share its store, in the order of time", async () => {
    const folder = new Folder();
    const [one, other] = [journalIn(folder), journalIn(folder)];
    for (let n = 0; n < 300; n++) {
      const { clock, hub } = n % 2 === 0 ? one : other;
      hub.report(kept, { n });
      await clock.advance(1);
    }
    await Promise.all([one.clock.advance(500), other.clock.advance(500)]);
    const found = await one.numbers();
    expect(found).toHaveLength(300);
    expect(await other.numbers()).toEqual(found);
    for (const parity of [0, 1]) {
      const own = found.filter((n) => Number(n) % 2 === parity);
      expect(own).toEqual(own.toSorted((a, b) => Number(b) - Number(a)));
    }
  });
});

describe("a store that is away", () => {
  it("neither stops nor fails who reports; entries wait, are shown, and are appended once it is back", async () => {
    const subject = journalIn(new Folder());
    report(subject, 2);
    await subject.clock.advance(500);
    subject.folder.isAway = true;
    report(subject, 150, 2);
    await subject.clock.advance(10_000);
    expect(await subject.journal.page({ limit: 500 })).toMatchObject({ complete: false });
    expect(await subject.numbers()).toEqual(down(151, 2));
    expect(named(subject, "journal.append_failed")).toEqual([
      { error: "the folder is away", waiting: expect.any(Number) },
    ]);
    expect(named(subject, "journal.page_failed")).toHaveLength(2);
    subject.folder.isAway = false;
    await subject.clock.advance(1000);
    expect(stored(subject)).toBe(152);
    expect(await subject.journal.page({ limit: 500 })).toMatchObject({ complete: true });
    expect(await subject.numbers()).toEqual(down(151, 0));
    expect(subject.clock.pending).toBe(0);
  });

  it("is asked about once a second, not with every event", async () => {
    const subject = journalIn(new Folder());
    subject.folder.isAway = true;
    report(subject, 500);
    await subject.clock.advance(500);
    const { writes } = subject.folder;
    report(subject, 400, 500);
    await turn();
    expect(subject.folder.writes).toBe(writes);
    await subject.clock.advance(10_000);
    expect(subject.folder.writes).toBe(writes + 10);
  });

  it("costs the oldest beyond a thousand, which are counted, and told once until it is back", async () => {
    const subject = journalIn(new Folder());
    for (const round of [1, 2]) {
      subject.folder.isAway = true;
      report(subject, 1000);
      await turn();
      expect(dropped(subject, "overflow") ?? 0).toBe((round - 1) * 700);
      report(subject, 700, 1000);
      await subject.clock.advance(3000);
      expect(dropped(subject, "overflow")).toBe(round * 700);
      expect(named(subject, "journal.entries_dropped")).toHaveLength(round);
      expect(named(subject, "journal.append_failed")).toHaveLength(round);
      const waiting = subject.hub.metrics().find(({ name }) => name === "baldur_journal_waiting");
      expect(waiting?.value).toBe(1000);
      subject.folder.isAway = false;
      await subject.clock.advance(1000);
      expect((await subject.numbers()).slice(0, 500)).toEqual(down(1699, 1200));
    }
    expect(stored(subject)).toBe(2000);
  });

  it("that took a batch and could not say so has every entry once", async () => {
    const subject = journalIn(new Folder());
    const write = subject.folder.write.bind(subject.folder);
    const lost = jest.spyOn(subject.folder, "write").mockImplementation(async (work) => {
      await write(work);
      throw new Error("the answer was lost");
    });
    report(subject, 3);
    await subject.clock.advance(500);
    expect(named(subject, "journal.append_failed")).toMatchObject([{ error: "the answer was lost" }]);
    expect(await subject.numbers()).toEqual([2, 1, 0]);
    lost.mockRestore();
    await subject.clock.advance(1000);
    expect(await subject.numbers()).toEqual([2, 1, 0]);
    expect(stored(subject)).toBe(3);
  });
});

describe("the end of the journal", () => {
  it("hands over what waits, and keeps nothing afterwards", async () => {
    const subject = journalIn(new Folder());
    report(subject, 250);
    await subject.journal.close(1000);
    expect(stored(subject)).toBe(250);
    report(subject, 1, 250);
    await subject.clock.advance(1000);
    expect(stored(subject)).toBe(250);
    expect(subject.clock.pending).toBe(0);
    expect(subject.told).toEqual([]);
  });

  it("waits for a store that hangs no longer than it may, and tells what is lost", async () => {
    const subject = journalIn(new Folder());
    subject.folder.hold();
    report(subject, 130);
    let isClosed = false;
    void subject.journal.close(1000).then(() => {
      isClosed = true;
    });
    await subject.clock.advance(999);
    expect(isClosed).toBe(false);
    await subject.clock.advance(1);
    expect(isClosed).toBe(true);
    expect(named(subject, "journal.entries_dropped")).toEqual([{ cause: "shutdown", count: 130 }]);
    expect(dropped(subject, "shutdown")).toBe(130);
    expect(subject.clock.pending).toBe(0);
  });

  it("is told too where the store is away", async () => {
    const subject = journalIn(new Folder());
    subject.folder.isAway = true;
    report(subject, 5);
    await subject.journal.close(1000);
    expect(named(subject, "journal.entries_dropped")).toEqual([{ cause: "shutdown", count: 5 }]);
    expect(subject.clock.pending).toBe(0);
  });
});

describe("a page", () => {
  it("has what waits in the place where it belongs", async () => {
    const subject = journalIn(new Folder());
    const other = journalIn(subject.folder);
    subject.folder.isAway = true;
    report(subject, 2);
    await subject.clock.advance(500);
    subject.folder.isAway = false;
    await other.clock.advance(10);
    report(other, 3, 10); // newer, and stored before
    await other.journal.close(0);
    expect(await subject.numbers()).toEqual([12, 11, 10, 1, 0]);
    const first = await subject.journal.page({ limit: 4 });
    const second = await subject.journal.page({ limit: 4, before: first.next });
    expect([...first.entries, ...second.entries].map(({ payload }) => payload["n"])).toEqual([
      12, 11, 10, 1, 0,
    ]);
    expect(second.next).toBeUndefined();
    const between = new Date(other.clock.now() - 1);
    const narrowed = await subject.journal.page({ text: "KEPT", until: between });
    expect(narrowed.entries.map(({ payload }) => payload["n"])).toEqual([1, 0]);
    const others = await subject.journal.page({ since: between, level: "warning" });
    expect(others).toEqual({ entries: [], complete: true });
  });

  it("belongs to who asked for it", async () => {
    const subject = journalIn(new Folder());
    subject.hub.report(kept, { list: [1] });
    const { entries } = await subject.journal.page();
    const [{ payload }] = entries as [JournalEntry];
    (payload["list"] as number[]).push(2);
    await subject.journal.close(0);
    expect((await subject.journal.page()).entries[0]?.payload).toEqual({ list: [1] });
  });

  it("shows every entry once, in whatever order events, outages and pages come", async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ report: fc.integer({ min: 1, max: 120 }) }) },
      { weight: 3, arbitrary: fc.record({ advance: fc.integer({ min: 1, max: 1500 }) }) },
      { weight: 6, arbitrary: fc.record({ page: fc.integer({ min: 1, max: 60 }) }) },
      { weight: 1, arbitrary: fc.record({ away: fc.boolean() }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const folder = new Folder();
        const processes = [journalIn(folder), journalIn(folder)] as const;
        const [{ journal }] = processes;
        let count = 0;
        let owed: number[] = [];
        let before: string | undefined;
        for (const [at, one] of steps.entries()) {
          const subject = processes[at % 2] as Subject;
          if ("report" in one) {
            // Only its own process knows what waits, so the other one's events are stored at once.
            report(subject, Math.min(one.report, 900 - count), count);
            count += Math.min(one.report, 900 - count);
            if (at % 2 === 1 && !folder.isAway) await subject.clock.advance(2000);
          } else if ("advance" in one)
            await Promise.all(processes.map(({ clock }) => clock.advance(one.advance)));
          else if ("away" in one) folder.isAway = one.away;
          else {
            const page = await journal.page({ limit: one.page, before });
            expect(page.complete).toBe(!folder.isAway);
            if (!page.complete) {
              before = undefined;
              continue;
            }
            if (before === undefined) owed = [];
            owed.push(...page.entries.map(({ payload }) => Number(payload["n"])));
            expect(new Set(owed).size).toBe(owed.length);
            before = page.next;
          }
        }
        folder.isAway = false;
        await Promise.all(processes.map(({ clock }) => clock.advance(5000)));
        const found: number[] = [];
        for (let next: string | undefined; ; ) {
          const page = await journal.page({ limit: 7, before: next });
          found.push(...page.entries.map(({ payload }) => Number(payload["n"])));
          next = page.next;
          if (next === undefined) break;
        }
        expect(found.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
      }),
      { numRuns: runs(100) },
    );
  });

  it.each([
    [{ limit: 0 }, /query\.limit must be an integer from 1 to 500/],
    [{ limit: 501 }, /query\.limit/],
    [{ limit: "10" }, /query\.limit/],
    [{ before: "newest" }, /query\.before must be the id of an entry/],
    [{ after: 7 }, /query\.after/],
    [{ since: 5 }, /query\.since must be a date/],
    [{ until: new Date(Number.NaN) }, /query\.until/],
    [{ names: "test.kept" }, /query\.names must be an array of names/],
    [{ names: [""] }, /query\.names/],
    [{ names: ["test\0kept"] }, /query\.names must be an array of names without NUL/],
    [{ text: "a\0b" }, /query\.text must be 1 to 200 characters, none of them NUL/],
    [{ level: "loud" }, /query\.level must be one of debug/],
    [{ text: "" }, /query\.text must be 1 to 200 characters/],
    [{ text: "x".repeat(201) }, /query\.text/],
    [{ name: "test.kept" }, /query must be made of before, after/],
    [null, /query must be an object/],
  ])("is refused for %j: a mistake must not look like nothing happened", async (query, message) => {
    const { journal } = journalIn(new Folder());
    const error = await errorOf(journal.page(query as JournalQuery));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(message);
  });

  it("leaves out what is damaged, and tells of it once", async () => {
    const subject = journalIn(new Folder());
    report(subject, 3);
    await subject.clock.advance(500);
    const { entries } = await subject.journal.page();
    const id = entries[1]?.id as string;
    await subject.folder.write((writer) => writer.put(`journal:entry:${id}`, "{"));
    await subject.folder.write((writer) => writer.put("journal:entry:zzz", "{"));
    for (let times = 0; times < 3; times++) expect(await subject.numbers()).toEqual([2, 0]);
    expect(named(subject, "journal.record_damaged")).toEqual([{ id: "zzz" }, { id }]);
  });

  it("shows nothing that is too old, whether it is still there or not", async () => {
    const subject = journalIn(new Folder(), { retention: DAY });
    report(subject, 1);
    await subject.clock.advance(DAY / 2);
    report(subject, 1, 1);
    await subject.clock.advance(DAY / 2);
    expect(await subject.numbers()).toEqual([1, 0]);
    await subject.clock.advance(1);
    expect(await subject.numbers()).toEqual([1]);
    const since = new Date(subject.clock.now() - 2 * DAY);
    expect((await subject.journal.page({ since })).entries).toHaveLength(1);
    expect(stored(subject)).toBe(2);
  });
});

describe("what is old or too much", () => {
  it("is let go with the first entries, and then once an hour", async () => {
    const before = journalIn(new Folder());
    report(before, 300);
    await before.clock.advance(500);
    const subject = journalIn(before.folder, { maxEntries: 100 });
    await subject.clock.advance(HOUR);
    report(subject, 1, 300);
    await subject.clock.advance(500);
    expect(stored(subject)).toBe(100);
    report(subject, 30, 301);
    await subject.clock.advance(HOUR - 500);
    expect(stored(subject)).toBe(130);
    await subject.clock.advance(500);
    report(subject, 1, 331);
    await subject.clock.advance(500);
    expect(await subject.numbers()).toEqual(down(331, 232));
  });

  it("is let go where more comes than may stay", async () => {
    const subject = journalIn(new Folder(), { maxEntries: 150 });
    for (let n = 0; n < 10; n++) {
      report(subject, 100, n * 100);
      await subject.clock.advance(500);
      expect(stored(subject)).toBeLessThanOrEqual(300);
    }
    expect((await subject.numbers()).slice(0, 100)).toEqual(down(999, 900));
  });

  it("goes by its age too", async () => {
    const subject = journalIn(new Folder(), { retention: DAY });
    report(subject, 5);
    await subject.clock.advance(DAY + HOUR);
    report(subject, 1, 5);
    await subject.clock.advance(500);
    expect(stored(subject)).toBe(1);
  });

  it("stays, and is told, where it cannot be let go", async () => {
    const subject = journalIn(new Folder());
    const write = subject.folder.write.bind(subject.folder);
    jest.spyOn(subject.folder, "write").mockImplementation(async (work) => {
      if (subject.folder.writes > 0) throw new Error("no room");
      return write(work);
    });
    report(subject, 1);
    await subject.clock.advance(500);
    expect(named(subject, "journal.prune_failed")).toEqual([{ error: "no room" }]);
    expect(await subject.numbers()).toEqual([0]);
  });
});

describe("a note", () => {
  it("is an entry of an operator's, and acknowledged when the store has it", async () => {
    const subject = journalIn(new Folder());
    await expect(subject.journal.note({ actor: "ada", reason: "gateway migrated" })).resolves.toBe(true);
    expect(stored(subject)).toBe(1);
    const facts = { version: 7, password: "p" };
    const note = { actor: "bo", reason: "r", name: "deployment.started", level: "warning" as const, facts };
    await expect(subject.journal.note(note)).resolves.toBe(true);
    expect((await subject.journal.page()).entries).toMatchObject([
      { name: "deployment.started", level: "warning", actor: "bo", payload: { version: 7, password: "***" } },
      { name: "operator.note", level: "info", actor: "ada", reason: "gateway migrated", payload: {} },
    ]);
  });

  it("waits where the store is away, and says so", async () => {
    const subject = journalIn(new Folder());
    subject.folder.isAway = true;
    await expect(subject.journal.note({ actor: "ada", reason: "r" })).resolves.toBe(false);
    subject.folder.isAway = false;
    await subject.clock.advance(1000);
    expect(stored(subject)).toBe(1);
  });

  it("made while a batch is under way waits for its own", async () => {
    const subject = journalIn(new Folder());
    const release = subject.folder.hold();
    report(subject, 100);
    const note = subject.journal.note({ actor: "ada", reason: "r" });
    await turn();
    release();
    await expect(note).resolves.toBe(true);
    expect(stored(subject)).toBe(101);
  });

  it("after the end is nowhere", async () => {
    const subject = journalIn(new Folder());
    await subject.journal.close(0);
    await expect(subject.journal.note({ actor: "ada", reason: "r" })).resolves.toBe(false);
    expect(stored(subject)).toBe(0);
  });

  it.each([
    [{ actor: "", reason: "r" }, /note\.actor must be a non-empty string/],
    [{ actor: "a" }, /note\.reason/],
    [{ actor: "a", reason: "r", name: "Deployed" }, /note\.name must be named as events are/],
    [{ actor: "a", reason: "r", name: 7 }, /note\.name/],
    [{ actor: "a", reason: "r", level: "loud" }, /note\.level must be one of/],
    [{ actor: "a", reason: "r", facts: [1] }, /note\.facts must be an object/],
    [null, /note must be an object/],
  ])("is refused for %j", async (note, message) => {
    const { journal } = journalIn(new MemoryKeyValueStore() as Folder);
    const error = await errorOf(journal.note(note as never));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(message);
  });
});
