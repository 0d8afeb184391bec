import {
  type HttpAdapter,
  type HttpCircuitOptions,
  type IdempotentRequest,
  RouteGuard,
  type RouteName,
} from "@baldur/core/plugin";
import type { FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { type Done, goOn } from "./instead.js";
import type { FastifyRouteOptions } from "./options.js";

/** Puts the guards of a route before its handler: the limit before the body is read, the others when it is. */
export function guardRoute(
  route: RouteOptions,
  adapter: HttpAdapter<FastifyRequest>,
  circuits: boolean | HttpCircuitOptions | undefined,
): void {
  const options = withCircuit(route.config?.baldur ?? {}, circuits);
  if (Object.keys(options).length === 0) return;
  const guard = new RouteGuard(adapter, options);
  const { url: template } = route;
  const named = ({ method }: FastifyRequest): RouteName => ({
    method: method === "HEAD" ? "GET" : method,
    template,
  });
  if (options.rateLimit !== undefined) {
    const limit = (request: FastifyRequest, reply: FastifyReply, done: Done): void =>
      attempt(done, () => goOn(guard.limit(request, reply.raw, named(request)), reply, done));
    route.onRequest = [route.onRequest ?? [], limit].flat();
  }
  if (guard.guardsHandler) {
    const admit = (request: FastifyRequest, reply: FastifyReply, done: Done): void =>
      attempt(done, () => goOn(guard.admit(asked(request, reply), named(request)), reply, done));
    route.preHandler = [admit, route.preHandler ?? []].flat();
  }
}

/** Where every route has a circuit, one may have options of its own, or none. */
function withCircuit(
  options: FastifyRouteOptions,
  circuits: boolean | HttpCircuitOptions | undefined,
): FastifyRouteOptions {
  return circuits === undefined || circuits === false || options.circuitBreaker !== undefined
    ? options
    : { ...options, circuitBreaker: circuits };
}

/** What a hook throws would be nobody's. */
function attempt(done: Done, work: () => void): void {
  try {
    work();
  } catch (error) {
    done(error as Error);
  }
}

function asked(request: FastifyRequest, reply: FastifyReply): IdempotentRequest<FastifyRequest> {
  const { method, headers, originalUrl: url, body } = request;
  const { "idempotency-key": key, authorization, cookie } = headers;
  return { request, response: reply.raw, method, url, key, credentials: [authorization, cookie], body };
}
