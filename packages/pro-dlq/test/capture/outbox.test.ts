import type { CaptureResult } from "@baldur/core/plugin";
import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Outbox, type OutboxOptions, type OutboxStats } from "../../src/capture/outbox.js";
import type { NewEntry } from "../../src/store/store.js";
import { runs, turn } from "../queue/runtime.js";
import { Entries } from "../store/entries.js";

const answers = (where: "store" | "spill" | "stderr") => (entries: readonly NewEntry[]) =>
  entries.map(({ id }): CaptureResult => ({ captured: true, id, where }));

/** A writer that is held up until it is let go. */
class SlowWriter {
  readonly batches: NewEntry[][] = [];
  readonly #held: (() => void)[] = [];

  readonly write = async (entries: readonly NewEntry[]): Promise<readonly CaptureResult[]> => {
    this.batches.push([...entries]);
    await new Promise<void>((resolve) => this.#held.push(resolve));
    return answers("store")(entries);
  };

  /** Lets the batch go that waits the longest. */
  async release(): Promise<void> {
    this.#held.shift()?.();
    await turn();
  }
}

function outbox(options: Partial<OutboxOptions> = {}): {
  outbox: Outbox;
  writer: SlowWriter;
  clock: FakeClock;
  entries: Entries;
} {
  const writer = new SlowWriter();
  const clock = createFakeClock();
  const overflow = async (entries: readonly NewEntry[]) => answers("spill")(entries);
  const all = { capacity: 10, batchSize: 4, clock, write: writer.write, overflow, ...options };
  return { outbox: new Outbox(all), writer, clock, entries: new Entries() };
}

const isConserved = ({ enqueued, written, dropped, size, inFlight, dumped }: OutboxStats) =>
  enqueued === written + dropped + size + inFlight + dumped;

describe("the outbox", () => {
  it("writes what arrives while a write is under way with the next one, in order, by the batch", async () => {
    const { outbox: box, writer, entries } = outbox();
    const made = entries.many(9);
    const results = made.slice(0, 2).map((entry) => box.add(entry));
    expect(writer.batches).toEqual([]); // whoever hands an entry over goes on first
    await turn();
    results.push(...made.slice(2).map((entry) => box.add(entry)));
    await turn();
    expect(box.stats).toEqual({ enqueued: 9, written: 0, dropped: 0, size: 7, inFlight: 2, dumped: 0 });
    for (let n = 0; n < 3; n++) await writer.release();
    expect(writer.batches).toEqual([made.slice(0, 2), made.slice(2, 6), made.slice(6)]);
    expect(await Promise.all(results)).toEqual(answers("store")(made));
    expect(box.stats).toEqual({ enqueued: 9, written: 9, dropped: 0, size: 0, inFlight: 0, dumped: 0 });
  });

  it("has as many batches on their way as the store takes at a time, and no more", async () => {
    const { outbox: box, writer, entries } = outbox({ batchSize: 2, flights: () => 2 });
    const made = entries.many(7);
    const results = made.map((entry) => box.add(entry));
    await turn();
    expect(writer.batches).toEqual([made.slice(0, 2), made.slice(2, 4)]);
    expect(box.stats).toMatchObject({ size: 3, inFlight: 4 });
    await writer.release();
    expect(writer.batches).toHaveLength(3);
    for (let n = 0; n < 3; n++) await writer.release();
    expect(await Promise.all(results)).toEqual(answers("store")(made));
    expect(await box.drained(0)).toBe(true);
    expect(box.stats).toMatchObject({ written: 7, size: 0, inFlight: 0 });
  });

  it("gives many that arrive at once to as many batches as may be on their way", async () => {
    const { outbox: box, writer, entries } = outbox({ capacity: 100, batchSize: 100, flights: () => 2 });
    const made = entries.many(60);
    const results = made.map((entry) => box.add(entry));
    await turn();
    expect(writer.batches).toEqual([made.slice(0, 30), made.slice(30)]);
    await writer.release();
    const more = entries.many(60);
    results.push(...more.map((entry) => box.add(entry)));
    await turn();
    expect(writer.batches.slice(2)).toEqual([more]); // the other one is on its way still
    for (let n = 0; n < 2; n++) await writer.release();
    expect(await Promise.all(results)).toEqual(answers("store")([...made, ...more]));
  });

  it("hands out all batches that are on their way when the process ends", async () => {
    const { outbox: box, entries } = outbox({ batchSize: 2, flights: () => 2 });
    const made = entries.many(5);
    for (const entry of made) void box.add(entry);
    await turn();
    const taken: NewEntry[] = [];
    const count = box.dump((rest) => {
      taken.push(...rest);
      return "spill";
    });
    expect(count).toBe(5);
    expect(taken).toEqual(made);
  });

  it("resolves an entry when it is written, and not before", async () => {
    const { outbox: box, writer, entries } = outbox();
    let isWritten = false;
    const added = box.add(entries.make()).then(() => {
      isWritten = true;
    });
    await turn();
    expect(isWritten).toBe(false);
    await writer.release();
    await added;
  });

  it("sends on what finds it full, and keeps what waits", async () => {
    const { outbox: box, writer, entries } = outbox({ capacity: 3, batchSize: 1 });
    const made = entries.many(6);
    const results = [box.add(made[0] as NewEntry)];
    await turn(); // the first is on its way
    results.push(...made.slice(1).map((entry) => box.add(entry)));
    expect(box.stats).toMatchObject({ size: 3, inFlight: 1, dropped: 2 });
    for (let n = 0; n < 4; n++) await writer.release();
    const [a, b, c, d, ...over] = made as [NewEntry, NewEntry, NewEntry, NewEntry, ...NewEntry[]];
    expect(await Promise.all(results)).toEqual([
      ...answers("store")([a, b, c, d]),
      ...answers("spill")(over),
    ]);
    expect(isConserved(box.stats)).toBe(true);
  });

  it("is drained when nothing waits and nothing is on its way, or the time is up", async () => {
    const { outbox: box, writer, clock, entries } = outbox({ batchSize: 1 });
    expect(await box.drained(1000)).toBe(true);
    void box.add(entries.make());
    void box.add(entries.make());
    const drained = box.drained(1000);
    await turn();
    await writer.release();
    await writer.release();
    expect(await drained).toBe(true);
    expect(clock.pending).toBe(0);
    void box.add(entries.make());
    const late = box.drained(1000);
    await clock.advance(1000);
    expect(await late).toBe(false);
  });

  it("hands out what is not durable when the process ends, and says so to who waits for it", async () => {
    const { outbox: box, writer, entries } = outbox({ batchSize: 2 });
    const made = entries.many(5);
    const results = made.map((entry) => box.add(entry));
    await turn();
    const taken: NewEntry[][] = [];
    const take = (rest: readonly NewEntry[]) => {
      taken.push([...rest]);
      return "spill" as const;
    };
    expect(box.dump(take)).toBe(5);
    expect(taken).toEqual([made]);
    expect(await Promise.all(results)).toEqual(answers("spill")(made));
    expect(isConserved(box.stats)).toBe(true);
    await writer.release(); // what was on its way may arrive after all
    expect(box.stats).toEqual({ enqueued: 5, written: 2, dropped: 0, size: 0, inFlight: 0, dumped: 3 });
    expect(box.dump(take)).toBe(0);
    expect(taken).toHaveLength(1);
  });

  it("loses count of nothing, whatever happens in whatever order", async () => {
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ do: fc.constant("add" as const), count: fc.integer({ min: 1, max: 8 }) }),
      },
      { weight: 3, arbitrary: fc.constant({ do: "release" as const }) },
      { weight: 2, arbitrary: fc.constant({ do: "turn" as const }) },
      { weight: 1, arbitrary: fc.constant({ do: "dump" as const }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { maxLength: 30 }),
        async (capacity, batchSize, flights, steps) => {
          const { outbox: box, writer, entries } = outbox({ capacity, batchSize, flights: () => flights });
          const pending: Promise<CaptureResult>[] = [];
          const ids: string[] = [];
          let wasDumped = 0;
          for (const each of steps) {
            if (each.do === "add") {
              for (const entry of entries.many(each.count)) {
                ids.push(entry.id);
                pending.push(box.add(entry));
                expect(isConserved(box.stats)).toBe(true);
              }
            } else if (each.do === "release") await writer.release();
            else if (each.do === "turn") await turn();
            else wasDumped += box.dump(() => "spill") > 0 ? 1 : 0;
            expect(isConserved(box.stats)).toBe(true);
            expect(box.stats.size).toBeLessThanOrEqual(capacity);
          }
          while (!(await Promise.race([box.drained(1), turn().then(() => false)]))) await writer.release();
          await turn();
          const results = await Promise.all(pending);
          expect(results.map((result) => (result.captured ? result.id : undefined))).toEqual(ids);
          expect(box.stats).toMatchObject({ enqueued: ids.length, size: 0, inFlight: 0 });
          if (wasDumped === 0) expect(box.stats.dumped).toBe(0);
        },
      ),
      { numRuns: runs(60) },
    );
  });
});
