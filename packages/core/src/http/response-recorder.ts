import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";

/** An answer that an application has given. */
export interface RecordedResponse {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** Undefined where it is longer than is kept. */
  readonly body: Buffer | undefined;
}

/** Told once, when the application has given its answer; the client gets the end of it when the promise has settled. */
export type OnRecorded = (response: RecordedResponse) => PromiseLike<void> | void;

type Write = (...args: unknown[]) => unknown;

/** Reads along what an application answers. Works for a client that has left, too: the work was done all the same. */
export class ResponseRecorder {
  #chunks: Buffer[] = [];
  #size = 0;
  #explicit: OutgoingHttpHeaders = {};
  #headers: OutgoingHttpHeaders | undefined;
  #ended = false;
  /** The answer is given and not yet sent: what else is said now comes too late, as it would be if it had been sent. */
  #isHeld = false;

  constructor(
    private readonly response: ServerResponse,
    private readonly maxBytes: number,
    private readonly onRecorded: OnRecorded,
  ) {
    const { writeHead, write, end } = response;
    const methods: Record<"writeHead" | "write" | "end", Write> = {
      writeHead: (...args) => {
        if (this.#isHeld) return response;
        this.#readHead(args);
        return (writeHead as Write).apply(response, args);
      },
      write: (...args) => {
        if (this.#isHeld) return false;
        this.#read(args);
        return (write as Write).apply(response, args);
      },
      end: (...args) => this.#end(args, () => (end as Write).apply(response, args)),
    };
    Object.assign(response, methods);
  }

  /** `writeHead(status, message?, headers?)`: what it is given is not among the headers that can be asked for. */
  #readHead(args: readonly unknown[]): void {
    this.#explicit = headersOf(typeof args[1] === "string" ? args[2] : args[1]);
    this.#headers = { ...this.response.getHeaders(), ...this.#explicit };
  }

  #read([chunk, encoding]: readonly unknown[]): void {
    if (chunk === undefined || chunk === null || typeof chunk === "function") return;
    const bytes =
      typeof chunk === "string"
        ? Buffer.from(chunk, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8")
        : Buffer.from(chunk as Uint8Array);
    this.#size += bytes.length;
    if (this.#size > this.maxBytes) this.#chunks = [];
    else this.#chunks.push(bytes);
  }

  #end(args: readonly unknown[], send: () => unknown): unknown {
    if (this.#ended) return this.response;
    this.#ended = true;
    this.#read(args);
    const settled = this.onRecorded({
      status: this.response.statusCode,
      headers: this.#headers ?? this.response.getHeaders(),
      body: this.#size > this.maxBytes ? undefined : Buffer.concat(this.#chunks),
    });
    if (settled === undefined) return send();
    this.#hold(settled, send);
    return this.response;
  }

  #hold(settled: PromiseLike<void>, send: () => unknown): void {
    const restore = headOf(this.response);
    this.#isHeld = true;
    const sendHeld = (): void => {
      this.#isHeld = false;
      if (!this.response.headersSent) restore();
      send();
    };
    settled.then(sendHeld, sendHeld);
  }
}

/** Puts status and headers back as they are now. */
function headOf(response: ServerResponse): () => void {
  const { statusCode } = response;
  // HTTP/2 has none, and warns who asks for it.
  const hasMessage = (): boolean => Object.hasOwn(response, "statusMessage");
  const message = hasMessage() ? response.statusMessage : undefined;
  // As they are written; a response of HTTP/2 has them in lower case only.
  const { getRawHeaderNames } = response as { getRawHeaderNames?(): string[] };
  const names = getRawHeaderNames?.call(response) ?? response.getHeaderNames();
  const headers = names.map((name) => [name, response.getHeader(name) as OutgoingHttpHeader] as const);
  const known = new Set(response.getHeaderNames());
  return () => {
    response.statusCode = statusCode;
    if (hasMessage()) Object.assign(response, { statusMessage: message });
    for (const name of response.getHeaderNames().filter((later) => !known.has(later)))
      response.removeHeader(name);
    for (const [name, value] of headers) response.setHeader(name, value);
  };
}

/** As an object, or as an array of pairs, or of names and values in turn. */
function headersOf(given: unknown): OutgoingHttpHeaders {
  if (typeof given !== "object" || given === null) return {};
  if (!Array.isArray(given)) return given as OutgoingHttpHeaders;
  const flat = given.flat() as readonly OutgoingHttpHeader[];
  const headers: Record<string, OutgoingHttpHeader> = {};
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = String(flat[index]).toLowerCase();
    const before = headers[name];
    const value = flat[index + 1] as OutgoingHttpHeader;
    headers[name] = before === undefined ? value : [before, value].flat().map(String);
  }
  return headers;
}
