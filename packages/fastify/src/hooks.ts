import type { HttpAdapter, OwnRoutes, RequestContext } from "@baldur/core/plugin";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Done, goOn } from "./instead.js";

export interface HookParts {
  readonly own: OwnRoutes<FastifyRequest>;
  /** Whether contexts are kept for who asks from afar. */
  readonly hasStorage: boolean;
}

type Decorated = { baldur: RequestContext | undefined };

/** What happens to every request of an application. */
export function addHooks(
  fastify: FastifyInstance,
  adapter: HttpAdapter<FastifyRequest>,
  { own, hasStorage }: HookParts,
): void {
  const within = (_request: FastifyRequest, reply: FastifyReply, done: Done): void =>
    adapter.within(reply.raw, done);
  fastify.decorateRequest("baldur");
  fastify.addHook("onRequest", (request, reply, done) => {
    const { raw } = request;
    const isOwn = own.owns(raw.url ?? "/");
    const instead = isOwn
      ? adapter.accompany(request, raw, reply.raw)
      : adapter.admit(request, raw, reply.raw);
    (request as Decorated).baldur = adapter.contextOf(reply.raw);
    if (isOwn) serve(own, request, reply);
    else goOn(instead, reply, done);
  });
  if (hasStorage) fastify.addHook("onRequest", within);
  // The parser of the body goes on in the context of the connection.
  if (hasStorage) fastify.addHook("preValidation", within);
  fastify.addHook("onError", (_request, reply, error, done) => {
    adapter.threw(reply.raw, error);
    done();
  });
  fastify.addHook("preClose", () => adapter.leave());
}

/** Before the hooks of the application: whoever probes has no token, and is told by Baldur itself what it may see. */
function serve(own: OwnRoutes<FastifyRequest>, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  own.serve(request, request.raw, reply.raw);
}
