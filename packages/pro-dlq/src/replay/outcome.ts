import { IdempotencyDuplicateError, isBaldurError } from "@baldur/core";
import type { ReplayEnding } from "@baldur/core/plugin";
import type { ReplayTrigger } from "../entry/entry.js";
import type { Input } from "../entry/transition.js";

/** What the entry is told about a replay. Where its handler was not called, that costs it nothing. Pure. */
export function verdictOn(ending: ReplayEnding, token: string, trigger: ReplayTrigger): Input {
  if ("value" in ending) return { type: "succeed", token, how: trigger };
  const { error } = ending;
  if (isDuplicate(error)) {
    return error.decision === "skip"
      ? { type: "succeed", token, how: "duplicate_skip", note: "its work was done by another call" }
      : { type: "defer", token, reason: "in_progress" };
  }
  if (!ending.ran && isBaldurError(error)) return { type: "defer", token, reason: error.code };
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
