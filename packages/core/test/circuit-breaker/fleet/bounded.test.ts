import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { bounded } from "../../../src/circuit-breaker/fleet/bounded.js";
import { errorOf, turn } from "../../runtime.js";

/** Work that ends when it is told to. */
function open<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((fulfil, fail) => {
    resolve = fulfil;
    reject = fail;
  });
  return { promise, resolve, reject };
}

describe("what waits for the store", () => {
  it("has its answer, or its error, and leaves no timer behind", async () => {
    const clock = createFakeClock();
    await expect(bounded(clock, 100, Promise.resolve(1))).resolves.toBe(1);
    expect(await errorOf(bounded(clock, 100, Promise.reject(new Error("down"))))).toMatchObject({
      message: "down",
    });
    expect(clock.pending).toBe(0);
  });

  it("waits no longer than it may, and hands on what comes too late", async () => {
    const clock = createFakeClock();
    const work = open<number>();
    const late: number[] = [];
    const waiting = errorOf(bounded(clock, 100, work.promise, { late: (value) => late.push(value) }));
    await clock.advance(100);
    expect(await waiting).toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
    work.resolve(7);
    await turn();
    expect(late).toEqual([7]);
  });

  it("takes an error that comes too late for none", async () => {
    const clock = createFakeClock();
    const work = open<number>();
    const waiting = errorOf(bounded(clock, 100, work.promise));
    await clock.advance(100);
    await waiting;
    work.reject(new Error("later"));
    await turn();
    expect(clock.pending).toBe(0);
  });

  it("reads first what came while the process was stopped", async () => {
    const clock = createFakeClock();
    let stopped = 0;
    // After a stop the timer fires first, and what has arrived is read after that.
    const held = { ...copy(clock), monotonic: () => clock.monotonic() + stopped };
    const work = open<string>();
    const waiting = bounded(held, 100, work.promise);
    stopped = 5000;
    await clock.advance(100);
    work.resolve("was there");
    await expect(waiting).resolves.toBe("was there");
    const nothing = errorOf(bounded(held, 100, open().promise));
    stopped = 10_000;
    await clock.advance(200);
    expect(await nothing).toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
  });
});

function copy(clock: ReturnType<typeof createFakeClock>) {
  return {
    now: () => clock.now(),
    setTimeout: (callback: () => void, delay: number) => clock.setTimeout(callback, delay),
    clearTimeout: (handle: unknown) => clock.clearTimeout(handle),
  };
}
