import type { EntryStatus, SqlResult } from "@baldur/core/plugin";
import { STATUSES } from "../../entry/entry.js";
import { encodeState } from "../../entry/record.js";
import type { EntryRow, Filed, Limit, Mark, Move, RecordSwap, StateRow } from "../fleet/engine.js";
import type { Group } from "../fleet/groups.js";
import { columnText } from "./texts.js";

/** No state has it. */
const NO_STATUS = -1;

type Row = SqlResult["rows"][number];

/** States are kept by their place among all. */
export function statusNumber(status: EntryStatus): number {
  return STATUSES.indexOf(status);
}

/** Undefined for what says none that there is. */
export function statusOf(number: unknown): EntryStatus | undefined {
  return STATUSES[number as number];
}

export function stateRow({ id, status, mark, state }: Row): StateRow {
  return {
    id: id as string,
    status: statusOf(status),
    text: (state as string | null) ?? "",
    mark: mark as Mark,
  };
}

export function entryRow({ id, status, mark, state, body }: Row): EntryRow {
  return {
    id: id as string,
    status: statusOf(status),
    text: (state as string | null) ?? "",
    mark: mark as Mark,
    body: (body as string | null) ?? undefined,
  };
}

/** The group, in which a state stays. */
export function groupIn(mark: Mark): string {
  return mark.slice(0, mark.indexOf("."));
}

/** That of the state that takes its place. */
export function nextMark(mark: Mark): Mark {
  return `${groupIn(mark)}.${Number(versionIn(mark)) + 1}`;
}

function versionIn(mark: Mark): string {
  return mark.slice(mark.indexOf(".") + 1);
}

/** Columns of new entries. */
export function entryColumns(entries: readonly Filed[]): string[] {
  return [
    lines(entries.map(({ id }) => id)),
    list(entries.map(({ group }) => group.number)),
    list(entries.map(({ state }) => statusNumber(state.status))),
    lines(entries.map(({ state }) => encodeState(state))),
    lines(entries.map(({ body }) => body)),
  ];
}

/** Columns of the groups that these are of. */
export function groupColumns(entries: readonly Filed[]): unknown[] {
  const groups: Group[] = [...new Map(entries.map(({ group }) => [group.number, group])).values()];
  return [
    list(groups.map(({ number }) => number)),
    list(groups.map(({ domainNumber }) => domainNumber)),
    groups.map(({ name }) => columnText(name)),
    groups.map(({ domain }) => columnText(domain)),
    groups.map(({ failureType }) => columnText(failureType)),
  ];
}

export function limitColumns(limits: readonly Limit[]): string[] {
  return [
    list(limits.map(({ number }) => number)),
    list(limits.map(({ wanted }) => wanted)),
    list(limits.map(({ cap }) => cap)),
  ];
}

export function moveColumns(moves: readonly Move[]): string[] {
  return [
    lines(moves.map(({ id }) => id)),
    list(moves.map(({ mark }) => groupIn(mark))),
    list(moves.map(({ from }) => statusNumber(from))),
    list(moves.map(({ mark }) => versionIn(mark))),
    list(moves.map(({ to }) => statusNumber(to))),
    lines(moves.map(({ text }) => text)),
  ];
}

/** What to find entries by that have still their states. One whose state could not be read is not found. */
export function markColumns(rows: readonly StateRow[]): string[] {
  return [
    lines(rows.map(({ id }) => id)),
    list(rows.map(({ mark }) => groupIn(mark))),
    list(rows.map(({ status }) => (status === undefined ? NO_STATUS : statusNumber(status)))),
    list(rows.map(({ mark }) => versionIn(mark) || "0")),
  ];
}

export function recordColumns(swaps: readonly RecordSwap[]): unknown[] {
  return [
    swaps.map(({ key }) => key),
    swaps.map(({ expected }) => expected === undefined),
    swaps.map(({ expected }) => expected?.text ?? null),
    swaps.map(({ text }) => text ?? null),
  ];
}

/** Ids, one on each line; undefined where all are meant. */
export function idsIn(answer: unknown): ReadonlySet<string> | undefined {
  return answer === null ? undefined : new Set((answer as string).split("\n"));
}

/** An array of numbers, as PostgreSQL writes it. */
function list(values: readonly (number | string)[]): string {
  return `{${values.join(",")}}`;
}

/** JSON has no line ends of its own. */
function lines(texts: readonly string[]): string {
  return texts.join("\n");
}
