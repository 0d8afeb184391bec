import type { AdminFields, Level } from "@baldur/core/plugin";
import type { EventFeed } from "../stream/feed.js";
import type { Route } from "./route.js";

const LEVELS: readonly Level[] = ["debug", "info", "warning", "error", "critical"];

const QUERY: AdminFields = {
  level: { type: "string", enum: LEVELS, description: "this one and those above; default info" },
  names: { type: "string", maxLength: 2000, description: "names of events, separated by commas" },
};

/** What happens, as it happens. */
export function eventRoutes(feed: EventFeed): Route[] {
  return [
    {
      method: "GET",
      path: "/events",
      role: "viewer",
      summary:
        "server-sent events: `baldur`, what happens; `tick`, how everything is, every two seconds; `dropped`, that some were missed",
      query: QUERY,
      handler: ({ query, request }) => {
        const wants = filterOf(query);
        const stream = feed.open({ wants, lastId: request.headers.get("last-event-id") ?? undefined });
        // No buffering by proxies on the way.
        const headers = { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" };
        return new Response(stream, { headers });
      },
    },
  ];
}

function filterOf(
  query: URLSearchParams,
): (event: { readonly name: string; readonly level: Level }) => boolean {
  const least = LEVELS.indexOf((query.get("level") ?? "info") as Level);
  const names = query
    .get("names")
    ?.split(",")
    .map((name) => name.trim());
  return ({ name, level }) => LEVELS.indexOf(level) >= least && (names === undefined || names.includes(name));
}
