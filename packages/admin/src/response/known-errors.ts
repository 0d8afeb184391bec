import { AdapterError, ConfigurationError, DLQError, DLQReplayError, isBaldurError } from "@baldur/core";
import { Problem } from "./problem.js";

/** Ends of codes that any plugin's errors may have. */
const BY_CODE: readonly [end: string, status: number][] = [
  ["_ENTRY_NOT_FOUND", 404],
  ["_CONFLICT", 409],
];

/** What an error of Baldur's own means to who asked; undefined for any other, whose words are not for the outside. */
export function knownProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (!isBaldurError(error)) return undefined;
  const { code, message } = error;
  const broken = code === "ERR_BALDUR_CONFIGURATION" ? BROKEN_RULE.exec(message) : null;
  if (broken !== null) {
    const [, field, rule, received] = broken;
    return new Problem({
      status: 400,
      code: "BAD_REQUEST",
      detail: message,
      facts: { field, rule, received },
    });
  }
  const status = statusOf(error);
  if (status === undefined) return undefined;
  return new Problem({ status, code, detail: status === UNAVAILABLE ? "a store does not answer" : message });
}

const UNAVAILABLE = 503;
/** How core, and what goes by its ways, says that an option breaks its rule. */
const BROKEN_RULE = /^(?:[a-z]+\.)?(\w+)(?:\[\d+\])? must be (.+); received (.+)$/s;

function statusOf(error: Error & { readonly code: string }): number | undefined {
  const byCode = BY_CODE.find(([end]) => error.code.endsWith(end));
  if (byCode !== undefined) return byCode[1];
  if (error instanceof DLQReplayError) return 500;
  if (error instanceof DLQError || error instanceof ConfigurationError) return 400;
  return error instanceof AdapterError ? UNAVAILABLE : undefined;
}
