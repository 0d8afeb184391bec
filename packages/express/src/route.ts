import { ConfigurationError } from "@baldur/core";
import { type IdempotentRequest, type Instead, type RouteGuard, sendAnswer } from "@baldur/core/plugin";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { MatchedRoutes } from "./matched-route.js";

/** What guards a route, as middleware. */
export function routeHandler(guard: RouteGuard<Request>, routes: MatchedRoutes): RequestHandler {
  return (request, response, next) => {
    const template = routes.template(request) ?? routes.mount(request);
    const route = { method: request.method === "HEAD" ? "GET" : request.method, template };
    const admit = (): Instead | Promise<Instead> => guard.admit(asked(request, response, guard), route);
    const limited = guard.limit(request, response, route);
    const instead =
      limited instanceof Promise ? limited.then((later) => later ?? admit()) : (limited ?? admit());
    goOn(instead, request, response, next);
  };
}

/** Sends the answer in place of the application's, or goes on. */
export function goOn(
  instead: Instead | Promise<Instead>,
  request: Request,
  response: Response,
  next: NextFunction,
): void {
  if (instead === undefined) next();
  else if (instead instanceof Promise)
    instead.then((later) => goOn(later, request, response, next)).catch(next);
  else sendAnswer(request, response, instead);
}

function asked(request: Request, response: Response, guard: RouteGuard<Request>): IdempotentRequest<Request> {
  const { headers, method, originalUrl: url } = request;
  const body: unknown = request.body;
  const isUnread = guard.isIdempotent && isBlank(body) && hasBody(request) && !wasRead(request);
  if (isUnread && request.is("json") !== false)
    throw new ConfigurationError(
      "idempotency needs the body: put its parser, such as express.json(), before the guard of the route",
    );
  const { "idempotency-key": key, authorization, cookie } = headers;
  return { request, response, method, url, key, credentials: [authorization, cookie], body, isUnread };
}

/** What parsers leave that do not know the type: nothing, in Express 4 an empty object. */
function isBlank(body: unknown): boolean {
  return body === undefined || (typeof body === "object" && body !== null && Object.keys(body).length === 0);
}

function wasRead(request: Request): boolean {
  return request.readableDidRead || request.readableEnded;
}

function hasBody({ headers }: Request): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = headers;
  return encoding !== undefined || (length !== undefined && length !== "0");
}
