import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { FleetRow } from "../../../src/circuit-breaker/merge.js";
import { beginningOf, type CircuitRecord, decode, encode } from "../../../src/circuit-breaker/record.js";
import {
  acquireProbe,
  type Change,
  endProbe,
  publish,
  trip,
} from "../../../src/circuit-breaker/record-transition.js";
import { runs } from "../../runtime.js";

const LIMIT = 2;
const TTL = 100;
const WAIT = 200;
const INSTANCES = ["a", "b", "c"];

const rowAt = (now: number, change: Partial<FleetRow>): FleetRow => ({
  name: "db",
  epoch: 0,
  unconfirmed: true,
  state: "closed",
  since: now,
  openUntil: 0,
  trigger: "failures",
  by: "a",
  pinned: 0,
  ...change,
});
const openAt = (now: number, change: Partial<FleetRow> = {}): FleetRow =>
  rowAt(now, { state: "open", openUntil: now + WAIT, ...change });

const step = fc.record({
  kind: fc.constantFrom("trip", "acquire", "success", "failure", "neutral", "publish", "lose"),
  instance: fc.constantFrom(...INSTANCES),
  of: fc.nat(30),
  wait: fc.nat(80),
  quorum: fc.integer({ min: 1, max: 3 }),
  behind: fc.constantFrom(0, 0, 1),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface World {
  record: CircuitRecord | undefined;
  leases: { owner: string; epoch: number; deadline: number; over: boolean }[];
  highest: number;
}

function change(world: World, { kind, instance, of, quorum, behind }: Step, now: number): Change<unknown> {
  const { record, leases } = world;
  const lease = leases[of % Math.max(1, leases.length)] ?? { owner: "nobody", epoch: 0 };
  const closed = rowAt(now, { trigger: "recovery" });
  switch (kind) {
    case "trip":
      return trip(record, openAt(now), { instance, until: now + WAIT, quorum }, now);
    case "acquire":
      return acquireProbe(
        record,
        { owner: `${now}/${leases.length}`, by: instance, limit: LIMIT, ttl: TTL },
        now,
      );
    case "success":
      return endProbe(record, lease, { how: "success", after: 2, row: closed }, now);
    case "failure":
      return endProbe(record, lease, { how: "failure", row: openAt(now) }, now);
    case "neutral":
      return endProbe(record, lease, { how: "neutral" }, now);
    case "publish":
      return publish(record, closed, (record?.epoch ?? 0) - behind, now);
    default:
      return { answer: undefined };
  }
}

describe("what becomes of a shared circuit", () => {
  it("keeps its promises through any history", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
        const world: World = { record: undefined, leases: [], highest: 0 };
        let now = 1000;
        for (const one of steps) {
          now += one.wait;
          // Whoever loses the data has a clock that goes on.
          if (one.kind === "lose") now = Math.max(now, world.highest) + 1;
          const before = world.record;
          const {
            answer,
            record = before,
            notBefore = 0,
            notAfter = Number.POSITIVE_INFINITY,
          } = change(world, one, now);
          expect(now).toBeGreaterThanOrEqual(notBefore);
          expect(now).toBeLessThan(notAfter);
          check(world, before, record, one, now);
          world.record = one.kind === "lose" ? undefined : record;
          if (world.record === undefined || world.record.state === "closed")
            for (const lease of world.leases) lease.over = true;
          world.highest = Math.max(world.highest, record?.epoch ?? 0);
          const granted = answer as { kind?: string; lease?: { owner: string; epoch: number } } | undefined;
          if (granted?.kind === "granted" && granted.lease !== undefined)
            world.leases.push({ ...granted.lease, deadline: now + TTL, over: false });
        }
      }),
      { numRuns: runs(300) },
    );
  });

  it("opens when enough instances say so, and a vote that is over says nothing", () => {
    const vote = (found: CircuitRecord | undefined, instance: string, now: number) =>
      trip(found, openAt(now), { instance, until: now + WAIT, quorum: 2 }, now);
    const first = vote(undefined, "a", 0);
    expect(first.answer.kind).toBe("voted");
    expect(vote(first.record, "a", 1).answer.kind).toBe("voted");
    expect(vote(first.record, "b", WAIT + 1).answer.kind).toBe("voted");
    const second = vote(first.record, "b", 1);
    expect(second.answer).toMatchObject({ kind: "opened", record: { state: "open", openUntil: 1 + WAIT } });
    expect(vote(second.record, "c", 2).answer.kind).toBe("open");
  });

  it("is not opened while an operator holds it closed", () => {
    const pin = { state: "forced_closed" as const, reason: "r", actor: "a", until: 50 };
    const pinned = publish(undefined, rowAt(0, { pinned: 1, pin }), 0, 0).record;
    const opens = (now: number) =>
      trip(pinned, openAt(now), { instance: "a", until: 99, quorum: 1 }, now).answer;
    expect(opens(10).kind).toBe("pinned");
    expect(opens(50)).toMatchObject({ kind: "opened", record: { pinned: 1 } });
    expect(opens(50).record).not.toHaveProperty("pin");
  });

  it("takes what a writer knows where the store has lost it", () => {
    const open = publish(undefined, openAt(0), 70, 10);
    expect(open.answer.record.epoch).toBe(71);
    expect(publish(open.record, rowAt(20, {}), 70, 20).answer.written).toBe(false);
    expect(publish(open.record, rowAt(20, {}), 71, 20).answer.written).toBe(true);
  });
});

function check(
  { leases, highest }: World,
  before: CircuitRecord | undefined,
  after: CircuitRecord | undefined,
  { kind, of }: Step,
  now: number,
): void {
  if (after === undefined || after === before) return;
  expect(after.revision).toBe((before?.revision ?? now) + 1);
  expect(after.probes.filter(({ deadline }) => deadline > now).length).toBeLessThanOrEqual(LIMIT);
  if (after.epoch !== (before?.epoch ?? 0)) expect(after.epoch).toBeGreaterThan(highest);
  if (before !== undefined && after.state !== before.state) expect(after.epoch).toBeGreaterThan(before.epoch);
  const lease = leases[of % Math.max(1, leases.length)];
  if (["success", "failure", "neutral"].includes(kind)) {
    expect(lease).toBeDefined();
    expect(lease?.over).toBe(false);
    expect(lease?.deadline).toBeGreaterThan(now);
    if (after.epoch !== before?.epoch || after.successes > before.successes)
      expect(lease?.epoch).toBe(before?.epoch);
    if (lease !== undefined) lease.over = true;
  }
  // Whoever is granted a place now is entered afterwards.
  const held = after.probes.map(({ owner }) => owner);
  for (const owner of stillOut(leases, now)) if (after.state !== "closed") expect(held).toContain(owner);
  if (kind === "success" && after.state === "closed") expect(before?.successes).toBe(1);
  expect(decode(encode(after))).toEqual(after);
  expect(encode(after).startsWith(beginningOf(after.revision))).toBe(true);
}

/** Owners of places that were neither ended nor lost, this one aside if it is over. */
function stillOut(leases: World["leases"], now: number): string[] {
  return leases.filter(({ over, deadline }) => !over && deadline > now).map(({ owner }) => owner);
}

describe("the text of a record", () => {
  it("is nothing where it is something else", () => {
    const good = publish(undefined, openAt(5, { pinned: 1 }), 0, 5).answer.record;
    expect(decode(encode(good))).toEqual(good);
    const bad: object[] = [
      { ...good, state: "ajar" },
      { ...good, epoch: "5" },
      { ...good, probes: [{ owner: 1, epoch: 1, deadline: 1 }] },
      { ...good, votes: {} },
      { ...good, pin: { state: "open", reason: "r", actor: "a" } },
      { ...good, name: undefined },
    ];
    for (const text of ["", "{", "null", "[]", ...bad.map((value) => JSON.stringify(value))])
      expect(decode(text)).toBeUndefined();
  });
});
