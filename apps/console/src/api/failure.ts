/** Why the server did not do what was asked, or did not answer. */
export interface Failure {
  readonly kind: "offline" | "timeout" | "unauthenticated" | "forbidden" | "absent" | "refused" | "broken";
  /** For people. */
  readonly message: string;
  readonly status?: number;
  readonly code?: string;
}

export class ApiError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

const KINDS: Readonly<Record<number, Failure["kind"]>> = {
  401: "unauthenticated",
  403: "forbidden",
  404: "absent",
};
const SERVER_ERROR = 500;

/** What a server says when it refuses: problem details, or anything. */
export async function failureOf(response: Response): Promise<Failure> {
  const { status } = response;
  const problem = await problemOf(response);
  const message =
    said(problem, "detail") ??
    said(problem, "title") ??
    said(problem, "message") ??
    `the server answered ${status}`;
  const code = said(problem, "code") ?? said(problem, "error_code");
  const kind = KINDS[status] ?? (status >= SERVER_ERROR ? "broken" : "refused");
  return { kind, status, message, ...(code !== undefined && { code }) };
}

async function problemOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined; // no JSON: the status has to do
  }
}

function said(problem: unknown, key: string): string | undefined {
  if (typeof problem !== "object" || problem === null) return undefined;
  const value = (problem as Record<string, unknown>)[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** What was thrown while asking. */
export function failureFrom(error: unknown, timeout: number): Failure {
  if (error instanceof ApiError) return error.failure;
  const name = error instanceof Error ? error.name : "";
  if (name === "TimeoutError")
    return { kind: "timeout", message: `no answer within ${Math.round(timeout / 1000)} s` };
  if (name === "SyntaxError") return { kind: "broken", message: "the answer is no JSON" };
  return { kind: "offline", message: "the server does not answer" };
}
