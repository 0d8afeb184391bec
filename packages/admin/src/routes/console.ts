import { randomBytes } from "node:crypto";
import { consolePage } from "../console-page.js";
import { Problem } from "../response/problem.js";
import type { Host, Route } from "./route.js";

const NONCE = "__BALDUR_NONCE__";
const NONCE_BYTES = 18;

/** The web console. It holds nothing secret: what it shows it asks for, with the key of who looks. */
export function consoleRoutes({ policy }: Host): Route[] {
  let parts: readonly string[] | undefined;
  const page = async (): Promise<Response> => {
    if (policy.consoleEnabled) parts ??= (await consolePage())?.split(NONCE);
    if (parts === undefined)
      throw new Problem({ status: 404, code: "CONSOLE_DISABLED", detail: "there is no console here" });
    return pageResponse(parts);
  };
  return [
    {
      method: "GET",
      path: "/",
      role: "public",
      summary: "the web console",
      handler: ({ request }) => redirected(request) ?? page(),
    },
  ];
}

/** The page asks by relative addresses, which are wrong where its own has no slash at the end. */
function redirected({ url }: Request): Response | undefined {
  const { pathname } = new URL(url);
  if (pathname.endsWith("/")) return undefined;
  const last = pathname.slice(pathname.lastIndexOf("/") + 1);
  return new Response(null, { status: 308, headers: { location: `${last}/` } });
}

/** A nonce is good for one load. */
function pageResponse(parts: readonly string[]): Response {
  const nonce = randomBytes(NONCE_BYTES).toString("base64");
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": contentPolicy(nonce),
  };
  return new Response(parts.join(nonce), { headers });
}

/** Its own script and style, and requests to where it came from. */
function contentPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
