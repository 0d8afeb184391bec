import { type Baldur, init } from "@baldur/core";
import {
  type CreateControlHandler,
  defaultBaldur,
  HttpAdapter,
  type HttpServer,
  OwnRoutes,
  type RequestContext,
  RouteGuard,
} from "@baldur/core/plugin";
import type { Application, ErrorRequestHandler, Request, RequestHandler } from "express";
import { MatchedRoutes, noteMatches, requestsOf } from "./matched-route.js";
import type { BaldurExpress, ExpressOptions } from "./options.js";
import { goOn, routeHandler } from "./route.js";
import { shape } from "./shape.js";

const NAME = "express";

/**
 * Puts an Express application under Baldur's protection; call it before all other middleware. It starts the runtime, admits
 * requests and refuses them while the process goes out of service, measures them, keeps to the limits that the options set,
 * and serves health, metrics and the control API.
 * @public
 */
export function baldur(app: Application, options: ExpressOptions = {}): BaldurExpress {
  const routes = new MatchedRoutes();
  const framework = {
    name: NAME,
    template: (request: Request) => routes.template(request),
    address: (request: Request) => request.ip,
    shape,
  };
  const adapter = new HttpAdapter<Request>(framework, options, source(options.runtime));
  const own = new OwnRoutes<Request>({ name: NAME, adapter, options, loadControl });
  noteMatches(app);
  showContext(app, adapter);
  app.use(middleware(adapter, own));
  return {
    ready: adapter.ready,
    route: (given) => routeHandler(new RouteGuard(adapter, given), routes),
    errors: errorNoter(adapter),
    context: () => adapter.context(),
    server: <S extends HttpServer>(server: S): S => {
      adapter.server(server, true);
      return server;
    },
    close: (given) => adapter.shutdown(given),
  };
}

function source(runtime: Baldur | undefined): ConstructorParameters<typeof HttpAdapter>[2] {
  return {
    started: runtime === undefined ? init() : runtime.start(),
    fallback: () => runtime ?? defaultBaldur(),
  };
}

function middleware(adapter: HttpAdapter<Request>, own: OwnRoutes<Request>): RequestHandler {
  return (request, response, next) => {
    if (own.owns(request.url)) {
      adapter.accompany(request, request, response);
      return own.serve(request, request, response, request.body);
    }
    const proceed = (error?: unknown): void =>
      error === undefined ? adapter.within(response, next) : next(error);
    return goOn(adapter.admit(request, request, response), request, response, proceed);
  };
}

function errorNoter(adapter: HttpAdapter<Request>): ErrorRequestHandler {
  return (error, _request, response, next) => {
    adapter.threw(response, error);
    next(error);
  };
}

/** `request.baldur`, looked up when somebody reads it. */
function showContext(app: Application, adapter: HttpAdapter<Request>): void {
  Object.defineProperty(requestsOf(app), "baldur", {
    configurable: true,
    get(this: Request): RequestContext | undefined {
      return this.res === undefined ? undefined : adapter.contextOf(this.res);
    },
  });
}

async function loadControl(): Promise<CreateControlHandler> {
  return (await import("@baldur/admin")).adminHandler;
}
