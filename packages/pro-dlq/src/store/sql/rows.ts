import type { EntryStatus, SqlResult } from "@baldur/core/plugin";
import { STATUSES } from "../../entry/entry.js";
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

/** The group, in which a state stays, and its version. */
export function markOf(group: number, version: number | null): string {
  return `${group}.${version ?? ""}`;
}

export function groupIn(mark: Mark): number {
  return Number(mark.slice(0, mark.indexOf(".")));
}

export function versionIn(mark: Mark): number {
  return Number(mark.slice(mark.indexOf(".") + 1));
}

export function entryRow(row: Row): EntryRow {
  return { ...stateRow(row), body: (row["body"] as string | null) ?? undefined };
}

/** Columns of new entries. */
export function entryColumns(entries: readonly Filed[], encode: (entry: Filed) => string): unknown[] {
  return [
    entries.map(({ id }) => id),
    entries.map(({ group }) => group.number),
    entries.map(({ state }) => statusNumber(state.status)),
    entries.map(encode),
    entries.map(({ body }) => body),
  ];
}

/** Columns of the groups that these are of. */
export function groupColumns(entries: readonly Filed[]): unknown[] {
  const groups: Group[] = [...new Map(entries.map(({ group }) => [group.number, group])).values()];
  return [
    groups.map(({ number }) => number),
    groups.map(({ domainNumber }) => domainNumber),
    groups.map(({ name }) => columnText(name)),
    groups.map(({ domain }) => columnText(domain)),
    groups.map(({ failureType }) => columnText(failureType)),
  ];
}

export function limitColumns(limits: readonly Limit[]): unknown[] {
  return [
    limits.map(({ number }) => number),
    limits.map(({ wanted }) => wanted),
    limits.map(({ cap }) => cap),
  ];
}

export function moveColumns(moves: readonly Move[]): unknown[] {
  return [
    moves.map(({ id }) => id),
    moves.map(({ mark }) => groupIn(mark)),
    moves.map(({ from }) => statusNumber(from)),
    moves.map(({ mark }) => versionIn(mark)),
    moves.map(({ to }) => statusNumber(to)),
    moves.map(({ text }) => text),
  ];
}

/** What to find entries by that have still their states. */
export function markColumns(rows: readonly StateRow[]): unknown[] {
  return [
    rows.map(({ id }) => id),
    rows.map(({ mark }) => groupIn(mark)),
    rows.map(({ status }) => (status === undefined ? null : statusNumber(status))),
    rows.map(({ mark }) => versionIn(mark)),
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
