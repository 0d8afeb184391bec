import { ConfigurationError } from "@baldur/core";
import { type NewFailedOperation, validateName } from "@baldur/core/plugin";
import type { EntryFilter } from "./api.js";
import {
  checkAll,
  checked,
  isBoolean,
  isCount,
  isDuration,
  isObject,
  isText,
  type Rule,
  type Rules,
  word,
} from "./check.js";
import { isEntryId } from "./entry/id.js";
import { checkFilter } from "./filter.js";

const LONGEST_REASON = 500;
/** Entries of one page. */
export const LARGEST_LIST = 1000;

const WORD: Rule = ["a string of 1 to 256 characters", word(256)];
const REASON: Rule = [
  `a string of up to ${LONGEST_REASON} characters`,
  (value) => typeof value === "string" && value.length <= LONGEST_REASON,
];
const COUNT: Rule = ["a positive integer", isCount];
const BOOLEAN: Rule = ["a boolean", isBoolean];
const AGE: Rule = ["a finite number of milliseconds of at least 0", isDuration];
/** Core has the rule, and its words: it throws by itself. */
const NAME: Rule = ["a protected name", isName];

/** Who asks for it, and why. */
export const ASKED: Rules = { actor: WORD, reason: REASON };
export const SWEEP: Rules = { maxItems: COUNT, escalate: BOOLEAN };
export const BATCH: Rules = {
  domain: WORD,
  name: NAME,
  failureType: WORD,
  maxItems: COUNT,
  adaptive: BOOLEAN,
  priority: BOOLEAN,
};
export const ENDING: Rules = { actor: needed(WORD), note: ["a string", isText] };
export const REDRIVE: Rules = {
  actor: needed(WORD),
  reason: [`1 to ${LONGEST_REASON} characters, not blank`, isReason, "needed"],
  ticketUrl: ["a string of 1 to 500 characters", word(500)],
  overrideKillSwitch: BOOLEAN,
};
export const ARCHIVE: Rules = { olderThan: needed(AGE) };
const PURGE: Rules = { ids: ["an array", Array.isArray], olderThan: AGE, confirm: BOOLEAN };

export function checkId(id: unknown): void {
  checked("id", "a string", id, isText);
}

export function checkCount(option: string, value: unknown): void {
  checked(option, COUNT[0], value, isCount);
}

/** A page of a list, and its filter. */
export function checkPage(limit: unknown, after: unknown, filter: EntryFilter): void {
  const isLimit = (value: unknown): boolean => isCount(value) && Number(value) <= LARGEST_LIST;
  checked("limit", `an integer from 1 to ${LARGEST_LIST}`, limit, isLimit);
  if (after !== undefined) checked("after", "the `next` of an earlier page", after, isEntryId);
  checkFilter(filter);
}

export function checkPurge(options: unknown): void {
  checkAll("options", options, PURGE);
  const { ids, olderThan, confirm } = options as { ids?: unknown[]; olderThan?: number; confirm?: boolean };
  if (ids !== undefined && olderThan !== undefined)
    throw new ConfigurationError("purge takes ids or olderThan, not both");
  for (const [index, id] of (ids ?? []).entries()) checked(`ids[${index}]`, "a string", id, isText);
  if (olderThan !== undefined && confirm !== true)
    throw new ConfigurationError("purge by age needs confirm: true, for it cannot be undone");
}

/** What the application hands over itself; its content may be of any shape. */
export function checkOperation(operation: NewFailedOperation): void {
  checked("operation", "an object", operation, isObject);
  const { name, domain, failureType, maxRetries, errorMessage, attempts } = operation;
  validateName(name, "operation.name");
  checked("operation.failureType", WORD[0], failureType, WORD[1]);
  // Any text will do: what is no label is replaced by one.
  if (domain !== undefined) checked("operation.domain", "a string", domain, isText);
  if (maxRetries !== undefined)
    checked("operation.maxRetries", "an integer from 0 to 100", maxRetries, isBudget);
  if (errorMessage !== undefined) checked("operation.errorMessage", "a string", errorMessage, isText);
  if (attempts === undefined) return;
  checked("operation.attempts", "an array", attempts, Array.isArray);
  for (const [index, attempt] of attempts.entries())
    checked(`operation.attempts[${index}]`, "an object", attempt, isObject);
}

function needed([rule, keeps]: Rule): Rule {
  return [rule, keeps, "needed"];
}

function isName(value: unknown): boolean {
  validateName(value);
  return true;
}

function isBudget(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 100;
}

function isReason(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "" && value.length <= LONGEST_REASON;
}
