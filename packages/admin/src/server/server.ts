import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import type { ControlApi } from "../api.js";
import { secured } from "../response/headers.js";
import { problemResponse } from "../response/problem.js";

/** Milliseconds: a socket on which nothing moves for so long is closed, a reader that has stopped reading among them. */
const IDLE_TIMEOUT = 60_000;
const KEEP_ALIVE_TIMEOUT = 5000;
/** How often Node looks for requests that arrive too slowly. */
const CHECK_INTERVAL = 1000;

export interface HttpOptions {
  /** Milliseconds in which a request must have arrived. */
  readonly requestTimeout: number;
  /** Whether the server keeps the process alive. */
  readonly keepsAlive: boolean;
}

/** A server of `node:http` that answers with the control API. It does not listen yet. */
export function httpServer(api: ControlApi, { requestTimeout, keepsAlive }: HttpOptions): Server {
  const listener = getRequestListener(
    (request, bindings) => {
      const { incoming } = bindings as HttpBindings;
      if (!URL.canParse(request.url)) return badAddress();
      return api.answer(request, { remoteAddress: incoming.socket.remoteAddress });
    },
    { overrideGlobalObjects: false, errorHandler: badAddress },
  );
  const server = createServer(
    {
      // Whatever the process was started with: two readings of one request are how requests are smuggled.
      insecureHTTPParser: false,
      requireHostHeader: true,
      requestTimeout,
      headersTimeout: requestTimeout,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
      connectionsCheckingInterval: Math.min(CHECK_INTERVAL, requestTimeout),
    },
    (incoming, outgoing) => void listener(incoming, outgoing),
  );
  server.setTimeout(IDLE_TIMEOUT);
  if (keepsAlive) return server;
  server.on("connection", (socket: Socket) => socket.unref());
  return server.unref();
}

/** The API itself never fails: what does is the making of a URL from the Host and the path. */
function badAddress(): Response {
  const detail = "the Host and the path make no URL";
  return secured(problemResponse({ status: 400, code: "BAD_REQUEST", detail }));
}
