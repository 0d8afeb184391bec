import { describe, expect, it } from "@jest/globals";
import { type EntryState, STATUSES } from "../../src/entry/entry.js";
import { encodeState } from "../../src/entry/record.js";
import { type History, violations } from "./checker.js";
import { mapContent } from "./map-content.js";

const ID = "0mwq87na4-ed1c09e775e02369-0000";
const OTHER = "0mwq87na4-ed1c09e775e02369-0001";

const body = (id: string) =>
  JSON.stringify({ id, name: "work", domain: "work", failureType: "KIND", createdAt: 1, expiresAt: 2 });
const record = (id = ID, group = "0"): [string, string] => [`dlq/entry/${id}`, `${group}\n${body(id)}`];
const state = (change: Partial<EntryState> = {}, id = ID): [string, string] => {
  const whole = { status: "resolved" as const, retryCount: 1, maxRetries: 2, updatedAt: 1, ...change };
  return [`dlq/state/${STATUSES.indexOf(whole.status)}/0/${id}`, encodeState(whole)];
};
const group = (counts: number[]): [string, string] => [
  "dlq/group/0",
  JSON.stringify({ name: "work", domain: "work", failureType: "KIND", counts }),
];
/** Counts by the order of the states: pending, replaying, reviewing, requires_review, replayed, resolved, … */
const counts = (pending: number, review: number, resolved: number) => [
  pending,
  0,
  0,
  review,
  0,
  resolved,
  0,
  0,
  0,
  0,
];
const totals = (open: number): [string, string] => ["dlq/totals", JSON.stringify([["work", open]])];

const PAIRS = [record(), group(counts(0, 0, 1)), state(), totals(0)];
/** One entry that was captured, done by process 7 and resolved. */
const GOOD: History = {
  acknowledged: [ID],
  journal: [`begin ${ID} 1 7`, `effect ${ID} 1 7`, `end ${ID} 1 7`],
  content: mapContent(PAIRS),
  budget: 2,
};
const content = (...entries: (readonly [string, string])[]) => ({
  ...GOOD,
  content: mapContent(entries),
});
const journal = (...lines: string[]) => ({
  ...GOOD,
  journal: lines.map((line) => line.replace(" ", ` ${ID} `)),
});

describe("the check of a history", () => {
  it("finds nothing in a good one", () => {
    expect(violations(GOOD)).toEqual([]);
  });

  it("finds nothing in a run that was killed, and done again by the next process", () => {
    expect(violations(journal("begin 1 7", "effect 1 7", "begin 2 8", "effect 2 8", "end 2 8"))).toEqual([]);
  });

  it("finds nothing in an entry that used up its budget", () => {
    const used = state({ status: "requires_review", retryCount: 2 });
    const history = content(record(), group(counts(0, 1, 0)), used, totals(1));
    const lines = journal("begin 1 7", "failed 1 7", "begin 2 7", "failed 2 7").journal;
    expect(violations({ ...history, journal: lines })).toEqual([]);
  });

  it.each<[string, History, string]>([
    [
      "an entry that is lost",
      { ...GOOD, acknowledged: [ID, OTHER] },
      `${OTHER} was acknowledged and is lost`,
    ],
    [
      "an entry that was put aside",
      content(...PAIRS, [`dlq/quarantine/${OTHER}`, "?"]),
      `dlq/quarantine/${OTHER} was damaged`,
    ],
    ["an entry that no handler did", journal(), `${ID} is resolved, and no handler did it`],
    [
      "an entry whose only handler was killed before its effect was certain",
      journal("begin 1 7", "effect 1 7"),
      `${ID} is resolved, and no handler did it`,
    ],
    [
      "an entry whose handler failed",
      journal("begin 1 7", "failed 1 7"),
      `${ID} is resolved, and no handler did it`,
    ],
    [
      "two runs at once",
      journal("begin 1 7", "begin 2 8", "effect 1 7", "end 2 8"),
      `${ID} was begun by 8 while 7 was at it`,
    ],
    [
      "two runs at once in one process",
      journal("begin 1 7", "begin 2 7", "end 2 7", "end 1 7"),
      `${ID} was begun by undefined while 7 was at it`,
    ],
    [
      "a run beside one that was seen alive",
      journal("begin 1 7", "overlap 2 8 7", "begin 2 8", "end 2 8"),
      `${ID} was begun by 8 while another one that lives was at it`,
    ],
    [
      "more runs than the budget",
      journal("begin 1 7", "failed 1 7", "begin 2 7", "failed 2 7", "begin 3 7", "end 3 7"),
      `${ID} was run 3 times of 2`,
    ],
    [
      "two runs of one number",
      journal("begin 1 7", "failed 1 7", "begin 1 8", "end 1 8"),
      `${ID} was run twice with one number: begin 1 in 7, failed 1 in 7, begin 1 in 8, end 1 in 8`,
    ],
    [
      "a run by an older claim",
      journal("begin 2 7", "failed 2 7", "begin 1 8", "end 1 8"),
      `${ID} was run by a claim from before: 2,1`,
    ],
    [
      "an entry that is left",
      content(record(), group(counts(1, 0, 0)), state({ status: "pending" }), totals(1)),
      `${ID} is left pending after 1 tries`,
    ],
    [
      "an entry that was given up before its budget was used up",
      content(record(), group(counts(0, 1, 0)), state({ status: "requires_review" }), totals(1)),
      `${ID} is left requires_review after 1 tries`,
    ],
    [
      "a claim that nobody gave back",
      content(
        record(),
        group(counts(0, 0, 1)),
        state({ claim: { owner: "7", token: "7.0", at: 1 } }),
        totals(0),
      ),
      `${ID} has a claim left`,
    ],
    [
      "a group that counts too many",
      content(record(), group(counts(1, 0, 1)), state(), totals(0)),
      "group 0 counts 1,0,0,0,0,1,0,0,0,0, and there are 0,0,0,0,0,1,0,0,0,0",
    ],
    [
      "a group that is missing",
      content(record(), state(), totals(0)),
      `nothing counts ["work","work","KIND"]`,
    ],
    [
      "totals that are wrong",
      content(record(), group(counts(0, 0, 1)), state(), totals(1)),
      "the totals count 1 open of work, and there are 0",
    ],
    ["a state of no entry", content(...PAIRS, state({}, OTHER)), `${state({}, OTHER)[0]} is an orphan`],
    [
      "an entry with two states",
      content(state({ status: "pending" }), ...PAIRS),
      `${state({ status: "pending" })[0]} is an orphan`,
    ],
    [
      "an entry that does not know its group",
      content(record(ID, "7"), ...PAIRS.slice(1)),
      `${ID} says that its group is 7, and it is 0`,
    ],
    [
      "an entry without a state",
      content(record(), group(counts(0, 0, 1)), totals(0)),
      `dlq/entry/${ID} has no state`,
    ],
  ])("finds %s", (_, history, violation) => {
    expect(violations(history)).toContain(violation);
  });
});
