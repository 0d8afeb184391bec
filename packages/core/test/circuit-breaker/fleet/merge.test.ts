import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { activePin, type FleetRow, merge } from "../../../src/circuit-breaker/merge.js";
import { runs } from "../../runtime.js";

const NOW = 50;
const SEVERITY = { closed: 1, half_open: 2, open: 3 };
const time = fc.integer({ min: 0, max: 4 });

const pin = fc.record(
  {
    state: fc.constantFrom("forced_open" as const, "forced_closed" as const),
    reason: fc.constantFrom("r", "s"),
    actor: fc.constantFrom("a", "b"),
    until: fc.constantFrom(NOW - 1, NOW, NOW + 1, NOW + 2),
  },
  { requiredKeys: ["state", "reason", "actor"] },
);
const row: fc.Arbitrary<FleetRow> = fc
  .record(
    {
      name: fc.constant("db"),
      epoch: time,
      unconfirmed: fc.boolean(),
      state: fc.constantFrom("closed" as const, "half_open" as const, "open" as const),
      since: time,
      openUntil: time,
      trigger: fc.constantFrom("failures" as const, "probe" as const),
      by: fc.constantFrom("p", "q"),
      pinned: time,
      pin,
    },
    {
      requiredKeys: [
        "name",
        "epoch",
        "unconfirmed",
        "state",
        "since",
        "openUntil",
        "trigger",
        "by",
        "pinned",
      ],
    },
  )
  .map(({ openUntil, ...rest }) => ({ ...rest, openUntil: rest.state === "open" ? openUntil : 0 }));

const join = (a: FleetRow, b: FleetRow): FleetRow => merge(a, b, NOW);
const check = (property: fc.IPropertyWithHooks<unknown>): void =>
  fc.assert(property, { numRuns: runs(2000) });
/** As it is now: a pin whose time is over counts as lifted. */
const asOfNow = (of: FleetRow): FleetRow => join(of, of);
const confirmed = (change: Partial<FleetRow>): FleetRow => ({
  name: "db",
  epoch: 1,
  unconfirmed: false,
  state: "closed",
  since: 1,
  openUntil: 0,
  trigger: "failures",
  by: "p",
  pinned: 0,
  ...change,
});

describe("the merge of two rows", () => {
  it("does not matter in which order", () => {
    check(fc.property(row, row, (a, b) => expect(join(a, b)).toEqual(join(b, a))));
  });

  it("does not matter with whom first", () => {
    check(fc.property(row, row, row, (a, b, c) => expect(join(join(a, b), c)).toEqual(join(a, join(b, c)))));
  });

  it("does not matter how often", () => {
    check(
      fc.property(row, row, (a, b) => {
        expect(join(join(a, b), b)).toEqual(join(a, b));
        const { pin: _, ...rest } = a;
        const inForce = activePin(a, NOW);
        expect(asOfNow(a)).toEqual(inForce === undefined ? rest : a);
      }),
    );
  });

  it("is never less restrictive than either, but for what is proved to have come after it", () => {
    check(
      fc.property(row, row, (a, b) => {
        const merged = join(a, b);
        for (const input of [a, b]) {
          if (SEVERITY[merged.state] >= SEVERITY[input.state]) continue;
          const isAccepted = merged.epoch > input.epoch;
          const isOnTop = merged.epoch === input.epoch && merged.unconfirmed && !input.unconfirmed;
          expect(isAccepted || isOnTop).toBe(true);
          // Nothing is proved to have come after a trip that the store never heard of.
          expect(input.unconfirmed && input.state === "open").toBe(false);
        }
      }),
    );
  });

  it("has the state of one of the two as it was: openUntil is kept", () => {
    const stateOf = ({ epoch, unconfirmed, state, since, openUntil, trigger, by }: FleetRow) => [
      epoch,
      unconfirmed,
      state,
      since,
      openUntil,
      trigger,
      by,
    ];
    check(
      fc.property(row, row, (a, b) => {
        expect([stateOf(a), stateOf(b)]).toContainEqual(stateOf(join(a, b)));
      }),
    );
  });

  it("never drops a pin that is in force, but for a newer decision of an operator", () => {
    check(
      fc.property(row, row, (a, b) => {
        const merged = join(a, b);
        expect(merged.pinned).toBe(Math.max(a.pinned, b.pinned));
        for (const input of [a, b]) {
          const pinned = activePin(input, NOW);
          const isNewest = input.pinned > (input === a ? b : a).pinned;
          if (pinned !== undefined && isNewest) expect(merged.pin).toEqual(pinned);
          if (pinned !== undefined && input.pinned === merged.pinned) expect(merged).toHaveProperty("pin");
        }
      }),
    );
  });

  const open = confirmed({ state: "open", openUntil: 9 });
  const halfOpen = confirmed({ state: "half_open" });
  const closed = confirmed({});
  it.each<[string, FleetRow, FleetRow, Partial<FleetRow>]>([
    ["open over half-open of the same epoch", open, halfOpen, { state: "open", openUntil: 9 }],
    ["half-open over closed of the same epoch", halfOpen, closed, { state: "half_open" }],
    ["half-open that came after over open", open, { ...halfOpen, epoch: 2 }, { state: "half_open" }],
    ["closed that came after over open", open, { ...closed, epoch: 3 }, { state: "closed" }],
    ["open over closed, whatever the clocks say", open, { ...closed, since: 900 }, { state: "open" }],
    [
      "of equals the one of newer timestamps",
      open,
      { ...open, since: 2, openUntil: 11 },
      { since: 2, openUntil: 11 },
    ],
    [
      "a trip not heard of over any closed",
      { ...open, unconfirmed: true },
      { ...closed, epoch: 8 },
      open && { state: "open" },
    ],
    [
      "an own recovery over the state that it recovered from",
      open,
      { ...closed, unconfirmed: true },
      { state: "closed" },
    ],
    [
      "what came after over an own recovery",
      { ...open, epoch: 2 },
      { ...closed, unconfirmed: true },
      { state: "open" },
    ],
    [
      "a pin over none, and the state of the other",
      { ...closed, pinned: 4, pin: { state: "forced_closed", reason: "r", actor: "a" } },
      { ...open, epoch: 7 },
      { state: "open", pinned: 4, pin: { state: "forced_closed", reason: "r", actor: "a" } },
    ],
  ])("prefers %s", (_, a, b, expected) => {
    expect(join(a, b)).toMatchObject(expected);
    expect(join(b, a)).toMatchObject(expected);
  });

  it("lifts a pin that was lifted since, and does not bring back what a newer pin replaced", () => {
    const pinned = confirmed({ pinned: 3, pin: { state: "forced_open", reason: "r", actor: "a" } });
    expect(join(pinned, confirmed({ pinned: 4 }))).not.toHaveProperty("pin");
    const replaced = confirmed({
      pinned: 5,
      pin: { state: "forced_closed", reason: "r", actor: "a", until: NOW - 1 },
    });
    expect(join(pinned, replaced)).toMatchObject({ pinned: 5 });
    expect(join(pinned, replaced)).not.toHaveProperty("pin");
  });
});
