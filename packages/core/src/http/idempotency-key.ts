/** What a request says of its key. */
export type GivenKey = { readonly key: string } | { readonly problem: "missing" | "malformed" };

const LONGEST = 255;
/** A String of RFC 8941: printable ASCII in quotes, in which quotes and backslashes are escaped. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"[ \t]*(;.*)?$/;
/** What most clients send: a UUID or the like without the quotes. */
const BARE = /^[\w.~:/+=-]+$/;
const ESCAPED = /\\(["\\])/g;

/**
 * Reads the header `Idempotency-Key`. A String of Structured Fields, as the draft has it, or, because clients do not care, the
 * bare key: both name the same one. Two headers in one request are malformed, for Node joins them with a comma.
 */
export function readIdempotencyKey(header: string | readonly string[] | undefined): GivenKey {
  if (header === undefined || header === "") return { problem: "missing" };
  if (typeof header !== "string") return { problem: "malformed" };
  const value = header.trim();
  const key = BARE.test(value) ? value : QUOTED.exec(value)?.[1]?.replace(ESCAPED, "$1");
  if (key === undefined || key === "" || key.length > LONGEST) return { problem: "malformed" };
  return { key };
}
