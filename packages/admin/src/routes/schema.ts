import { openApi } from "../schema/document.js";
import { docsPage } from "../schema/page.js";
import type { Host, Route } from "./route.js";

const HTML = { "content-type": "text/html; charset=utf-8" };

/** The description of the API, by the API. */
export function schemaRoutes({ policy }: Host, all: () => readonly Route[]): Route[] {
  if (!policy.openapiEnabled) return [];
  return [
    {
      method: "GET",
      path: "/schema",
      role: "authenticated",
      summary: "this API in OpenAPI 3.1",
      query: {},
      handler: () => openApi(policy.prefix, all()),
    },
    {
      method: "GET",
      path: "/docs",
      role: "authenticated",
      summary: "this API on a page",
      query: {},
      handler: () => new Response(docsPage(policy.prefix, all()), { headers: HTML }),
    },
  ];
}
