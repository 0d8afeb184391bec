import { createHash } from "node:crypto";
import type { EntryBody } from "../../entry/entry.js";

const LONGEST = 400;

export function leaseKey(what: string): string {
  return keyOf(what);
}

export function summaryKey({ domain, failureType, errorCode = "" }: EntryBody): string {
  return keyOf(domain, failureType, errorCode);
}

/** Text that every server can keep: JSON has neither zeros nor halves of a character in it. */
function keyOf(...parts: readonly string[]): string {
  const text = JSON.stringify(parts);
  if (text.length <= LONGEST) return text;
  return `${JSON.stringify(text.slice(0, LONGEST))}~${createHash("sha256").update(text).digest("hex")}`;
}
