import Table from "cli-table3";
import { clean } from "./clean.js";
import type { Style } from "./style.js";

/** A column: its title, what it shows of a row, and in which colour. */
export interface Column<T> {
  readonly title: string;
  readonly of: (row: T) => unknown;
  readonly paint?: (text: string) => string;
  /** Never cut: it is there to be copied. */
  readonly whole?: boolean;
}

const LONGEST = 60;
const NOTHING = "-";
const BORDERS = ["top", "bottom", "left", "right", "mid", "middle"] as const;
const CORNERS = ["top-mid", "top-left", "top-right", "bottom-mid", "bottom-left", "bottom-right"] as const;
const CROSSINGS = ["left-mid", "mid-mid", "right-mid"] as const;
const NO_LINES = Object.fromEntries([...BORDERS, ...CORNERS, ...CROSSINGS].map((part) => [part, ""]));

/** Rows under titles, without lines. Of what is long the beginning is shown. */
export function table<T>(style: Style, rows: readonly T[], columns: readonly Column<T>[]): string {
  const head = columns.map(({ title }) => style.bold(title));
  const grid = new Table({ head, ...LOOK });
  for (const row of rows) grid.push(columns.map((column) => cell(column, row)));
  return `${trimmed(grid.toString())}\n`;
}

/** Names and values, one pair a line; what is undefined has no line. */
export function facts(style: Style, pairs: readonly (readonly [name: string, value: unknown])[]): string {
  const grid = new Table(LOOK);
  for (const [name, value] of pairs) {
    if (value !== undefined) grid.push([style.dim(clean(name)), text(value)]);
  }
  return grid.length === 0 ? "" : `${trimmed(grid.toString())}\n`;
}

const LOOK = {
  chars: NO_LINES,
  style: { head: [], border: [], "padding-left": 0, "padding-right": 2, compact: true },
};

function cell<T>({ of, paint, whole }: Column<T>, row: T): string {
  const shown = text(of(row));
  const cut = shown.length > LONGEST && whole !== true ? `${shown.slice(0, LONGEST - 1)}…` : shown;
  return paint === undefined || cut === NOTHING ? cut : paint(cut);
}

function text(value: unknown): string {
  if (value === undefined || value === null || value === "") return NOTHING;
  return clean(typeof value === "object" ? JSON.stringify(value) : String(value));
}

function trimmed(lines: string): string {
  return lines
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
