import { describe, expect, it } from "@jest/globals";
import { type History, type Line, mostAtOnce, probesOf, violations } from "./checker.js";

const MS = 1000;
const line = (at: number, pid: number, what: string, ...facts: unknown[]): Line => [
  at * MS,
  pid,
  what,
  "db",
  ...facts,
];
const probe = (at: number, pid: number, id: string, called = at, isAlone = false): Line =>
  line(at, pid, "probe", id, called * MS, isAlone);
const ended = (at: number, pid: number, id: string, how = "ok"): Line => line(at, pid, "ended", id, how);
const history = (...lines: Line[]): History => ({
  lines,
  limit: 2,
  probeTimeout: 500 * MS,
  threshold: 2,
});

/** Opened by 1, probed by 1 and 2, closed by 2 and followed by 1. */
const GOOD: readonly Line[] = [
  line(0, 1, "opened", "failures", "", ""),
  line(1, 2, "fleet_followed", "failures", "open", "host:1:x"),
  line(100, 1, "half_opened", "", "", ""),
  probe(101, 1, "1-1"),
  probe(102, 2, "2-1"),
  ended(110, 1, "1-1"),
  ended(120, 2, "2-1"),
  line(121, 2, "closed", "recovery", "", ""),
  line(122, 1, "fleet_followed", "recovery", "closed", "host:2:y"),
  line(200, 1, "pinned", "1"),
  line(201, 2, "pinned", "1"),
  line(300, 1, "pinned", "2"),
];
const without = (...at: number[]): Line[] => GOOD.filter((_, index) => !at.includes(index));

describe("the check of a fleet's history", () => {
  it("finds nothing in a good one", () => {
    expect(violations(history(...GOOD))).toEqual([]);
  });

  it("counts probes only as long as their places are certainly theirs", () => {
    const lost = [probe(101, 1, "a"), probe(102, 1, "b"), probe(602, 2, "c"), probe(603, 2, "d")];
    expect(violations(history(...lost))).toEqual([]);
    const alone = [probe(1, 1, "a"), probe(2, 1, "b"), probe(3, 2, "c", 3, true)];
    expect(violations(history(...alone))).toEqual([]);
    const away = [probe(1, 1, "a"), probe(2, 1, "b"), line(3, 0, "away"), probe(4, 2, "c")];
    expect(violations(history(...away))).toEqual([]);
    expect(mostAtOnce(probesOf(history(), GOOD))).toBe(2);
    const closedBefore = [
      probe(1, 1, "a"),
      probe(2, 1, "b"),
      line(3, 2, "fleet_followed", "recovery", "closed", "host:1"),
      probe(60, 2, "c"),
      line(61, 1, "closed", "recovery", "", "", true), // it was stopped before it wrote that down
    ];
    expect(mostAtOnce(probesOf(history(), closedBefore))).toBe(2);
  });

  it("leaves a process that did not reach the store to itself", () => {
    const alone = [...GOOD, line(123, 3, "closed", "recovery", "", "", true)];
    expect(violations(history(...alone))).toEqual([]);
  });

  it("holds nobody to an agreement while the store is away, and to it again when all agree", () => {
    const twice = [line(123, 3, "closed", "recovery"), line(124, 2, "closed", "recovery")];
    const away = [...GOOD, line(122.5, 0, "away"), ...twice];
    expect(violations(history(...away))).toEqual([]);
    expect(violations(history(...away, line(122.6, 0, "agreed")))).not.toEqual([]);
    expect(violations(history(...away, line(125, 0, "agreed")))).toEqual([]);
  });

  it.each<[string, Line[], string]>([
    [
      "three probes at a time",
      [probe(1, 1, "a"), probe(2, 1, "b"), probe(3, 2, "c")],
      "db had 3 probes out of 2",
    ],
    [
      "a probe that began late on a place that it asked for early",
      [probe(400, 1, "a", 0), probe(401, 1, "b"), probe(450, 2, "c")],
      "db had 3 probes out of 2",
    ],
    [
      "probes of before that are still out",
      [
        probe(1, 1, "a"),
        probe(2, 1, "b"),
        line(3, 1, "opened"),
        line(9, 2, "half_opened"),
        probe(10, 2, "c"),
      ],
      "db had 3 probes out of 2",
    ],
    ["a circuit that closed after one success", without(5), "db was closed by 2 after 1 successes of 2"],
    [
      "a circuit that closed after a failure",
      [...without(6), ended(120, 2, "2-1", "failed")],
      "db was closed by 2 after 1 successes of 2",
    ],
    [
      "successes of before it opened again",
      [...GOOD, line(115, 2, "opened", "probe")],
      "db was closed by 2 after 1 successes of 2",
    ],
    [
      "two that close it",
      [...GOOD, line(123, 3, "closed", "recovery")],
      "db was closed by 3 2000 µs after it was closed by 2",
    ],
    ["a trip that nobody made", without(0), "db is open for 2, who followed 1, who never did that"],
    ["a recovery that nobody made", without(7), "db is closed for 1, who followed 2, who never did that"],
    ["a pin that comes back", [...GOOD, line(301, 1, "pinned", "1")], "db has pin 1 for 1 after 2"],
  ])("finds %s", (_, lines, violation) => {
    expect(violations(history(...lines))).toContainEqual(expect.stringContaining(violation));
  });
});
