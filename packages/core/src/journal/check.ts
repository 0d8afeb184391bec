import { invalid } from "../errors.js";
import { isEventName, LEVELS, type Level } from "../telemetry/event.js";
import { isJournalId } from "./id.js";
import type { StoreQuery } from "./store.js";
import type { JournalNote, JournalQuery } from "./types.js";

const LIMIT = 50;
const MOST = 500;
const LONGEST_TEXT = 200;

type Rule = readonly [rule: string, keeps: (value: unknown) => boolean];

const isWord = (value: unknown): value is string => typeof value === "string" && value !== "";
/** No store has a NUL, and one refuses to look for it. */
const isSought = (value: unknown): value is string => isWord(value) && !value.includes("\0");
const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const optional = ([rule, keeps]: Rule): Rule => [rule, (value) => value === undefined || keeps(value)];

const word: Rule = ["a non-empty string", isWord];
const id = optional(["the id of an entry", isJournalId]);
const date = optional(["a date", (value) => value instanceof Date && !Number.isNaN(value.getTime())]);
const level = optional([`one of ${LEVELS.join(", ")}`, (value) => LEVELS.includes(value as Level)]);

const QUERY: Readonly<Record<keyof JournalQuery, Rule>> = {
  before: id,
  after: id,
  since: date,
  until: date,
  names: optional([
    "an array of names without NUL",
    (value) => Array.isArray(value) && value.every(isSought),
  ]),
  level,
  text: optional([
    `1 to ${LONGEST_TEXT} characters, none of them NUL`,
    (value) => isSought(value) && value.length <= LONGEST_TEXT,
  ]),
  limit: optional([
    `an integer from 1 to ${MOST}`,
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST,
  ]),
};

const NOTE: Readonly<Record<keyof JournalNote, Rule>> = {
  actor: word,
  reason: word,
  name: optional([
    "named as events are: component.entity_action",
    (value) => isWord(value) && isEventName(value),
  ]),
  level,
  facts: optional(["an object", isObject]),
};

/** Throws `ConfigurationError` for a query that would find nothing because of a mistake. */
export function checkQuery(query: JournalQuery): StoreQuery {
  check("query", query, QUERY);
  return { ...query, limit: query.limit ?? LIMIT };
}

/** Throws `ConfigurationError` for a note with a mistake in it. */
export function checkNote(note: JournalNote): void {
  check("note", note, NOTE);
}

function check(what: string, given: object, rules: Readonly<Record<string, Rule>>): void {
  if (!isObject(given)) throw invalid(what, "an object", given);
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(rules, key));
  if (unknown !== undefined) throw invalid(what, `made of ${Object.keys(rules).join(", ")}`, unknown);
  for (const [key, [rule, keeps]] of Object.entries(rules)) {
    const value: unknown = (given as Readonly<Record<string, unknown>>)[key];
    if (!keeps(value)) throw invalid(`${what}.${key}`, rule, value);
  }
}
