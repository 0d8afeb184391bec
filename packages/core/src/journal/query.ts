import { LEVELS, type Level } from "../telemetry/event.js";
import { highest, idFloor, lowest } from "./id.js";
import type { JournalEntry, JournalQuery } from "./types.js";

/** Below and above every id. */
const BOTTOM = "";
const TOP = "~";

/** What lies between two texts in the order of ids, both excluded. */
export interface Range {
  readonly above: string;
  readonly below: string;
}

export function rangeOf({ before = TOP, after = BOTTOM, since, until }: JournalQuery): Range {
  return {
    above: highest(after, since ? idFloor(since) : BOTTOM),
    below: lowest(before, until ? idFloor(until) : TOP),
  };
}

/** That level and those above. */
export function levelsFrom(level: Level): readonly Level[] {
  return LEVELS.slice(LEVELS.indexOf(level));
}

/** Whether an entry within the range is one of those that are asked for. */
export function testOf({ names, level, text }: JournalQuery): (entry: JournalEntry) => boolean {
  const levels = level && levelsFrom(level);
  const words = text && inJson(text).slice(1, -1);
  return (entry) =>
    (names === undefined || names.includes(entry.name)) &&
    (levels === undefined || levels.includes(entry.level)) &&
    (words === undefined || says(entry).includes(words));
}

function says({ name, actor, reason, instance, payload }: JournalEntry): string {
  return inJson([name, actor, reason, instance, payload]);
}

/** So that a text is looked for as it is written down. */
function inJson(value: unknown): string {
  return JSON.stringify(value).toLowerCase();
}
