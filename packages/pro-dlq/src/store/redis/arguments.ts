import type { EntryState } from "../../entry/entry.js";
import { encodeState } from "../../entry/record.js";
import type { EntryRow, Filed, Limit, Mark, Move, RecordSwap, StateRow } from "../fleet/engine.js";
import { isOpen, type Keys, placeName, written } from "./keys.js";
import { type Run, runsOf } from "./runs.js";
import { type Belonging, type Head, headOf, headText, recordText } from "./states.js";

type Argument = string | number;

/**
 * Keys and arguments of a script; its header says what they are. Each argument is paid for here and by Redis: there are few
 * that every entry has, and what many have is said once.
 */
export interface Call {
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
}

/** Moves that are alike, and the mark of their states once they were made. */
interface Moved {
  readonly moves: Run<Move>;
  readonly mark: Mark;
}

/** With the entries in the order in which they are added. */
export function addCall(
  keys: Keys,
  entries: readonly Filed[],
  limits: readonly Limit[],
  isForced: boolean,
): Call & { readonly order: readonly Filed[] } {
  const places: string[] = [];
  const args: Argument[] = [isForced ? "1" : "0", limits.length];
  for (const { number, wanted, cap } of limits) args.push(written(number), wanted, cap);
  const runs = runsOf(entries, areOfOnePlace);
  for (const run of runs) {
    const [{ group, state }] = run;
    const number = written(group.number);
    const head = { status: state.status, group: number, domain: written(group.domainNumber), version: 0 };
    const facts = JSON.stringify([group.name, group.domain, group.failureType]);
    places.push(keys.place(placeName(head)));
    args.push(placeName(head), openDomain(head), number, facts, run.length);
    for (const { id } of run) args.push(id);
    pushRecords(args, run, headText(head));
  }
  return { keys: [keys.open, keys.counts, keys.groups, keys.entries, ...places], args, order: runs.flat() };
}

/** With the moves in the order in which they are made. */
export function swapCall(keys: Keys, moves: readonly Move[]): Call & { readonly runs: readonly Moved[] } {
  const places: string[] = [];
  const args: Argument[] = [];
  const runs = runsOf(moves, areAlike).map((run) => {
    const [{ id, mark, to }] = run;
    const here = headIn(id, mark);
    const there = { ...here, status: to, version: here.version + 1 };
    const isClosed = isOpen(here.status) && !isOpen(to);
    const [from, into, next] = [placeName(here), placeName(there), headText(there)];
    places.push(keys.place(from), keys.place(into));
    args.push(from, into, isClosed ? here.domain : "", kept(here), run.length);
    for (const move of run) args.push(move.id);
    for (const move of run) args.push(next + move.text);
    return { moves: run, mark: next };
  });
  return { keys: [keys.open, keys.counts, keys.states, ...places], args, runs };
}

export function removeCall(
  keys: Keys,
  rows: readonly StateRow[],
  limit?: Pick<Limit, "number" | "cap">,
  summaries: readonly RecordSwap[] = [],
): Call {
  const places: string[] = [];
  const args: Argument[] = limit === undefined ? ["", ""] : [written(limit.number), limit.cap];
  args.push(summaries.length);
  for (const { key, expected, text } of summaries) args.push(key, expected?.text ?? "", text ?? "");
  for (const run of runsOf(rows, haveOneMark)) {
    const [{ id, mark }] = run;
    const head = headIn(id, mark);
    const name = placeName(head);
    places.push(keys.place(name));
    args.push(name, openDomain(head), kept(head), run.length);
    for (const row of run) args.push(row.id);
  }
  const { open, counts, states, entries } = keys;
  return { keys: [open, counts, states, entries, keys.records("summary"), ...places], args };
}

/** `places`: everywhere where it might be, with the number of the domain. */
export function putAsideCall(
  keys: Keys,
  { id, mark, body }: Pick<EntryRow, "id" | "mark" | "body">,
  places: readonly Belonging[],
): Call {
  const { open, counts, quarantine, states, entries } = keys;
  return {
    keys: [open, counts, quarantine, states, entries, ...places.map((place) => keys.place(placeName(place)))],
    args: [
      ...[id, mark, body === undefined ? "0" : "1"],
      ...places.flatMap((place) => [placeName(place), openDomain(place)]),
    ],
  };
}

export function swapRecordsCall(key: string, swaps: readonly RecordSwap[]): Call {
  return {
    keys: [key],
    args: swaps.flatMap(({ key: of, expected, text }) => [
      of,
      expected === undefined ? "1" : "0",
      expected?.text ?? "",
      text ?? "",
    ]),
  };
}

/** What failed in one millisecond has one state, which is written once. */
function pushRecords(args: Argument[], run: Run<Filed>, mark: Mark): void {
  let latest: EntryState | undefined;
  let text = "";
  for (const { state, body } of run) {
    if (latest === undefined || !areEqual(latest, state)) text = mark + encodeState(state);
    latest = state;
    args.push(recordText(text, body));
  }
}

function areEqual(one: EntryState, other: EntryState): boolean {
  return holds(one, other) && holds(other, one);
}

function holds(whole: EntryState, part: EntryState): boolean {
  for (const key in part) if (whole[key as keyof EntryState] !== part[key as keyof EntryState]) return false;
  return true;
}

function areOfOnePlace(one: Filed, other: Filed): boolean {
  return one.group.number === other.group.number && one.state.status === other.state.status;
}

function areAlike(one: Move, other: Move): boolean {
  return one.mark === other.mark && one.to === other.to;
}

function haveOneMark(one: StateRow, other: StateRow): boolean {
  return one.mark === other.mark;
}

function openDomain({ status, domain }: Belonging): string {
  return isOpen(status) ? domain : "";
}

/** How the state begins that is kept apart; one that was never changed is not. */
function kept(head: Head): Mark | "" {
  return head.version === 0 ? "" : headText(head);
}

/** The state was read, so it says where its entry belongs. */
function headIn(id: string, mark: Mark): Head {
  const head = headOf(mark);
  if (head === undefined) throw new Error(`the state of ${id} does not say where it belongs`);
  return head;
}
