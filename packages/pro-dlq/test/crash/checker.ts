import { type Entry, OPEN, STATUSES } from "../../src/entry/entry.js";

/** What is in a store, whatever keeps it. */
export interface Content {
  /** Ids of what is kept of entries, whole or not. */
  readonly ids: ReadonlySet<string>;
  /** Those that are whole. */
  readonly entries: readonly (Entry & { readonly id: string })[];
  readonly groups: readonly CountedGroup[];
  /** Open entries by domain, as they are counted for the caps. */
  readonly open: ReadonlyMap<string, number>;
  /** What was put aside. */
  readonly quarantined: readonly string[];
  /** What is not where it belongs, in words. */
  readonly misplaced: readonly string[];
}

export interface CountedGroup {
  readonly number: string;
  /** Name, domain and failure type, as JSON. */
  readonly facts: string;
  /** By the order of the states. */
  readonly counts: readonly number[];
}

/** What is known about a store and the processes that worked on it, once all is over. */
export interface History {
  /** Ids of entries whose keeping was acknowledged. */
  readonly acknowledged: readonly string[];
  /** What the handlers did, in order: `<what> <id> <attempt> <pid>`. */
  readonly journal: readonly string[];
  readonly content: Content;
  /** Handler runs that an entry may have. */
  readonly budget: number;
}

interface Line {
  readonly what: string;
  readonly id: string;
  readonly attempt: string;
  readonly pid: string;
}

type Check = (history: History, lines: readonly Line[]) => Iterable<string>;

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
  return CHECKS.flatMap((check) => [...check(history, lines)]);
}

function* nothingLost({ acknowledged, content }: History): Iterable<string> {
  for (const id of acknowledged) if (!content.ids.has(id)) yield `${id} was acknowledged and is lost`;
  for (const what of content.quarantined) yield `${what} was damaged`;
}

function* resolvedByHandlers({ content }: History, lines: readonly Line[]): Iterable<string> {
  const done = new Set(lines.filter(({ what }) => what === "end").map(({ id }) => id));
  for (const { id, state } of content.entries)
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
    if (new Set(attempts).size < attempts.length)
      yield `${id} was run twice with one number: ${historyOf(id, lines)}`;
    if (attempts.some((attempt, at) => at > 0 && Number(attempt) < Number(attempts[at - 1])))
      yield `${id} was run by a claim from before: ${attempts}`;
  }
}

function historyOf(id: string, lines: readonly Line[]): string {
  const own = lines.filter((line) => line.id === id);
  return own.map(({ what, attempt, pid }) => `${what} ${attempt} in ${pid}`).join(", ");
}

/** Nothing is left behind: an entry is resolved, or has used up its budget and waits for a person. */
function* ended({ budget, content }: History): Iterable<string> {
  for (const { id, state } of content.entries) {
    const { status, retryCount, claim } = state;
    const isEnded = status === "resolved" || (status === "requires_review" && retryCount === budget);
    if (!isEnded) yield `${id} is left ${status} after ${retryCount} tries`;
    if (claim !== undefined) yield `${id} has a claim left`;
  }
}

/** The counts of groups and the totals are those of a full scan. */
function* counted({ content }: History): Iterable<string> {
  const groups = new Map<string, number[]>();
  const open = new Map<string, number>();
  for (const { body, state } of content.entries) {
    const facts = JSON.stringify([body.name, body.domain, body.failureType]);
    const counts = groups.get(facts) ?? STATUSES.map(() => 0);
    const at = STATUSES.indexOf(state.status);
    counts[at] = (counts[at] ?? 0) + 1;
    groups.set(facts, counts);
    if (OPEN.includes(state.status)) open.set(body.domain, (open.get(body.domain) ?? 0) + 1);
  }
  for (const { number, facts, counts } of content.groups) {
    const scanned = groups.get(facts) ?? STATUSES.map(() => 0);
    if (String(counts) !== String(scanned))
      yield `group ${number} counts ${counts}, and there are ${scanned}`;
    groups.delete(facts);
  }
  for (const facts of groups.keys()) yield `nothing counts ${facts}`;
  for (const domain of new Set([...content.open.keys(), ...open.keys()])) {
    const [counts, scanned] = [content.open.get(domain) ?? 0, open.get(domain) ?? 0];
    if (counts !== scanned) yield `the totals count ${counts} open of ${domain}, and there are ${scanned}`;
  }
}

function placed({ content }: History): Iterable<string> {
  return content.misplaced;
}
