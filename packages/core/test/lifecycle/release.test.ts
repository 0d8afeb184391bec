import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { MemoryKeyValueStore } from "../../src/kv/stores/memory.js";
import { type Holding, release } from "../../src/lifecycle/release.js";
import type { Plugin } from "../../src/plugins/plugin.js";
import { type LeaderElector, leaderSlot } from "../../src/slots/leader.js";
import { testRuntime, turn } from "../runtime.js";

const never = new Promise<never>(() => undefined);

function bench() {
  const clock = createFakeClock();
  const told: unknown[] = [];
  const onFailed = (name: string, error: string): void => void told.push([name, error]);
  const close = (limit: number, holdings: readonly Holding[]) =>
    release({ clock, onFailed }, limit, holdings);
  return { clock, told, close };
}

describe("what a runtime holds", () => {
  it("is closed one after the other", async () => {
    const { close } = bench();
    const order: string[] = [];
    const holding = (name: string): Holding => ({
      name,
      close: async () => {
        order.push(`${name} begins`);
        await turn();
        order.push(`${name} ends`);
      },
    });
    expect(await close(1000, [holding("a"), holding("b")])).toEqual([]);
    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });

  it("has its turn within the time of all, whatever hangs or throws before it", async () => {
    const { clock, told, close } = bench();
    const limits: number[] = [];
    const hangs = (name: string): Holding => ({
      name,
      close: (limit) => {
        limits.push(limit);
        return never;
      },
    });
    const throws: Holding = {
      name: "c",
      close: () => {
        throw new Error("oops");
      },
    };
    const fine: Holding = { name: "d", close: (limit) => void limits.push(limit) };
    const closing = close(1000, [hangs("a"), hangs("b"), throws, fine]);
    await clock.advance(1000);
    expect(await closing).toEqual(["a", "b", "c"]);
    expect(limits).toEqual([500, 250, 125]);
    expect(told).toEqual([
      ["a", "it did not end within 500 ms"],
      ["b", "it did not end within 250 ms"],
      ["c", "oops"],
    ]);
    expect(clock.pending).toBe(0);
  });
});

/** Leads, and does not notice that it is told to stop. */
const leader: LeaderElector = {
  resource: "scheduler",
  state: "leader",
  isLeader: () => true,
  leader: () => undefined,
  fencingToken: () => undefined,
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
  start: async () => undefined,
  stop: () => never,
};

/** Keeps the state of the runtime in a store that takes nothing any more once it is stuck. */
function stuckStore() {
  const memory = new MemoryKeyValueStore();
  const store = Object.assign(Object.create(memory), {
    durable: true,
    write: (work: never) => (state.isStuck ? never : memory.write(work)),
    read: (work: never) => memory.read(work),
    close: () => (state.isStuck ? never : memory.close()),
  });
  const plugin: Plugin = {
    name: "store",
    register: ({ provider, fill }) => {
      provider("embedded", () => store);
      fill(leaderSlot, { kind: "test", elector: () => leader });
    },
  };
  const state = { isStuck: false, plugin };
  return state;
}

describe("a runtime whose store does not answer any more", () => {
  it.each([0, 50, 1000, 30_000])("is closed within its deadline and a moment: %i ms", async (deadline) => {
    const state = stuckStore();
    const { baldur, clock, telemetry } = testRuntime({
      plugins: [state.plugin],
      settings: { control: { backend: "embedded" } },
    });
    await baldur.start();
    state.isStuck = true;
    void baldur.control.disable({ actor: "ada", reason: "an incident" });
    await turn();
    const closing = baldur.close({ deadline });
    await clock.advance(deadline + 1000);
    const report = await closing;
    expect(report).toMatchObject({ clean: false, abandoned: ["control", "embedded store"] });
    expect(report.duration).toBeLessThanOrEqual(deadline + 500);
    expect(telemetry.named("journal.entries_dropped")).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it("is closed so too where a call takes all of the time, and a job hangs", async () => {
    const state = stuckStore();
    const { baldur, clock } = testRuntime({ plugins: [state.plugin] });
    await baldur.start();
    baldur.scheduler.add({ name: "stuck", every: 60_000, run: () => never });
    await clock.advance(60_000);
    state.isStuck = true;
    void baldur.protect("call", () => never);
    const closing = baldur.close({ deadline: 1000 });
    await clock.advance(3000);
    const { abandoned, duration } = await closing;
    expect(abandoned).toEqual(expect.arrayContaining(["call", "job stuck", "embedded store"]));
    expect(duration).toBeLessThanOrEqual(2000);
  });
});
