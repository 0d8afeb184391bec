import { type HttpAnswer, problemAnswer } from "./answer.js";

/** Answers to requests that are not done for their key. */
export type IdempotencyProblems = Readonly<
  Record<
    "missing" | "malformed" | "unreadable" | "outstanding" | "reused" | "done" | "unavailable",
    HttpAnswer
  >
>;

const DRAFT = "https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/";
/** Seconds after which it makes sense to ask again. */
const SOON = { "retry-after": "1" };

/** Codes and titles are those of the draft, where it has them. */
export function idempotencyProblems(documentation: string = DRAFT): IdempotencyProblems {
  const link = { link: `<${documentation}>; rel="describedby"; type="text/html"` };
  const problem = (status: number, title: string, detail: string, headers = {}): HttpAnswer =>
    problemAnswer({ type: documentation, title, status, detail }, { ...link, ...headers });
  return {
    missing: problem(
      400,
      "Idempotency-Key is missing",
      "This operation is idempotent and it requires correct usage of Idempotency Key.",
    ),
    malformed: problem(
      400,
      "Idempotency-Key is malformed",
      "One key of 1 to 255 characters is wanted, as a String of Structured Fields.",
    ),
    unreadable: problem(
      400,
      "The request cannot be compared",
      "Its payload cannot be told from others, so it cannot be done once.",
    ),
    outstanding: problem(
      409,
      "A request is outstanding for this Idempotency-Key",
      "A request with the same Idempotency-Key is being processed, or was given up and nobody knows its outcome yet.",
      SOON,
    ),
    reused: problem(
      422,
      "Idempotency-Key is already used",
      "The key was used for another request. A key must not be reused across different payloads or callers.",
    ),
    done: problem(
      409,
      "The request was done before",
      "A request with the same Idempotency-Key was done, and its answer was not kept.",
    ),
    unavailable: problem(
      503,
      "Nobody can tell whether the request was done before",
      "The store of idempotency keys is away, and the request was not done.",
      SOON,
    ),
  };
}
