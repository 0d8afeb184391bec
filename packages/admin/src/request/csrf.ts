import { KEY_HEADER } from "../access/authenticate.js";
import { Problem } from "../response/problem.js";

const REQUEST_HEADER = "x-baldur-request";

/** Throws a problem for a change that a form of another site could have sent: no form can set these headers. */
export function requireOwnRequest({ headers }: Request): void {
  const [type = ""] = (headers.get("content-type") ?? "").split(";");
  const isJson = type.trim().toLowerCase() === "application/json";
  if (isJson || headers.has(KEY_HEADER) || headers.has(REQUEST_HEADER)) return;
  throw new Problem({
    status: 403,
    code: "REQUEST_HEADER_MISSING",
    detail: "a change needs Content-Type: application/json, or the header X-Baldur-Request",
  });
}
