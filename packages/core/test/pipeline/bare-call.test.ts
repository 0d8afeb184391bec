import { describe, expect, it } from "@jest/globals";
import type { Call } from "../../src/call.js";
import { testRuntime } from "../runtime.js";

describe("what the function of a call without options receives", () => {
  it("has a signal for every read, so that listeners of different calls never meet", async () => {
    const { baldur } = testRuntime();
    const seen: Call[] = [];
    await baldur.protect("x", () => undefined); // the first call of a name may go the long way
    for (let n = 0; n < 2; n++) await baldur.protect("x", (call) => void seen.push(call));
    const [first, second] = seen.map(({ signal }) => signal);
    expect(first).not.toBe(second);
    expect([first?.aborted, second?.aborted]).toEqual([false, false]);
  });

  it("cannot carry anything from one call to the next", async () => {
    const { baldur } = testRuntime();
    await baldur.protect("x", () => undefined);
    const write = baldur.protect("x", (call) => Object.assign(call, { secret: 1 }));
    await expect(write).rejects.toThrow(TypeError);
    await baldur.protect("x", (call) => expect(call).toMatchObject({ name: "x", attempt: 1, context: {} }));
  });
});
