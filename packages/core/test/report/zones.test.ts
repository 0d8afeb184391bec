import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Bundle } from "../bundle.js";

let bundle: Bundle;
beforeAll(async () => {
  bundle = await Bundle.of(new URL("../../src/report/day.ts", import.meta.url));
});
afterAll(() => bundle[Symbol.dispose]());

/** Days, hours of the day and places of moments, to a process in a time zone. */
function seen(zone: string, moments: readonly string[]): unknown[] {
  const script = `const { DAY, dateOf, placeOf, timeOf } = require(${JSON.stringify(bundle.path)});
    const days = ${JSON.stringify(moments)}.map((moment) => {
      const date = dateOf(Date.parse(moment));
      return [date, new Date(timeOf(date)).toISOString(), placeOf(date) !== placeOf(dateOf(timeOf(date) - DAY))];
    });
    console.log(JSON.stringify(days));`;
  const { stdout } = spawnSync(process.execPath, ["-e", script], { env: { TZ: zone }, encoding: "utf8" });
  return JSON.parse(stdout) as unknown[];
}

describe("a day of reports", () => {
  it.each([
    "UTC",
    "Pacific/Kiritimati", // 14 hours ahead
    "Pacific/Pago_Pago", // 11 hours behind
    "Europe/Berlin", // puts its clocks forward on 29 March, back on 25 October
    "America/St_Johns",
  ])("is one of UTC in %s too, when clocks are put forward or back", (zone) => {
    const moments = [
      "2026-03-10T00:00:00.000Z",
      "2026-03-10T23:59:59.999Z",
      "2026-03-29T00:59:59.999Z",
      "2026-03-29T01:00:00.000Z",
      "2026-03-29T23:59:59.999Z",
      "2026-10-25T00:30:00.000Z",
      "2026-10-25T23:59:59.999Z",
      "2026-12-31T23:59:59.999Z",
    ];
    expect(seen(zone, moments)).toEqual(
      moments.map((moment) => {
        const date = moment.slice(0, 10);
        return [date, `${date}T00:00:00.000Z`, true];
      }),
    );
  });
});
