/**
 * Characters that are not seen, or that change how others are read: controls, and marks of direction. Names and messages
 * come from outside, so these are spelled out. Lines, and what joins letters, stay.
 */
const UNSEEN = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const LONGEST = 20_000;

/** Any value as the text that people are shown. Undefined and null have none. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return clean(typeof value === "string" ? value : spelled(value));
}

/** A text with its unseen characters spelled out. */
export function clean(text: string): string {
  const seen = text.replace(UNSEEN, (character) => `⟨U+${hex(character)}⟩`);
  return seen.length <= LONGEST
    ? seen
    : `${seen.slice(0, LONGEST)}… (${text.length.toLocaleString("en")} characters)`;
}

/** A text that fits a line of a list. */
export function brief(value: unknown, longest = 300): string {
  const text = textOf(value);
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}

/** JSON for people. Never throws. */
export function jsonOf(value: unknown): string {
  try {
    return clean(JSON.stringify(value, undefined, 2) ?? "");
  } catch {
    return clean(String(value));
  }
}

function spelled(value: unknown): string {
  if (typeof value !== "object") return String(value);
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "";
  }
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}
