import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { lastDaily, nextDaily } from "../../src/scheduler/due.js";
import { Bundle } from "../bundle.js";

let bundle: Bundle;
beforeAll(async () => {
  bundle = await Bundle.of(new URL("../../src/scheduler/due.ts", import.meta.url));
});
afterAll(() => bundle[Symbol.dispose]());

/** The next so many times of day after a moment, in a time zone, in UTC. */
function next(zone: string, after: string, hour: number, minute: number, count: number): string[] {
  const script = `const { nextDaily } = require(${JSON.stringify(bundle.path)});
    let at = Date.parse(${JSON.stringify(after)});
    for (let n = 0; n < ${count}; n++) { at = nextDaily(at, { hour: ${hour}, minute: ${minute} }); console.log(new Date(at).toISOString()); }`;
  const { stdout } = spawnSync(process.execPath, ["-e", script], { env: { TZ: zone }, encoding: "utf8" });
  return stdout.trim().split("\n");
}

describe("a time of day", () => {
  it("is the local one", () => {
    expect(next("UTC", "2026-01-01T00:00:00Z", 9, 30, 2)).toEqual([
      "2026-01-01T09:30:00.000Z",
      "2026-01-02T09:30:00.000Z",
    ]);
    expect(next("Asia/Kolkata", "2026-01-01T00:00:00Z", 9, 30, 1)).toEqual(["2026-01-01T04:00:00.000Z"]);
    // Before the border of the UTC day, after that of the local one.
    expect(next("Pacific/Auckland", "2026-06-30T20:00:00Z", 9, 0, 1)).toEqual(["2026-06-30T21:00:00.000Z"]);
  });

  it("that clocks put forward skip comes an hour later, once", () => {
    expect(next("Europe/Berlin", "2026-03-28T12:00:00Z", 2, 30, 2)).toEqual([
      "2026-03-29T01:30:00.000Z", // 3:30 there
      "2026-03-30T00:30:00.000Z",
    ]);
  });

  it("that clocks put back repeat comes once", () => {
    expect(next("Europe/Berlin", "2026-10-24T12:00:00Z", 2, 30, 2)).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-26T01:30:00.000Z",
    ]);
  });

  it("comes at the turn of a year, and on a day that only some years have", () => {
    expect(next("UTC", "2027-12-31T23:59:00Z", 0, 0, 1)).toEqual(["2028-01-01T00:00:00.000Z"]);
    expect(next("UTC", "2028-02-28T23:00:00Z", 22, 0, 1)).toEqual(["2028-02-29T22:00:00.000Z"]);
  });

  it("comes next after a moment and last up to it, with nothing between", () => {
    const moment = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2030, 0, 1) });
    fc.assert(
      fc.property(moment, fc.nat(23), fc.nat(59), (now, hour, minute) => {
        const [last, following] = [lastDaily(now, { hour, minute }), nextDaily(now, { hour, minute })];
        expect(last).toBeLessThanOrEqual(now);
        expect(following).toBeGreaterThan(now);
        expect(following - last).toBeLessThanOrEqual(25 * 3_600_000);
        expect(nextDaily(last, { hour, minute })).toBe(following);
      }),
    );
  });
});
