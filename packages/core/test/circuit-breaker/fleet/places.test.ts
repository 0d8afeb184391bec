import type { FakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { CircuitOpenError } from "../../../src/circuit-breaker/errors.js";
import { turn } from "../../runtime.js";
import { type Running, TestFleet } from "./fixture.js";

const LIMIT = 3;
const BY_ANA = { actor: "ana", reason: "maintenance" };
/** More than one call needs. */
const READINGS = Array.from({ length: 8 }, (_, reading) => reading);

const begin = (fleet: TestFleet, member: number, count: number): Running[] =>
  Array.from({ length: count }, () => fleet.begin(member));
const started = (calls: readonly Running[]): number => calls.filter((call) => call.started).length;

/** What is over in a millisecond. */
const WAITS = {
  "a wait is over": async (fleet: TestFleet): Promise<void> => {
    await fleet.fail(0);
    await fleet.clock.advance(999);
  },
  "a pin ends": async (fleet: TestFleet): Promise<void> => {
    const { baldur } = fleet.get(0);
    await baldur.circuit("db").forceOpen({ ...BY_ANA, ttl: 60_000 });
    await fleet.clock.advance(59_999);
  },
};

/** So many more readings are of this millisecond, and the others of the next one. */
function passAfter(clock: FakeClock, readings: number): void {
  const now = clock.monotonic();
  let left = readings;
  clock.monotonic = () => (left-- > 0 ? now : now + 1);
}

/** The clock goes on as it does. */
function goOn(clock: FakeClock): Promise<void> {
  Reflect.deleteProperty(clock, "monotonic");
  return clock.advance(1);
}

describe("the places of a fleet's probes", () => {
  describe.each(Object.entries(WAITS))("when %s", (_, begun) => {
    it.each(READINGS)("are asked for, if that is so after %i readings of a call", async (reading) => {
      const fleet = await TestFleet.of(2);
      await begun(fleet);
      passAfter(fleet.clock, reading);
      const calls = begin(fleet, 0, 1);
      await turn();
      await goOn(fleet.clock);
      calls.push(...begin(fleet, 1, LIMIT));
      await turn();
      expect(started(calls)).toBe(LIMIT);
    });
  });

  it.each(READINGS)("are asked for by who cannot wait, if it is due after %i readings", async (reading) => {
    const fleet = await TestFleet.of(2);
    await fleet.fail(0);
    await fleet.clock.advance(999);
    passAfter(fleet.clock, reading);
    expect(() => fleet.get(0).baldur.circuit("db").acquire()).toThrow(CircuitOpenError);
    expect(fleet.get(0).baldur.circuit("db").state).toBe("open");
  });

  it("are not made by a process that is told of a closed circuit when it is half-open again", async () => {
    const fleet = await TestFleet.of(2, { recoveryTimeout: 100, successThreshold: 1 });
    await fleet.fail(0);
    await fleet.clock.advance(100);
    fleet.get(0).connection.latency = (what) => ({ message: 300, question: 1, answer: 500 })[what];
    const late = begin(fleet, 0, 1);
    await fleet.succeed(1);
    await fleet.clock.advance(1);
    await fleet.fail(1);
    await fleet.clock.advance(100);
    const calls = begin(fleet, 1, LIMIT);
    await turn();
    await fleet.clock.advance(500);
    expect(fleet.states()).toEqual(["half_open", "half_open"]);
    expect(started([...late, ...calls])).toBe(LIMIT);
  });

  it("are not made by a process that is told of a pin when it is lifted", async () => {
    const fleet = await TestFleet.of(2, { recoveryTimeout: 100 });
    await fleet.fail(0);
    await fleet.clock.advance(100);
    fleet.get(0).connection.latency = (what) => ({ message: 300, question: 1, answer: 500 })[what];
    const late = begin(fleet, 0, 1);
    await fleet.get(1).baldur.circuit("db").forceOpen(BY_ANA);
    await fleet.clock.advance(1);
    await fleet.get(1).baldur.circuit("db").auto(BY_ANA);
    const calls = begin(fleet, 1, LIMIT);
    await turn();
    await fleet.clock.advance(500);
    expect(started([...late, ...calls])).toBe(LIMIT);
  });

  it("are kept when what an operator lifted elsewhere is told while they are taken", async () => {
    const fleet = await TestFleet.of(2, { recoveryTimeout: 100 });
    await fleet.get(0).baldur.circuit("db").forceOpen(BY_ANA);
    fleet.get(0).connection.away(true);
    await fleet.get(1).baldur.circuit("db").auto(BY_ANA);
    await fleet.clock.advance(10);
    await fleet.get(0).baldur.circuit("db").auto(BY_ANA);
    const calls = begin(fleet, 1, LIMIT);
    await turn();
    fleet.get(0).connection.away(false);
    await fleet.clock.advance(2500);
    calls.push(...begin(fleet, 0, LIMIT), ...begin(fleet, 1, LIMIT));
    await turn();
    expect(started(calls)).toBe(LIMIT);
  });

  it("are not given back for probes of a circuit that was forgotten and made again meanwhile", async () => {
    const fleet = await TestFleet.of(2, { recoveryTimeout: 100, maxBreakers: 1 });
    const { baldur } = fleet.get(0);
    await fleet.fail(0);
    await fleet.clock.advance(100);
    expect(() => baldur.circuit("db").acquire()).toThrow(CircuitOpenError);
    await turn();
    const early = baldur.circuit("db").acquire();
    const [bad] = begin(fleet, 1, 1);
    await turn();
    await bad?.fail();
    await fleet.clock.advance(100);
    await fleet.succeed(0, "mail");
    const calls = begin(fleet, 0, 1);
    await turn();
    early.success();
    await turn();
    const [record] = await fleet.server.store.load(["db"]);
    expect(started(calls)).toBe(1);
    expect(record?.probes.map(({ owner }) => owner)).toEqual(["member-0/2"]);
  });

  it("are not waited for where the store has lost the circuit and takes no writes", async () => {
    const fleet = await TestFleet.of(1);
    const { connection } = fleet.get(0);
    await fleet.fail(0);
    const full = (): Promise<never> => Promise.reject(new Error("OOM command not allowed"));
    Object.assign(connection, { publish: full, trip: full });
    fleet.server.forget();
    await fleet.clock.advance(1000);
    const [probe] = begin(fleet, 0, 1);
    await turn();
    expect(probe?.started).toBe(true);
  });

  it("are not the fleet's where too few have opened theirs", async () => {
    const fleet = await TestFleet.of(2, { fleetQuorum: 2 });
    fleet.get(0).connection.away(true);
    await fleet.fail(0);
    await fleet.clock.advance(1100);
    fleet.get(0).connection.away(false);
    const [probe] = begin(fleet, 0, 1);
    await turn();
    expect(probe?.started).toBe(true);
    expect(fleet.states()).toEqual(["half_open", "closed"]);
  });
});
