import { isUtf8 } from "node:buffer";
import type { OutgoingHttpHeaders } from "node:http";
import { answerOf, type HttpAnswer } from "./answer.js";

/** An answer as it is kept for duplicates of its request. */
export interface StoredResponse {
  readonly fingerprint: string;
  readonly status: number;
  readonly headers: HttpAnswer["headers"];
  /** Absent where the body was too long to be kept. */
  readonly body?: string;
  readonly encoding?: "utf8" | "base64";
}

/** What holds for one connection or one moment only. */
const NOT_KEPT: readonly string[] = [
  ...["connection", "keep-alive", "transfer-encoding", "upgrade", "trailer", "content-length", "date"],
  ...["ratelimit", "ratelimit-policy", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"],
  ...["x-ratelimit-mode", "retry-after"],
];

/** What was answered, to be kept. A body of undefined was too long. */
export function storedResponse(
  fingerprint: string,
  status: number,
  headers: OutgoingHttpHeaders,
  body: Buffer | undefined,
): StoredResponse {
  const kept = Object.entries(headers).flatMap(([name, value]) => keep(name.toLowerCase(), value));
  const answer = { fingerprint, status, headers: Object.fromEntries(kept) };
  if (body === undefined) return answer;
  const encoding = isUtf8(body) ? "utf8" : "base64";
  return { ...answer, body: body.toString(encoding), encoding };
}

function keep(name: string, value: OutgoingHttpHeaders[string]): [string, string | string[]][] {
  if (value === undefined || NOT_KEPT.includes(name)) return [];
  return [[name, Array.isArray(value) ? value.map(String) : String(value)]];
}

/** Checks what came from a store. */
export function isStoredResponse(value: unknown): value is StoredResponse {
  if (typeof value !== "object" || value === null) return false;
  const { fingerprint, status, headers, body, encoding } = value as Partial<Record<string, unknown>>;
  return (
    typeof fingerprint === "string" &&
    Number.isInteger(status) &&
    typeof headers === "object" &&
    headers !== null &&
    (body === undefined || (typeof body === "string" && (encoding === "utf8" || encoding === "base64")))
  );
}

/** The same answer again, marked as such. Undefined where its body was too long to be kept. */
export function replayed({ status, headers, body, encoding }: StoredResponse): HttpAnswer | undefined {
  if (body === undefined) return undefined;
  return answerOf(status, { ...headers, "idempotency-replayed": "true" }, Buffer.from(body, encoding));
}
