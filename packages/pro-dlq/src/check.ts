import { ConfigurationError } from "@baldur/core";

const LONGEST_SHOWN = 100;

/** Throws `ConfigurationError` that names the option, its rule and what was given. */
export function checked(
  option: string,
  rule: string,
  value: unknown,
  keeps: (value: unknown) => boolean,
): void {
  if (!keeps(value)) throw new ConfigurationError(`${option} must be ${rule}; received ${shown(value)}`);
}

/** A string of so many characters at most. */
export function word(longest: number): (value: unknown) => boolean {
  return (value) => typeof value === "string" && value !== "" && value.length <= longest;
}

function shown(value: unknown): string {
  // An object may have a text of its own making, or none.
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
