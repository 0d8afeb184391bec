import type { Rejection } from "../access/authenticate.js";
import { Problem } from "./problem.js";

const DETAILS: Readonly<Record<Rejection, string>> = {
  missing_api_key_header: "send the key in the header X-Baldur-Admin-Key",
  invalid_api_key: "the key in X-Baldur-Admin-Key is not one of this server",
  api_key_not_configured_for_non_localhost_client:
    "without BALDUR_ADMIN_KEY only programs on this machine are let in, and no proxy",
};

/** The answer to somebody who is not let in. */
export function rejection(reason: Rejection): Problem {
  return new Problem({
    status: 401,
    code: "UNAUTHENTICATED",
    detail: DETAILS[reason],
    headers: { "www-authenticate": 'BaldurKey realm="baldur"' },
    facts: { reason },
  });
}
