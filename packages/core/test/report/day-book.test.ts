import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import type { DocumentStore } from "../../src/documents/documents.js";
import { MemoryDocumentStore } from "../../src/documents/stores/memory.js";
import { AdapterError } from "../../src/errors.js";
import { DAY, HOUR, NOON, Process } from "./fixture.js";

const MINUTE = 60_000;
const TODAY = "2026-03-10";

/** A store that may be away, or lose its answers. */
class Flaky extends MemoryDocumentStore {
  isAway = false;
  losesAnswers = false;
  writes = 0;

  override async read(key: string): ReturnType<DocumentStore["read"]> {
    if (this.isAway) throw new AdapterError("it is away");
    return super.read(key);
  }

  override async compareAndSet(...given: Parameters<DocumentStore["compareAndSet"]>) {
    if (this.isAway) throw new AdapterError("it is away");
    this.writes++;
    const result = await super.compareAndSet(...given);
    if (this.losesAnswers) throw new AdapterError("no answer");
    return result;
  }
}

describe("what happens on a day", () => {
  it("is known at once, and stored within the minute", async () => {
    const clock = createFakeClock(NOON);
    const documents = new Flaky(clock);
    const one = new Process({ clock, documents });
    one.tell("circuit_breaker.opened");
    one.tell("dlq.entry_created", { count: 3 }, "info");
    expect(await one.reports.daily()).toMatchObject({ circuit_opened: 1, dlq_new_entries: 3 });
    expect(documents.writes).toBe(0);
    await clock.advance(MINUTE);
    expect(documents.writes).toBe(1);
    expect(await new Process({ clock, documents }).reports.daily()).toMatchObject({ circuit_opened: 1 });
    await clock.advance(10 * MINUTE);
    expect(documents.writes).toBe(1); // nothing happened
    expect(clock.pending).toBe(0);
  });

  it("is added up over processes that write at the same time, and over their restarts", async () => {
    const clock = createFakeClock(NOON);
    const documents = new MemoryDocumentStore(clock);
    for (let round = 0; round < 3; round++) {
      const all = Array.from({ length: 4 }, () => new Process({ clock, documents }));
      for (const each of all) {
        each.tell("circuit_breaker.opened");
        each.tell("scheduler.job_failed", { job: "a", error: "no" });
      }
      await clock.advance(MINUTE);
      await Promise.all(all.map(({ reports }) => reports.close()));
    }
    const report = await new Process({ clock, documents }).reports.daily(TODAY);
    expect(report).toMatchObject({ circuit_opened: 12, circuit_transitions: 12, task_failures: 12 });
    expect(report?.entries).toHaveLength(12);
  });

  it("is written when the runtime closes, and not counted afterwards", async () => {
    const one = new Process();
    one.tell("circuit_breaker.closed");
    await one.reports.close();
    one.tell("circuit_breaker.closed");
    expect(one.clock.pending).toBe(0);
    const { clock, documents } = one;
    expect(await new Process({ clock, documents }).reports.daily()).toMatchObject({ circuit_closed: 1 });
  });

  it("is added once where the answer of the store was lost", async () => {
    const clock = createFakeClock(NOON);
    const documents = new Flaky(clock);
    const one = new Process({ clock, documents });
    documents.losesAnswers = true;
    one.tell("circuit_breaker.opened");
    await clock.advance(MINUTE);
    expect(documents.writes).toBe(1);
    documents.losesAnswers = false;
    expect(await one.reports.daily()).toMatchObject({ circuit_opened: 1 });
    one.tell("circuit_breaker.opened");
    await clock.advance(2 * MINUTE);
    expect(await one.reports.daily()).toMatchObject({ circuit_opened: 2 });
  });

  it("waits while the store is away, which is told once", async () => {
    const clock = createFakeClock(NOON);
    const documents = new Flaky(clock);
    const one = new Process({ clock, documents });
    documents.isAway = true;
    for (let n = 0; n < 5; n++) {
      one.tell("circuit_breaker.opened");
      await clock.advance(MINUTE);
    }
    expect(one.named("daily_report_collector.store_unavailable")).toEqual([{ error: "it is away" }]);
    await expect(one.reports.daily()).rejects.toThrow("it is away");
    documents.isAway = false;
    await clock.advance(2 * MINUTE);
    expect(await new Process({ clock, documents }).reports.daily()).toMatchObject({ circuit_opened: 5 });
  });

  it("ends at midnight of UTC, wherever the process is", async () => {
    const clock = createFakeClock(Date.parse("2026-03-10T23:59:59.999Z"));
    const one = new Process({ clock });
    one.tell("circuit_breaker.opened");
    await clock.advance(1);
    one.tell("circuit_breaker.opened");
    one.tell("circuit_breaker.opened");
    for (const wait of [0, MINUTE]) {
      await clock.advance(wait);
      expect(await one.reports.daily(TODAY)).toMatchObject({ date: TODAY, circuit_opened: 1 });
      expect(await one.reports.daily()).toMatchObject({ date: "2026-03-11", circuit_opened: 2 });
    }
  });

  it.each([
    ["forward", "2026-03-29"],
    ["back", "2026-10-25"],
  ])("goes on over a day on which the clocks of Europe are put %s: it has 24 hours", async (_, day) => {
    const clock = createFakeClock(Date.parse(`${day}T00:30:00Z`));
    const one = new Process({ clock });
    for (let hour = 0; hour < 24; hour++) {
      one.tell("circuit_breaker.opened");
      await clock.advance(HOUR);
    }
    expect(await one.reports.daily(day)).toMatchObject({ circuit_opened: 24 });
  });

  it("begins anew where the record is damaged, or of the year before", async () => {
    const clock = createFakeClock(NOON);
    const documents = new MemoryDocumentStore(clock);
    const one = new Process({ clock, documents });
    one.tell("circuit_breaker.opened");
    await clock.advance(MINUTE);
    await clock.advance(366 * DAY);
    one.tell("circuit_breaker.opened");
    await clock.advance(MINUTE);
    expect(await one.reports.daily()).toMatchObject({ date: "2027-03-11", circuit_opened: 1 });
    const places = Array.from({ length: 366 }, (_, place) => `daily_report.${place}`);
    for (const value of [{ date: "2027-03-11", hours: 3 }, { date: "2027-03-11" }, { hours: [] }]) {
      for (const place of places) {
        const found = await documents.read(place);
        if (found !== undefined) await documents.compareAndSet(place, found.version, value);
      }
      expect(await one.reports.daily()).toMatchObject({ circuit_opened: 0 });
    }
  });

  it("stays in memory where nobody asked for reports and nobody shares it", async () => {
    const documents = new Flaky(createFakeClock());
    const one = new Process({ documents, settings: { enabled: false }, isShared: false });
    one.tell("circuit_breaker.opened");
    await one.clock.advance(MINUTE);
    expect(documents.writes).toBe(0);
    expect(await one.reports.daily()).toMatchObject({ circuit_opened: 1 });
    expect(one.reports.job).toBeUndefined();
  });
});

describe("entries of a day", () => {
  it("say once a minute what a task says again and again", async () => {
    const one = new Process();
    for (let n = 0; n < 500; n++) one.tell("scheduler.job_failed", { job: "sync", error: `no ${n}` });
    const report = await one.reports.daily();
    expect(report).toMatchObject({ task_failures: 500, severity: "warning" });
    expect(report?.entries).toEqual([
      {
        task_name: "sync",
        severity: "warning",
        timestamp: "2026-03-10T12:00:00.000Z",
        result: { failures: 500, error: "no 499" },
      },
    ]);
  });

  it("leave when there are too many, the oldest first, which is told", async () => {
    const one = new Process({ settings: { maxEntries: 3 } });
    for (let n = 0; n < 5; n++) {
      one.tell("scheduler.job_failed", { job: `job-${n}`, error: "no" });
      await one.clock.advance(MINUTE);
    }
    const report = await one.reports.daily();
    expect(report?.entries.map((entry) => entry.task_name)).toEqual(["job-2", "job-3", "job-4"]);
    expect(report?.task_failures).toBe(5);
    expect(one.named("daily_report_collector.entries_trimmed")[0]).toEqual({
      date_key: TODAY,
      pre_trim_len: 4,
      max_len: 3,
      dropped_count: 1,
    });
    expect(one.value("baldur_daily_report_entries_dropped_total")).toBe(2);
  });

  it("are not more than can be told apart, whatever the names, and cut what is long", async () => {
    const one = new Process();
    for (let n = 0; n < 600; n++) {
      one.tell("scheduler.job_failed", { job: `${n}-${"x".repeat(1000)}`, error: "y".repeat(1000) });
      one.tell(`a.b${n}`);
    }
    const report = await one.reports.daily();
    expect(report?.entries).toHaveLength(500);
    expect(JSON.stringify(report?.entries[0]).length).toBeLessThan(600);
    expect(Object.keys(report?.custom_counts ?? {})).toHaveLength(200);
  });
});
