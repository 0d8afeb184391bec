import { badRequest, Problem } from "../response/problem.js";

const LENGTH = /^\d{1,15}$/;
/** What reads a body after this, the journal among them, goes down into it level by level. */
const DEEPEST = 64;

/** The JSON of a body, read no further than `most` bytes; undefined where there is none. Throws a problem. */
export async function readBody(request: Request, most: number): Promise<unknown> {
  const length = request.headers.get("content-length");
  if (length !== null && !LENGTH.test(length)) throw badRequest("Content-Length must be a number of bytes");
  if (length !== null && Number(length) > most) throw tooLarge(most);
  const bytes = await bytesOf(request, most);
  const body = bytes.length === 0 ? undefined : parse(bytes);
  if (!isWithinDepth(body, DEEPEST)) throw badRequest(`the body is nested deeper than ${DEEPEST} levels`);
  return body;
}

/** Counted as they come: a chunked body says nothing of its length. */
async function bytesOf({ body }: Request, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body?.getReader();
  const next = () => reader?.read().catch(brokenOff);
  for (let part = await next(); part?.done === false; part = await next()) {
    size += part.value.length;
    if (size > most) throw tooLarge(most);
    chunks.push(part.value);
  }
  return Buffer.concat(chunks, size);
}

/** Who has gone hears nothing of it; that it was their doing, the log does. */
function brokenOff(): never {
  throw badRequest("the body ended before it was whole");
}

function parse(bytes: Buffer): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.trim() === "" ? undefined : JSON.parse(text);
  } catch {
    throw badRequest("the body is not JSON"); // its own words would quote the body
  }
}

function isWithinDepth(value: unknown, left: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return left > 0 && Object.values(value).every((inner) => isWithinDepth(inner, left - 1));
}

/** Whoever goes on sending is cut off. */
function tooLarge(most: number): Problem {
  return new Problem({
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
    detail: `the body is larger than ${most} bytes (BALDUR_ADMIN_MAX_BODY_BYTES)`,
    headers: { connection: "close" },
  });
}
