import type { Attempt } from "@baldur/core";
import { causesOf, clean, type ErrorFacts, factsOf, isError, property } from "./errors.js";
import { cut } from "./quote.js";
import { oddity } from "./readable.js";
import { isSensitiveName } from "./sensitive.js";
import { snapshot } from "./snapshot.js";

/** What is kept of the error that an operation failed with. */
export interface FailureDescription {
  /** The error's own code, else the status it was answered with, else its name. */
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly causes: readonly ErrorFacts[];
  readonly stack?: string;
}

/** An attempt as it is stored. */
export interface AttemptDescription {
  readonly number: number;
  /** ISO 8601. */
  readonly startedAt?: string;
  /** Milliseconds. */
  readonly duration?: number;
  readonly error?: ErrorFacts;
  /** Milliseconds. */
  readonly delayBeforeNext?: number;
}

const MOST_FRAMES = 50;
const LONGEST_STACK = 10_000;
const LONGEST_SHOWN = 2000;
const FRAME = /^\s+at /;
/** No path of a file: a message may quote a stack, or what looks like one. */
const SUSPICIOUS = /=|:\/\/[^/\s]*@|bearer/i;
const MOST_ATTEMPTS = 20;

/** Anything thrown, as an operator is to see it: bounded, without secrets. Never throws. Reading the stack is what costs. */
export function describeError(error: unknown, withStack = true): FailureDescription {
  const { name, message, code } = thrown(error);
  const causes = causesOf(error);
  const stack = withStack ? stackOf(error) : undefined;
  return {
    errorCode: code ?? name,
    // Node's own error for a connection that failed on every address says nothing itself.
    errorMessage: message || causes[0]?.message || name,
    causes,
    ...(stack !== undefined && { stack }),
  };
}

/** The history of a call, as far as its last attempts. An error that is described elsewhere is left out. */
export function describeAttempts(attempts: readonly Attempt[], described?: unknown): AttemptDescription[] {
  const skipped = Math.max(0, attempts.length - MOST_ATTEMPTS);
  return attempts
    .slice(skipped)
    .map((attempt, index) => describeAttempt(attempt, skipped + index + 1, described));
}

function describeAttempt(attempt: Attempt, position: number, described: unknown): AttemptDescription {
  const error = property(attempt, "error");
  const startedAt = iso(property(attempt, "startedAt"));
  const duration = finite(property(attempt, "duration"));
  const delayBeforeNext = finite(property(attempt, "delayBeforeNext"));
  return {
    number: finite(property(attempt, "number")) ?? position,
    ...(startedAt !== undefined && { startedAt }),
    ...(duration !== undefined && { duration }),
    ...(error !== undefined && error !== described && { error: thrown(error) }),
    ...(delayBeforeNext !== undefined && { delayBeforeNext }),
  };
}

function finite(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function iso(value: unknown): string | undefined {
  return value instanceof Date && finite(value.getTime()) !== undefined ? value.toISOString() : undefined;
}

/** What is thrown need not be an error: anything else without a message is shown as it is. */
function thrown(error: unknown): ErrorFacts {
  const facts = factsOf(error);
  return facts.message !== "" || isError(error) ? facts : { ...facts, message: clean(shown(error)) };
}

function shown(value: unknown): string {
  if (typeof value === "object") {
    return snapshot(value, { maxBytes: LONGEST_SHOWN, isSensitive: isSensitiveName }).json;
  }
  return typeof value === "function" || typeof value === "symbol" ? oddity(value) : String(value);
}

function stackOf(error: unknown): string | undefined {
  const stack = property(error, "stack");
  if (typeof stack !== "string" || stack === "") return undefined;
  const lines = stack.slice(0, 2 * LONGEST_STACK).split("\n");
  const first = lines.findIndex((line) => FRAME.test(line));
  if (first === -1) return undefined; // nothing that the message does not say
  const words = lines.slice(0, first);
  const frames = lines.slice(first).filter((line) => FRAME.test(line));
  const shownFrames = frames
    .slice(0, MOST_FRAMES)
    .map((frame) => (SUSPICIOUS.test(frame) ? clean(frame) : frame));
  return cut([clean(words.join("\n"), LONGEST_STACK), ...shownFrames].join("\n"), LONGEST_STACK);
}
