import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { initialMode, type ModeInput, type ModeState, transition } from "../../src/storage/mode.js";
import { runs } from "../runtime.js";

const state = (mode: ModeState["mode"], recovery = 1): ModeState => ({ mode, since: 100, recovery });
const LOST: ModeInput = { kind: "lost" };
const ANSWERS: ModeInput = { kind: "answers" };
const recovered = (recovery: number): ModeInput => ({ kind: "recovered", recovery });
const failed = (recovery: number): ModeInput => ({ kind: "failed", recovery });

describe("the mode of the storage", () => {
  it.each<[ModeState, ModeInput, Partial<ModeState>, string | undefined]>([
    [state("normal"), LOST, { mode: "degraded", since: 500, recovery: 1 }, "degraded"],
    [state("normal"), ANSWERS, state("normal"), undefined],
    [state("normal"), recovered(1), state("normal"), undefined],
    [state("normal"), failed(1), state("normal"), undefined],
    [state("degraded"), LOST, state("degraded"), undefined],
    [state("degraded"), ANSWERS, { mode: "recovering", since: 100, recovery: 2 }, "recovering"],
    [state("degraded"), recovered(1), state("degraded"), undefined],
    [state("degraded"), failed(1), state("degraded"), undefined],
    [state("recovering"), LOST, state("degraded"), "recovery_failed"],
    [state("recovering"), ANSWERS, state("recovering"), undefined],
    [state("recovering"), recovered(1), { mode: "normal", since: 500, recovery: 1 }, "recovered"],
    [state("recovering"), recovered(0), state("recovering"), undefined],
    [state("recovering"), failed(1), state("degraded"), "recovery_failed"],
    [state("recovering"), failed(0), state("recovering"), undefined],
  ])("%j on %j becomes %j", (before, input, after, change) => {
    expect(transition(before, input, 500)).toEqual({ state: after, change });
  });

  it("begins normal, and is so again only by the recovery that is under way", () => {
    const inputs = fc.array(
      fc.oneof(
        fc.constantFrom(LOST, ANSWERS),
        fc.nat({ max: 5 }).map(recovered),
        fc.nat({ max: 5 }).map(failed),
      ),
    );
    const property = fc.property(inputs, (all) => {
      let [now, current] = [0, initialMode(0)];
      for (const input of all) {
        const { state: next, change } = transition(current, input, ++now);
        const isBack = current.mode !== "normal" && next.mode === "normal";
        expect(isBack).toBe(change === "recovered");
        if (isBack) expect(input).toEqual(recovered(current.recovery));
        if (current.mode !== "normal" && !isBack) expect(next.since).toBe(current.since);
        current = next;
      }
    });
    fc.assert(property, { numRuns: runs(300) });
  });
});
