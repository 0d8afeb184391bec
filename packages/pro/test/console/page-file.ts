import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

/** The page as it is built; the build must have run. */
const BUILT = new URL("../../../../apps/console/dist/index.html", import.meta.url);
const NONCE = "__BALDUR_NONCE__";

export interface ServedPage {
  readonly html: string;
  readonly policy: string;
}

/** The page with a nonce of its own, and the policy that goes with it: as the admin server has them. */
export function servedPage(): ServedPage {
  const nonce = randomBytes(18).toString("base64");
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return { html: readFileSync(BUILT, "utf8").replaceAll(NONCE, nonce), policy };
}
