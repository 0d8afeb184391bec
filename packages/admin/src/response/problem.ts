import { STATUS_CODES } from "node:http";

export interface ProblemOptions {
  readonly status: number;
  /** Stable, for programs. */
  readonly code?: string;
  /** For people. Never the words of an error that is not known. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Members besides those of RFC 9457. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Thrown inside to answer a request with a problem; never leaves the handler. */
export class Problem extends Error {
  constructor(readonly options: ProblemOptions) {
    super(options.detail);
  }
}

/** A request that breaks a rule of its route. */
export function badRequest(detail: string, field?: string): Problem {
  return new Problem({
    status: 400,
    code: "BAD_REQUEST",
    detail,
    ...(field !== undefined && { facts: { field } }),
  });
}

/** The answer, as RFC 9457 has it. */
export function problemResponse({ status, code, detail, headers, facts }: ProblemOptions): Response {
  const body = {
    ...facts,
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    detail,
    code,
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, "content-type": "application/problem+json" },
  });
}
