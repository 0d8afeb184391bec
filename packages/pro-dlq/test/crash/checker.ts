import { type Entry, OPEN, STATUSES } from "../../src/entry/entry.js";
import { decodeBody, decodeRecord } from "../../src/entry/record.js";
import { readState } from "../store/state.js";

/** What is known about a store and the processes that worked on it, once all is over. */
export interface History {
  /** Ids of entries whose keeping was acknowledged. */
  readonly acknowledged: readonly string[];
  /** What the handlers did, in order: `<what> <id> <attempt> <pid>`. */
  readonly journal: readonly string[];
  /** The store. */
  readonly content: readonly (readonly [key: string, value: string])[];
  /** Handler runs that an entry may have. */
  readonly budget: number;
}

interface Line {
  readonly what: string;
  readonly id: string;
  readonly attempt: string;
  readonly pid: string;
}

type Content = ReadonlyMap<string, string>;
type Check = (history: History, lines: readonly Line[], content: Content) => Iterable<string>;

const CHECKS: readonly Check[] = [
  nothingLost,
  resolvedByHandlers,
  oneAtATime,
  withinBudget,
  ended,
  counted,
  placed,
];

/** What of it must not have happened. Pure. */
export function violations(history: History): string[] {
  const lines = history.journal.map((line) => {
    const [what = "", id = "", attempt = "", pid = ""] = line.split(" ");
    return { what, id, attempt, pid };
  });
  const content = new Map(history.content);
  return CHECKS.flatMap((check) => [...check(history, lines, content)]);
}

function* nothingLost({ acknowledged }: History, _: readonly Line[], content: Content): Iterable<string> {
  for (const id of acknowledged)
    if (!content.has(`dlq/entry/${id}`)) yield `${id} was acknowledged and is lost`;
  for (const key of content.keys()) if (key.startsWith("dlq/quarantine/")) yield `${key} was damaged`;
}

function* resolvedByHandlers(_: History, lines: readonly Line[], content: Content): Iterable<string> {
  const done = new Set(lines.filter(({ what }) => what === "end").map(({ id }) => id));
  for (const { id, state } of entriesOf(content))
    if (state.status === "resolved" && !done.has(id)) yield `${id} is resolved, and no handler did it`;
}

/** A run ends with a line; one that has none was killed, and after the next one began its process says no more of the entry. */
function* oneAtATime(_: History, lines: readonly Line[]): Iterable<string> {
  const running = new Map<string, Line>();
  const over = new Set<string>();
  for (const line of lines) {
    const { what, id, pid } = line;
    const current = running.get(id);
    if (what === "overlap") yield `${id} was begun by ${pid} while another one that lives was at it`;
    if (what === "begin") {
      if (current !== undefined) over.add(`${id} ${current.pid} ${current.attempt}`);
      running.set(id, line);
    } else if (over.has(`${id} ${pid} ${line.attempt}`)) {
      yield `${id} was begun by ${current?.pid} while ${pid} was at it`;
    }
    if (what === "end" || what === "failed") running.delete(id);
  }
}

function* withinBudget({ budget }: History, lines: readonly Line[]): Iterable<string> {
  const begun = new Map<string, string[]>();
  for (const { what, id, attempt } of lines)
    if (what === "begin") begun.set(id, [...(begun.get(id) ?? []), attempt]);
  for (const [id, attempts] of begun) {
    if (attempts.length > budget) yield `${id} was run ${attempts.length} times of ${budget}`;
    // Every claim counts one up: a number that comes twice is of two claims that did not know of each other.
    if (new Set(attempts).size < attempts.length) yield `${id} was run twice with one number: ${attempts}`;
    if (attempts.some((attempt, at) => at > 0 && Number(attempt) < Number(attempts[at - 1])))
      yield `${id} was run by a claim from before: ${attempts}`;
  }
}

/** Nothing is left behind: an entry is resolved, or has used up its budget and waits for a person. */
function* ended({ budget }: History, _: readonly Line[], content: Content): Iterable<string> {
  for (const { id, state } of entriesOf(content)) {
    const { status, retryCount, claim } = state;
    const isEnded = status === "resolved" || (status === "requires_review" && retryCount === budget);
    if (!isEnded) yield `${id} is left ${status} after ${retryCount} tries`;
    if (claim !== undefined) yield `${id} has a claim left`;
  }
}

/** The counts of groups and the totals are those of a full scan. */
function* counted(_: History, __: readonly Line[], content: Content): Iterable<string> {
  const groups = new Map<string, number[]>();
  const open = new Map<string, number>();
  for (const { body, state } of entriesOf(content)) {
    const facts = JSON.stringify([body.name, body.domain, body.failureType]);
    const counts = groups.get(facts) ?? STATUSES.map(() => 0);
    const at = STATUSES.indexOf(state.status);
    counts[at] = (counts[at] ?? 0) + 1;
    groups.set(facts, counts);
    if (OPEN.includes(state.status)) open.set(body.domain, (open.get(body.domain) ?? 0) + 1);
  }
  for (const { number, facts, counts } of groupsOf(content)) {
    const scanned = groups.get(facts) ?? STATUSES.map(() => 0);
    if (String(counts) !== String(scanned))
      yield `group ${number} counts ${counts}, and there are ${scanned}`;
    groups.delete(facts);
  }
  for (const facts of groups.keys()) yield `nothing counts ${facts}`;
  const totals = new Map<string, number>(JSON.parse(content.get("dlq/totals") ?? "[]"));
  for (const domain of new Set([...totals.keys(), ...open.keys()])) {
    const [counts, scanned] = [totals.get(domain) ?? 0, open.get(domain) ?? 0];
    if (counts !== scanned) yield `the totals count ${counts} open of ${domain}, and there are ${scanned}`;
  }
}

/** Every entry has the one state, where its group and its status ask for it, and there are no others. */
function* placed(_: History, __: readonly Line[], content: Content): Iterable<string> {
  const numbers = new Map(groupsOf(content).map(({ facts, number }) => [facts, number]));
  const wanted = new Set<string>();
  for (const { id, body, group, state } of entriesOf(content)) {
    const number = numbers.get(JSON.stringify([body.name, body.domain, body.failureType]));
    if (group !== number) yield `${id} says that its group is ${group}, and it is ${number}`;
    wanted.add(`dlq/state/${STATUSES.indexOf(state.status)}/${number}/${id}`);
  }
  const stated = new Set(entriesOf(content).map(({ id }) => id));
  for (const key of content.keys())
    if (key.startsWith("dlq/entry/") && !stated.has(key.slice("dlq/entry/".length)))
      yield `${key} has no state`;
  const found = [...content.keys()].filter((key) => key.startsWith("dlq/state/"));
  for (const key of found) if (!wanted.delete(key)) yield `${key} is an orphan`;
  for (const key of wanted) yield `${key} is missing`;
}

interface Stored extends Entry {
  readonly id: string;
  readonly group: string;
}

/** Entries that have a state. */
function entriesOf(content: Content): Stored[] {
  const states = new Map(
    [...content]
      .filter(([key]) => key.startsWith("dlq/state/"))
      .map(([key, text]) => [key.slice(key.lastIndexOf("/") + 1), readState(key, text)]),
  );
  return [...content]
    .filter(([key]) => key.startsWith("dlq/entry/"))
    .flatMap(([key, text]) => {
      const id = key.slice("dlq/entry/".length);
      const { group, body } = decodeRecord(text);
      const state = states.get(id);
      return state === undefined ? [] : [{ id, group, body: decodeBody(body), state }];
    });
}

function groupsOf(content: Content): { number: string; facts: string; counts: number[] }[] {
  return [...content]
    .filter(([key]) => key.startsWith("dlq/group/"))
    .map(([key, text]) => {
      const { name, domain, failureType, counts } = JSON.parse(text);
      const number = key.slice("dlq/group/".length);
      return { number, facts: JSON.stringify([name, domain, failureType]), counts };
    });
}
