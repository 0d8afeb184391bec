import { describe, expect, it } from "@jest/globals";
import { Gatherer } from "../../src/store/gatherer.js";
import { turn } from "../queue/runtime.js";

/** Doubles numbers when it is let go. */
class SlowDoubler {
  readonly pieces: (readonly number[])[] = [];
  readonly #held: { go: () => void; fail: (error: Error) => void }[] = [];

  readonly work = async (items: readonly number[]): Promise<readonly number[]> => {
    this.pieces.push(items);
    await new Promise<void>((go, fail) => this.#held.push({ go, fail }));
    return items.map((item) => item * 2);
  };

  async release(error?: Error): Promise<void> {
    const piece = this.#held.shift();
    if (error === undefined) piece?.go();
    else piece?.fail(error);
    await turn();
  }
}

describe("a gatherer", () => {
  it("joins what is asked for in one turn, and hands each his part", async () => {
    const doubler = new SlowDoubler();
    const gatherer = new Gatherer(doubler.work);
    const asked = [gatherer.add([1, 2]), gatherer.add([]), gatherer.add([3])];
    await turn();
    expect(doubler.pieces).toEqual([[1, 2, 3]]);
    await doubler.release();
    expect(await Promise.all(asked)).toEqual([[2, 4], [], [6]]);
  });

  it("has no more pieces under way than it may, and joins what waits for them", async () => {
    const doubler = new SlowDoubler();
    const gatherer = new Gatherer(doubler.work, 2);
    const asked: Promise<readonly number[]>[] = [];
    for (const item of [1, 2, 3, 4]) {
      asked.push(gatherer.add([item]));
      await turn();
    }
    expect(doubler.pieces).toEqual([[1], [2]]);
    await doubler.release();
    expect(doubler.pieces).toEqual([[1], [2], [3, 4]]);
    await doubler.release();
    await doubler.release();
    expect(await Promise.all(asked)).toEqual([[2], [4], [6], [8]]);
  });

  it("gives what many ask for at once to as many pieces as may be under way", async () => {
    const doubler = new SlowDoubler();
    const gatherer = new Gatherer(doubler.work, 2);
    const asked = Array.from({ length: 61 }, (_, item) => gatherer.add([item]));
    await turn();
    expect(doubler.pieces.map((piece) => piece.length)).toEqual([31, 30]);
    await doubler.release();
    await doubler.release();
    expect((await Promise.all(asked)).flat()).toEqual(asked.map((_, item) => item * 2));
  });

  it("tells everybody of a piece that failed, and goes on with the next", async () => {
    const doubler = new SlowDoubler();
    const gatherer = new Gatherer(doubler.work, 1);
    const failed = [gatherer.add([1]), gatherer.add([2])];
    await turn();
    const next = gatherer.add([3]);
    await doubler.release(new Error("down"));
    for (const each of failed) await expect(each).rejects.toThrow("down");
    await doubler.release();
    expect(await next).toEqual([6]);
  });
});
