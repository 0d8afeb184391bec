import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";

/** Methods that carry no body. */
const BODILESS: readonly string[] = ["GET", "HEAD"];

/** What is known of a request of Node besides itself. */
export interface BridgedRequest {
  /** With its query. */
  readonly path: string;
  /** What a parser has made of the body already. */
  readonly parsed?: unknown;
}

/** A request of Node as the Fetch standard has it. Throws for one that the standard has no words for. */
export function toWebRequest(request: IncomingMessage, { path, parsed }: BridgedRequest): Request {
  const method = request.method ?? "GET";
  const host = request.headers.host ?? request.headers[":authority"];
  const init = { method, headers: headersOf(request.rawHeaders) };
  const url = new URL(path, `http://${String(host ?? "localhost")}`);
  if (BODILESS.includes(method)) return new Request(url, init);
  return new Request(url, { ...init, duplex: "half", body: bodyOf(request, parsed) } as RequestInit);
}

/** Sends what a handler has answered. Settles when all is sent, or the client has left. */
export async function sendWebResponse(response: ServerResponse, answer: Response): Promise<void> {
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) {
    if (name !== "set-cookie") response.setHeader(name, value);
  }
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader("set-cookie", cookies);
  if (answer.body === null) {
    response.end();
    return;
  }
  response.flushHeaders();
  await pipeline(Readable.fromWeb(answer.body as ReadableStream), response).catch(clientLeft);
}

/** Nobody is left to be told. */
function clientLeft(): void {
  return undefined;
}

function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] as string;
    if (!name.startsWith(":")) headers.append(name, raw[index + 1] as string);
  }
  return headers;
}

function bodyOf(request: IncomingMessage, parsed: unknown): ReadableStream | string | Uint8Array {
  if (!request.readableEnded) return Readable.toWeb(request) as ReadableStream;
  if (typeof parsed === "string" || parsed instanceof Uint8Array) return parsed;
  return parsed === undefined ? "" : JSON.stringify(parsed);
}
