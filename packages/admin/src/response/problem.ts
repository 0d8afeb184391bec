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

const LONGEST_RECEIVED = 100;

/** A field, or a parameter, that breaks its rule: which one, the rule, and what was received in short. */
export function invalidField(field: string, rule: string, value: unknown): Problem {
  const received = inShort(value);
  return new Problem({
    status: 400,
    code: "BAD_REQUEST",
    detail: `${field} must be ${rule}; received ${JSON.stringify(received)}`,
    facts: { field, rule, received },
  });
}

function inShort(value: unknown): unknown {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  const isLong = typeof value === "string" && value.length > LONGEST_RECEIVED;
  return isLong ? `${value.slice(0, LONGEST_RECEIVED)}…` : value;
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
