import { AdapterError } from "@baldur/core";
import { describe, expect, it } from "@jest/globals";
import type { Added, Engine, Filed } from "../../src/store/fleet/engine.js";
import { FleetDlqStore } from "../../src/store/fleet/store.js";
import { turn } from "../queue/runtime.js";
import { Entries, ROOMY } from "./entries.js";

const AT_A_TIME = 10;
const ADDED: Added = { isFull: false, known: new Set(), excess: new Map() };

/** Answers additions when it is told to. */
class SlowEngine {
  readonly asked: (readonly Filed[])[] = [];
  readonly #held: { answer: (added: Added) => void; fail: (error: Error) => void }[] = [];

  readonly store = new FleetDlqStore(
    {
      largest: { entries: AT_A_TIME, bytes: 1e6 },
      flights: 2,
      add: (entries: readonly Filed[]) => {
        this.asked.push(entries);
        return new Promise<Added>((answer, fail) => this.#held.push({ answer, fail }));
      },
    } as unknown as Engine,
    { onCorrupt: () => undefined },
  );

  get sizes(): number[] {
    return this.asked.map((entries) => entries.length);
  }

  async answer(answer: Added | Error = ADDED): Promise<void> {
    const held = this.#held.shift();
    if (answer instanceof Error) held?.fail(answer);
    else held?.answer(answer);
    await turn();
  }
}

describe("an addition of more entries than go at a time", () => {
  it("has as many parts under way as the server takes, in order", async () => {
    const engine = new SlowEngine();
    const made = new Entries().many(35);
    const added = engine.store.add(made, ROOMY, () => false);
    await turn();
    expect(engine.sizes).toEqual([10, 10]);
    await engine.answer();
    expect(engine.sizes).toEqual([10, 10, 10]);
    for (let n = 0; n < 3; n++) await engine.answer();
    expect(engine.asked.flat().map(({ id }) => id)).toEqual(made.map(({ id }) => id));
    expect((await added).outcomes).toEqual(made.map(() => "added"));
  });

  it("says of each part what was known in it", async () => {
    const engine = new SlowEngine();
    const made = new Entries().many(12);
    const twice = [...made, made[3]] as typeof made;
    const added = engine.store.add(twice, ROOMY, () => false);
    await turn();
    await engine.answer({ ...ADDED, known: new Set([made[1]?.id as string]) });
    await engine.answer({ ...ADDED, known: new Set([made[11]?.id as string]) });
    const { outcomes } = await added;
    const known = outcomes.flatMap((outcome, place) => (outcome === "known" ? [place] : []));
    expect(known).toEqual([1, 11, 12]);
  });

  it("rejects when one part failed, begins no other, and ends when none is under way", async () => {
    const engine = new SlowEngine();
    let hasEnded = false;
    const ended = engine.store
      .add(new Entries().many(50), ROOMY, () => false)
      .finally(() => {
        hasEnded = true;
      });
    const rejected = expect(ended).rejects.toThrow("away");
    await turn();
    await engine.answer(new AdapterError("away"));
    expect(hasEnded).toBe(false);
    await engine.answer();
    await rejected;
    expect(engine.sizes).toEqual([10, 10]);
  });

  it("asks for one part after the other where what has no room is refused: the first ones get it", async () => {
    const engine = new SlowEngine();
    const added = engine.store.add(new Entries().many(15), { ...ROOMY, strategy: "reject" }, () => false);
    await turn();
    expect(engine.sizes).toEqual([10]);
    await engine.answer();
    expect(engine.sizes).toEqual([10, 5]);
    await engine.answer();
    expect((await added).outcomes).toHaveLength(15);
  });
});
