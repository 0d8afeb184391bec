import type { EventFeed } from "../stream/feed.js";
import { circuitRoutes } from "./circuits.js";
import { configurationRoutes } from "./configuration.js";
import { consoleRoutes } from "./console.js";
import { eventRoutes } from "./events.js";
import { featureRoutes } from "./features.js";
import { healthRoutes } from "./health.js";
import { journalRoutes } from "./journal.js";
import { operationsRoutes } from "./operations.js";
import { reportRoutes } from "./reports.js";
import type { Host, Route } from "./route.js";
import { schemaRoutes } from "./schema.js";
import { systemRoutes } from "./system.js";

/** The routes of this package; `all` answers what is served, plugins' routes included. */
export function ownRoutes(host: Host, feed: EventFeed, all: () => readonly Route[]): readonly Route[] {
  return [
    ...consoleRoutes(host),
    ...healthRoutes(host),
    ...circuitRoutes(host),
    ...systemRoutes(host),
    ...operationsRoutes(host),
    ...configurationRoutes(host),
    ...featureRoutes(host),
    ...journalRoutes(host),
    ...reportRoutes(host),
    ...eventRoutes(feed),
    ...schemaRoutes(host, all),
  ];
}
