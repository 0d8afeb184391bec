import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { violations } from "../crash/checker.js";
import { mapContent } from "../crash/map-content.js";
import { stateKeyOf } from "../store/state.js";
import { type Host, NAME, Site } from "./host.js";

jest.setTimeout(30_000);

let site: Site;
beforeEach(() => {
  site = new Site();
});
afterEach(() => site[Symbol.asyncDispose]());

const everything = { from: "", to: "\x7f" };
const write = (host: Host, key: string, text: string) =>
  host.during(host.map.write((writer) => writer.put(key, text)));
const read = (host: Host, key: string) => host.map.read((reader) => reader.get(key));

/** The counts and the index are those of the entries. */
function expectConsistent(host: Host): void {
  const pairs = host.map.read((reader) => reader.range(everything));
  const content = mapContent(pairs.filter(([key]) => !key.includes("quarantine")));
  const found = violations({ acknowledged: [], journal: [], content, budget: 2 });
  expect(found.filter((what) => /count|orphan|missing/.test(what))).toEqual([]);
}

type Part = "record" | "state";
const DAMAGES: readonly (readonly [what: string, part: Part, damage: (text: string) => string])[] = [
  ["empty", "record", () => ""],
  ["no record at all", "record", () => "\u0000\u0001kaputt"],
  ["a half of itself", "record", (text) => text.slice(0, text.length / 2)],
  ["without its body", "record", (text) => text.slice(0, text.indexOf("\n"))],
  ["something else in JSON", "record", () => "[]\n[]"],
  ["with a count that is none", "state", (text) => text.replace('"retryCount":0', '"retryCount":"0"')],
  ["without half of its state", "state", (text) => text.slice(0, text.length / 2)],
  ["with an empty state", "state", () => ""],
  ["with a claim of nobody", "state", (text) => text.replace("}", ',"claim":null}')],
];

describe.each([
  ["memory", false],
  ["the embedded store", true],
])("a damaged entry in %s", (_, isEmbedded) => {
  it.each(DAMAGES)(
    "that is %s is put aside with one event, and the others are served",
    async (_what, part, damage) => {
      const host = await site.start({ isEmbedded });
      const ids = await host.store(5);
      const damaged = ids[2] as string;
      const key = part === "state" ? stateKeyOf(host.map, damaged) : `dlq/entry/${damaged}`;
      await write(host, key, damage(read(host, key) as string));
      const text = read(host, `dlq/entry/${damaged}`);
      const rest = ids.filter((id) => id !== damaged);
      const page = await host.queue.list({ limit: 4 });
      expect(page.items.map(({ id }) => id).sort()).toEqual(rest);
      await expect(host.queue.get(damaged)).resolves.toBeUndefined();
      await host.during(host.queue.list().then(() => host.store(1)));
      expect(host.telemetry.named("dlq.entry_quarantined").map(({ payload }) => payload)).toEqual([
        expect.objectContaining({ id: damaged }),
      ]);
      expect(read(host, `dlq/quarantine/${damaged}`)).toBe(text);
      expect((await host.queue.stats()).total).toBe(5);
      const { successCount } = await host.during(host.queue.replayBatch({ name: NAME }));
      expect(successCount).toBe(5);
      expect(host.runs).not.toContain(damaged);
      expectConsistent(host);
    },
  );

  it("neither ends a sweep that meets it nor keeps new ones out when it is to make room", async () => {
    const env = { DLQ_MAX_SIZE: "1000", DLQ_MAX_SIZE_PER_DOMAIN: "100" };
    const host = await site.start({ isEmbedded, env });
    const [oldest] = await host.store(100);
    await write(host, `dlq/entry/${oldest}`, "kaputt");
    const results = await host.store(10);
    expect(results).toHaveLength(10);
    expect(host.telemetry.named("dlq.store_failed")).toEqual([]);
    expect((await host.queue.stats()).open).toBe(100);
    const { successCount } = await host.during(host.queue.sweep(NAME, { maxItems: 1000 }));
    expect(successCount).toBe(100);
    expectConsistent(host);
  });

  it("does not keep the archived ones beside it from being purged", async () => {
    const host = await site.start({ isEmbedded });
    const ids = await host.store(3);
    await host.during(host.queue.replayBatch({ name: NAME }));
    await host.during(host.queue.archive({ olderThan: 0 }));
    await write(host, `dlq/entry/${ids[0]}`, "kaputt");
    await expect(host.during(host.queue.purge({ ids }))).resolves.toBe(2);
  });
});

describe.each([
  ["memory", false],
  ["the embedded store", true],
])("a state without its record in %s", (_, isEmbedded) => {
  const remove = (host: Host, key: string) => host.during(host.map.write((writer) => writer.delete(key)));

  it("is put aside by whoever comes across it, told once, and counts no more", async () => {
    const host = await site.start({ isEmbedded });
    const ids = await host.store(5);
    await remove(host, `dlq/entry/${ids[1]}`);
    const page = await host.queue.list({ status: "pending", limit: 4 });
    expect(page.items).toHaveLength(4);
    await host.store(1); // behind what puts it aside
    await host.queue.list({ status: "pending" });
    expect(host.telemetry.named("dlq.entry_quarantined")).toHaveLength(1);
    expect((await host.queue.stats()).open).toBe(5);
    expectConsistent(host);
  });

  it("neither takes the place of a new entry nor floods the events when room is made", async () => {
    const env = { DLQ_MAX_SIZE: "1000", DLQ_MAX_SIZE_PER_DOMAIN: "100" };
    const host = await site.start({ isEmbedded, env });
    const ids = await host.store(100);
    for (const id of ids.slice(0, 60)) await remove(host, `dlq/entry/${id}`);
    await host.store(10);
    await host.store(90);
    expect((await host.queue.stats()).open).toBe(100);
    expect(host.telemetry.named("dlq.entry_quarantined").length).toBeLessThanOrEqual(60);
    expectConsistent(host);
  });

  it("is stepped over, however many there are", async () => {
    const host = await site.start({ isEmbedded });
    const ids = await host.store(3000);
    await host.during(
      host.map.write((writer) => {
        for (const id of ids.slice(0, -1)) writer.delete(`dlq/entry/${id}`);
      }),
    );
    expect((await host.queue.list({ status: "pending", limit: 1 })).items).toHaveLength(1);
    expect((await host.queue.stats()).oldestOpenAt).toBeDefined();
  });
});

describe("a damaged record of another kind", () => {
  it.each([
    ["counts of a group", "dlq/group/0"],
    ["totals", "dlq/totals"],
  ])("is counted anew where it holds the %s", async (_, key) => {
    for (const text of ["kaputt", "{}", ""]) {
      const host = await site.start({ isEmbedded: true });
      const before = (await host.queue.stats()).total;
      await host.store(3);
      await write(host, key, text);
      expect((await host.queue.list()).total).toBe(before + 3);
      await host.store(2);
      expect((await host.during(host.queue.replayBatch({ name: NAME }))).successCount).toBe(5);
      expectConsistent(host);
      await site.stop(host);
    }
  });

  it("is as good as absent where it holds an owner, a lease or a summary", async () => {
    const host = await site.start();
    await host.store(3);
    for (const text of ["kaputt", "{}", "null", "[]"]) {
      await write(host, "dlq/owner/1-0000000000000000", text);
      await write(host, `dlq/lease/${encodeURIComponent(`sweep/${NAME}`)}`, text);
      await write(host, "dlq/summary/x", text);
      await host.passes(60_000);
      const { inflightSkipped } = await host.during(host.queue.sweep(NAME, { maxItems: 1 }));
      expect({ text, inflightSkipped }).toEqual({ text, inflightSkipped: false });
      await host.queue.summaries();
    }
    expect(host.runs).toHaveLength(3);
    expect(host.telemetry.named("dlq.maintenance_failed")).toEqual([]);
    expect(host.telemetry.named("dlq_replay.automation_failed")).toEqual([]);
  });
});
