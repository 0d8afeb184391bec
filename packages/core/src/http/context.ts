import type { IncomingHttpHeaders } from "node:http";

/** What is known of a request besides what it asks for. Each is looked up, or made, when it is first read. @public */
export interface RequestContext {
  /** `X-Correlation-ID` or `X-Request-ID` of the request, else a new one: what its logs have in common. */
  readonly correlationId: string;
  /** Of the header `traceparent`; undefined without one. */
  readonly traceId: string | undefined;
  /** Milliseconds that the caller still waits, of its header `X-Deadline-Remaining`; undefined without one. */
  readonly remaining: number | undefined;
}

const CORRELATION_HEADERS = ["x-correlation-id", "x-request-id"] as const;
/** What may be repeated in a log or a header of ours. */
const CORRELATION_ID = /^[\w.~:/+=@-]{1,128}$/;
const TRACE_PARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-|$)/;
const MILLISECONDS = /^\d{1,10}$/;

/** The id that the request came with; undefined without one that may be repeated. */
export function givenCorrelationId(headers: IncomingHttpHeaders): string | undefined {
  for (const header of CORRELATION_HEADERS) {
    const value = headers[header];
    if (typeof value === "string" && CORRELATION_ID.test(value)) return value;
  }
  return undefined;
}

/** The trace that the request is part of, as W3C Trace Context has it. */
export function traceIdOf({ traceparent }: IncomingHttpHeaders): string | undefined {
  return typeof traceparent === "string" ? TRACE_PARENT.exec(traceparent)?.[1] : undefined;
}

/** Milliseconds that the caller waited for at the time of the request. */
export function deadlineOf(headers: IncomingHttpHeaders): number | undefined {
  const value = headers["x-deadline-remaining"];
  return typeof value === "string" && MILLISECONDS.test(value) ? Number(value) : undefined;
}
