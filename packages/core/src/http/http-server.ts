import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

/** What is asked of a server; one of HTTP/2 has fewer of them. @public */
export type HttpServer = Pick<Server, "getConnections" | "close" | "listenerCount" | "on" | "off"> &
  Pick<Server, "prependListener" | "removeAllListeners"> &
  Partial<Pick<Server, "closeIdleConnections" | "closeAllConnections">>;

/** The server that a request came in by; undefined for one that was made without. */
export function serverOf(request: IncomingMessage): HttpServer | undefined {
  return (request.socket as (Duplex & { readonly server?: HttpServer }) | null)?.server;
}
