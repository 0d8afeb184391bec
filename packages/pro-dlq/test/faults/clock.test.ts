import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { ClaimRecord } from "../../src/entry/entry.js";
import { violations } from "../crash/checker.js";
import { mapContent } from "../crash/map-content.js";
import { stateKeyOf, storedState } from "../store/state.js";
import { HOUR, type Host, NAME, Site } from "./host.js";

const DAY = 24 * HOUR;
/** Nobody has it: Linux gives no numbers above 2^22. */
const NOBODY = 2 ** 22 + 1;

jest.setTimeout(30_000);

let site: Site;
beforeEach(() => {
  site = new Site();
});
afterEach(() => site[Symbol.asyncDispose]());

/** A handler that waits until it is told to go on. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

async function statuses({ queue }: Host): Promise<Record<string, number>> {
  return (await queue.stats()).byStatus;
}

describe.each([
  ["memory", false],
  ["the embedded store", true],
])("a wall clock that is set, with entries in %s", (_, isEmbedded) => {
  it.each([
    ["back an hour", -HOUR],
    ["forward a day", DAY],
  ])("%s loses, hides and repeats nothing", async (_step, step) => {
    const host = await site.start({ isEmbedded });
    const before = await host.store(5);
    host.clock.set(host.clock.now() + step);
    const after = await host.store(5);
    await host.passes(16 * 60_000); // every job of maintenance runs
    const all = [...before, ...after];
    expect([...all].sort()).toEqual(all); // the order in which they were made
    expect((await host.queue.list()).items.map(({ id }) => id)).toEqual([...all].reverse());
    expect((await host.during(host.queue.replayBatch({ name: NAME }))).successCount).toBe(10);
    expect(host.runs.toSorted()).toEqual(all);
    await host.passes(60_000);
    expect(await statuses(host)).toEqual({ resolved: 10 });
    const content = mapContent(host.map.read((reader) => reader.range({ from: "", to: "\x7f" })));
    expect(violations({ acknowledged: all, journal: [], content, budget: 2 }).filter(isNoJournal)).toEqual(
      [],
    );
  });

  it("back an hour leaves a claim to its owner, however often the others look", async () => {
    const { opened, open } = gate();
    const host = await site.start({ isEmbedded, handler: () => opened });
    await host.store(1);
    const replay = host.queue.replayBatch({ name: NAME });
    await host.passes(100);
    host.clock.set(host.clock.now() - HOUR);
    await host.passes(2 * 60_000);
    open();
    expect((await host.during(replay)).successCount).toBe(1);
    expect(host.runs).toHaveLength(1);
    expect(host.telemetry.named("dlq.stale_released")).toEqual([]);
  });

  it("back an hour does not keep the claim of a process that is gone", async () => {
    const { opened, open } = gate();
    const host = await site.start({ isEmbedded, handler: () => opened });
    const [id = ""] = await host.store(1);
    void host.queue.replayBatch({ name: NAME });
    await host.during(Promise.resolve());
    while (storedState(host.map, id).status !== "replaying") await host.passes(1);
    const { owner } = storedState(host.map, id).claim as ClaimRecord;
    // As another process would have left it.
    const other = `${NOBODY}-0123456789abcdef`;
    await host.during(
      host.map.write((writer) => {
        const key = stateKeyOf(host.map, id);
        writer.put(key, (writer.get(key) as string).replaceAll(owner, other));
        writer.put(
          `dlq/owner/${other}`,
          (writer.get(`dlq/owner/${owner}`) as string).replace(/"pid":\d+/, `"pid":${NOBODY}`),
        );
      }),
    );
    host.clock.set(host.clock.now() - HOUR);
    await host.passes(31_000);
    await host.during(host.store(1));
    expect(storedState(host.map, id)).toMatchObject({ status: "pending", releasedFromStale: true });
    open();
  });

  it("forward a day settles each entry once within its budget, and tells of a claim that it cost", async () => {
    const { opened, open } = gate();
    const host = await site.start({ isEmbedded, handler: () => opened });
    const [id = ""] = await host.store(1);
    const replay = host.queue.replayBatch({ name: NAME });
    await host.passes(100);
    while (host.runs.length === 0) await host.passes(1);
    host.clock.set(host.clock.now() + DAY);
    await host.passes(31_000);
    open();
    await host.during(replay);
    await host.during(host.queue.replayBatch({ name: NAME }));
    expect(storedState(host.map, id)).toMatchObject({ status: "resolved" });
    const lost = host.telemetry.named("dlq_replay.claim_lost").length;
    expect(host.runs).toHaveLength(1 + lost);
    expect(lost).toBeLessThanOrEqual(1);
  });
});

const isNoJournal = (what: string) => !what.includes("no handler did it");
