import { types } from "node:util";
import { cut } from "./quote.js";
import { redactText } from "./redact-text.js";

/** What identifies an error. */
export interface ErrorFacts {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

const LONGEST_MESSAGE = 500;
const LONGEST_NAME = 100;
/** Looked through for secrets, of which one at the end would be shown half when it were cut first. */
const LONGEST_READ = 4000;
const MOST_CAUSES = 10;
/** Most names and codes: nothing to look for in them. */
const PLAIN = /^[A-Z0-9][A-Za-z0-9_]{0,60}$/;
const CODES = ["code", "status", "statusCode"] as const;

/** The facts of anything thrown, without secrets. Never throws. */
export function factsOf(error: unknown): ErrorFacts {
  const code = codeOf(error);
  return { name: nameOf(error), message: messageOf(error), ...(code !== undefined && { code }) };
}

/** What an error was caused by: its cause, and the errors that it gathers, and theirs. Never throws. */
export function causesOf(error: unknown): ErrorFacts[] {
  const found: ErrorFacts[] = [];
  const seen = new Set<unknown>([error]);
  const waiting = below(error);
  for (let next = waiting.shift(); next !== undefined && found.length < MOST_CAUSES; next = waiting.shift()) {
    if (seen.has(next)) continue;
    seen.add(next);
    found.push(factsOf(next));
    waiting.push(...below(next));
  }
  return found;
}

/** Text of an error's: readable and short. */
export function clean(text: string, longest: number = LONGEST_MESSAGE): string {
  const redacted = redactText(cut(text, LONGEST_READ));
  return redacted.length > longest ? `${cut(redacted, longest - 1)}…` : redacted;
}

/** A property of anything; undefined when it cannot be read. */
export function property(value: unknown, key: string): unknown {
  try {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  } catch {
    return undefined; // a getter threw
  }
}

export function isError(value: unknown): boolean {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    return false; // a proxy that refuses to name its prototype
  }
}

/** Its own code, else the status that it was answered with. */
function codeOf(error: unknown): string | undefined {
  const isCode = (code: unknown): boolean =>
    typeof code === "string" ? code !== "" : Number.isFinite(code) || typeof code === "bigint";
  const code = CODES.map((key) => property(error, key)).find(isCode);
  return code === undefined ? undefined : label(String(code));
}

function nameOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return error === null ? "null" : typeof error;
  const name = property(error, "name");
  return typeof name === "string" && name !== "" ? label(name) : "object";
}

function label(text: string): string {
  return PLAIN.test(text) ? text : clean(text, LONGEST_NAME);
}

function messageOf(error: unknown): string {
  const message = typeof error === "string" ? error : property(error, "message");
  return typeof message === "string" ? clean(message) : "";
}

function below(error: unknown): unknown[] {
  const errors = property(error, "errors");
  // Not by its iterator and no further than needed: it may be anything.
  const gathered = Array.from({ length: MOST_CAUSES }, (_, index) => property(errors, String(index)));
  return [property(error, "cause"), ...gathered].filter((each) => each !== undefined && each !== null);
}
