import { IdempotencyDuplicateError, isBaldurError } from "@baldur/core";
import type { ReplayTrigger } from "../entry/entry.js";
import type { Input } from "../entry/transition.js";

/** How a handler ended. */
export type Ending = { readonly value: unknown } | { readonly error: unknown };

/** Refusals that say nothing about the entry: its work was not begun. */
const NOT_TRIED: ReadonlySet<string> = new Set([
  "ERR_BALDUR_CIRCUIT_OPEN",
  "ERR_BALDUR_BULKHEAD_FULL",
  "ERR_BALDUR_BULKHEAD_TIMEOUT",
  "ERR_BALDUR_RATE_LIMIT_EXCEEDED",
  "ERR_BALDUR_RATE_LIMIT_DEFERRED",
  "ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE",
]);

/** What the entry is told about it. Pure. */
export function verdictOn(ending: Ending, token: string, trigger: ReplayTrigger): Input {
  if ("value" in ending) return { type: "succeed", token, how: trigger };
  const { error } = ending;
  if (isDuplicate(error)) {
    return error.decision === "skip"
      ? { type: "succeed", token, how: "duplicate_skip", note: "its work was done by another call" }
      : { type: "defer", token, reason: "in_progress" };
  }
  if (isBaldurError(error) && NOT_TRIED.has(error.code)) return { type: "defer", token, reason: error.code };
  return { type: "fail", token, error: messageOf(error) };
}

/** The circuit is open: whatever comes next would be refused too. */
export function isCircuitOpen({ type, ...rest }: Input): boolean {
  return type === "defer" && "reason" in rest && rest.reason === "ERR_BALDUR_CIRCUIT_OPEN";
}

function isDuplicate(error: unknown): error is IdempotencyDuplicateError {
  return error instanceof IdempotencyDuplicateError;
}

export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "unreadable"; // a getter of the thrown value threw
  }
}
