/** What requests that no route matched are counted under. @public */
export const UNMATCHED_ROUTE = "UNMATCHED_ROUTE" as const;
/** What requests to endpoints beyond the limit are counted under. @public */
export const OTHER_ENDPOINT = "OTHER_ENDPOINT" as const;

const LONGEST = 128;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a label is one line of a page, and a cell of a table
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const NUMBER = /^\d+$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Object ids, hashes, trace ids. */
const HEXADECIMAL = /^(?=.*\d)[0-9a-f]{16,}$/i;

/** A router's template as it is; one that is too long or not printable is counted with the others. */
export function endpointLabel(template: string): string {
  return template.length > LONGEST || CONTROL_CHARACTERS.test(template) ? OTHER_ENDPOINT : template;
}

/** Whether a path is one of these, or below one: `/health/live` is within `/health`, `/healthcare` is not. */
export function isWithin(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some(
    (prefix) => path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === "/"),
  );
}

/**
 * A path with whatever tells one thing from another replaced: `/users/123` becomes `/users/{id}`. Whole segments only,
 * so that `/2fa` stays.
 */
export function templateOf(path: string): string {
  const [clean = ""] = path.split(/[?#]/, 1);
  const segments = clean.split("/").filter((segment) => segment !== "");
  return `/${segments.map(placeholder).join("/")}`;
}

function placeholder(segment: string): string {
  if (NUMBER.test(segment) || HEXADECIMAL.test(segment)) return "{id}";
  return UUID.test(segment) ? "{uuid}" : segment;
}
