import type { Baldur, ShutdownReport } from "@baldur/core";
import type { HttpAdapterOptions, HttpRouteOptions, HttpServer, RequestContext } from "@baldur/core/plugin";
import type { ErrorRequestHandler, Request, RequestHandler } from "express";

/** Options of `baldur(app)`. Durations in milliseconds. @public */
export type ExpressOptions = Omit<HttpAdapterOptions<Request>, "onDrained">;

/** Options of one route. @public */
export type ExpressRouteOptions = HttpRouteOptions<Request>;

/** What `baldur(app)` gives back. @public */
export interface BaldurExpress {
  /** The runtime, once it has started. Rejects when it cannot: then requests pass unprotected, and readiness is 503. */
  readonly ready: Promise<Baldur>;
  /**
   * Guards the routes behind it: `app.post("/orders", express.json(), handle.route({ idempotency: true }), create)`. For
   * idempotency it stands after the parser of the body. Throws `ConfigurationError` for options that break their rules.
   */
  route(options: ExpressRouteOptions): RequestHandler;
  /** Stands after all routes, notes what they threw for the metrics, and passes it on. */
  readonly errors: ErrorRequestHandler;
  /** Of the request that the code at work is part of. Needs the option `context.storage`. */
  context(): RequestContext | undefined;
  /** Closes the server once the runtime has drained. Servers that are not given are drained too, and left open. */
  server<S extends HttpServer>(server: S): S;
  /** Goes out of service: what is in flight is waited for, then the runtime and its servers are closed. */
  close(options?: { readonly deadline?: number; readonly reason?: string }): Promise<ShutdownReport>;
}
