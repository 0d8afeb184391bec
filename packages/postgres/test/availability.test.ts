import { createFakeClock } from "@baldur/testkit";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { Availability } from "../src/availability.js";
import { waitBefore } from "../src/backoff.js";
import { CLOSED, type Failure, TIMEOUT } from "../src/failure.js";

const clock = createFakeClock();
let isThere: boolean;
let probes: number;
let changes: (Failure | undefined)[];
let availability: Availability;
beforeEach(() => {
  [isThere, probes, changes] = [true, 0, []];
  availability = new Availability({
    clock,
    random: () => 0.5,
    failureOf: () => TIMEOUT,
    probe: async () => {
      probes++;
      if (!isThere) throw new Error("away");
    },
    onChange: (failure) => changes.push(failure),
  });
});

/** Milliseconds until the next probe. */
async function nextProbe(): Promise<number> {
  const [from, before] = [clock.monotonic(), probes];
  while (probes === before) await clock.advance(1);
  return clock.monotonic() - from;
}

describe("whether a database is there", () => {
  it("is looked for later and later while it is not, until it is", async () => {
    isThere = false;
    availability.lost(CLOSED);
    const waits: number[] = [];
    for (let probe = 0; probe < 8; probe++) waits.push(await nextProbe());
    expect(waits).toEqual([38, 75, 150, 300, 600, 1200, 1500, 1500]);
    isThere = true;
    await nextProbe();
    expect([changes, availability.failure]).toEqual([[CLOSED, undefined], undefined]);
    expect(clock.pending).toBe(0);
  });

  it("is not doubted for an oddity that a look does not confirm", async () => {
    await availability.look();
    expect([changes, probes]).toEqual([[], 1]);
  });

  it("is looked for once at a time, however many ask", async () => {
    isThere = false;
    await Promise.all([availability.look(), availability.look(), availability.look()]);
    availability.lost(CLOSED);
    expect([changes, probes, clock.pending]).toEqual([[TIMEOUT], 1, 1]);
    availability.close();
    expect(clock.pending).toBe(0);
  });

  it("is of no interest once it is closed", async () => {
    availability.close();
    availability.lost(CLOSED);
    await availability.look();
    expect([changes, probes, clock.pending]).toEqual([[], 0, 0]);
  });
});

describe("the wait before a probe", () => {
  it("is half chance, and has an end", () => {
    expect([waitBefore(0, () => 0), waitBefore(0, () => 1)]).toEqual([25, 50]);
    expect([waitBefore(1e6, () => 0), waitBefore(1e6, () => 1)]).toEqual([1000, 2000]);
  });
});
