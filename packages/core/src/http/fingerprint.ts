import type { Hash } from "node:crypto";

/** What makes two requests the same. */
export interface Fingerprinted {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  /** What shows who asks: an answer is for nobody else. */
  readonly credentials: readonly (string | undefined)[];
  readonly body: unknown;
}

/** A digest of a request. Bodies of JSON are the same when only the order of their keys differs. Throws for one too deep. */
export function fingerprint({ method, url, credentials, body }: Fingerprinted): string {
  const { createHash } = process.getBuiltinModule("node:crypto"); // importing the package must not load what is not used
  const hash = createHash("sha256").update(JSON.stringify([method, url, credentials]));
  return addBody(hash, body).digest("base64");
}

function addBody(hash: Hash, body: unknown): Hash {
  if (body === undefined) return hash;
  if (typeof body === "string" || body instanceof Uint8Array) return hash.update("\0").update(body);
  return hash.update("\0").update(JSON.stringify(body, inOrder) ?? "");
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted);
}
