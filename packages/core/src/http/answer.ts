import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";

/** An answer that is given in place of the application's. @public */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Uint8Array;
}

/** What is wrong with a request, as RFC 9457 has it. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** A link to what explains it. */
  readonly type?: string;
}

type Headers = HttpAnswer["headers"];

/** An answer of which the length of the body is told. */
export function answerOf(status: number, headers: Headers, body: string | Uint8Array): HttpAnswer {
  return { status, headers: { ...headers, "content-length": String(Buffer.byteLength(body)) }, body };
}

export function textAnswer(status: number, body: string, headers: Headers = {}): HttpAnswer {
  return answerOf(status, { "content-type": "text/plain; charset=utf-8", ...headers }, body);
}

export function jsonAnswer(status: number, value: unknown, headers: Headers = {}): HttpAnswer {
  const type = { "content-type": "application/json; charset=utf-8" };
  return answerOf(status, { ...type, ...headers }, JSON.stringify(value));
}

export function problemAnswer(problem: Problem, headers: Headers = {}): HttpAnswer {
  const type = { "content-type": "application/problem+json", "content-language": "en" };
  return answerOf(problem.status, { ...type, ...headers }, JSON.stringify(problem));
}

/** Sends an answer, unless another one has been begun. What the application has said before, it has said of this one too. @public */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  if (response.headersSent) return;
  const headers = unsaid(answer.headers, (name) => response.hasHeader(name));
  response.writeHead(answer.status, headers as OutgoingHttpHeaders);
  response.end(request.method === "HEAD" ? undefined : answer.body);
}

/** The headers of an answer without those that a response has already, but with all that are about the body. @public */
export function unsaid(headers: Headers, isSaid: (name: string) => boolean): Headers {
  const names = Object.keys(headers);
  if (!names.some((name) => isSaid(name) && !name.startsWith("content-"))) return headers;
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !isSaid(name) || name.startsWith("content-")),
  );
}
