import type { EntryStatus, SqlResult } from "@baldur/core/plugin";
import { STATUSES } from "../../entry/entry.js";
import { encodeState } from "../../entry/record.js";
import type { EntryRow, Filed, Limit, Mark, Move, RecordSwap, StateRow } from "../fleet/engine.js";
import type { Group } from "../fleet/groups.js";
import { columnText } from "./texts.js";

type Row = SqlResult["rows"][number];

/** States are kept by their place among all. */
export function statusNumber(status: EntryStatus): number {
  return STATUSES.indexOf(status);
}

export function statusOf(number: unknown): EntryStatus | undefined {
  return STATUSES[number as number];
}

export function stateRow({ id, grp, status, version, state }: Row): StateRow {
  return {
    id: id as string,
    status: status === null ? undefined : statusOf(status),
    text: (state as string | null) ?? "",
    mark: markOf(grp as number, version as number | null),
  };
}

export function entryRow(row: Row): EntryRow {
  return { ...stateRow(row), body: (row["body"] as string | null) ?? undefined };
}

/** The group, in which a state stays, and its version. */
export function markOf(group: number, version: number | null): Mark {
  return `${group}.${version ?? ""}`;
}

export function groupIn(mark: Mark): number {
  return Number(mark.slice(0, mark.indexOf(".")));
}

export function versionIn(mark: Mark): number {
  return Number(mark.slice(mark.indexOf(".") + 1));
}

/** Columns of new entries. */
export function entryColumns(entries: readonly Filed[]): string[] {
  return [
    lines(entries.map(({ id }) => id)),
    numbers(entries.map(({ group }) => group.number)),
    numbers(entries.map(({ state }) => statusNumber(state.status))),
    lines(entries.map(({ state }) => encodeState(state))),
    lines(entries.map(({ body }) => body)),
  ];
}

/** Columns of the groups that these are of. */
export function groupColumns(entries: readonly Filed[]): unknown[] {
  const groups: Group[] = [...new Map(entries.map(({ group }) => [group.number, group])).values()];
  return [
    numbers(groups.map(({ number }) => number)),
    numbers(groups.map(({ domainNumber }) => domainNumber)),
    groups.map(({ name }) => columnText(name)),
    groups.map(({ domain }) => columnText(domain)),
    groups.map(({ failureType }) => columnText(failureType)),
  ];
}

export function limitColumns(limits: readonly Limit[]): string[] {
  return [
    numbers(limits.map(({ number }) => number)),
    numbers(limits.map(({ wanted }) => wanted)),
    numbers(limits.map(({ cap }) => cap)),
  ];
}

export function moveColumns(moves: readonly Move[]): string[] {
  return [
    lines(moves.map(({ id }) => id)),
    numbers(moves.map(({ mark }) => groupIn(mark))),
    numbers(moves.map(({ from }) => statusNumber(from))),
    numbers(moves.map(({ mark }) => versionIn(mark))),
    numbers(moves.map(({ to }) => statusNumber(to))),
    lines(moves.map(({ text }) => text)),
  ];
}

/** What to find entries by that have still their states; these were read, so their statuses are known. */
export function markColumns(rows: readonly StateRow[]): string[] {
  return [
    lines(rows.map(({ id }) => id)),
    numbers(rows.map(({ mark }) => groupIn(mark))),
    numbers(rows.map(({ status }) => statusNumber(status as EntryStatus))),
    numbers(rows.map(({ mark }) => versionIn(mark))),
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

/** An array, as PostgreSQL writes it. */
function numbers(values: readonly number[]): string {
  return `{${values.join(",")}}`;
}

/** JSON has no line ends of its own. */
function lines(texts: readonly string[]): string {
  return texts.join("\n");
}
