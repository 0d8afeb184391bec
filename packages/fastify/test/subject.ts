import type { AdapterSubject, Asked, TestAnswer, TestRoute } from "@baldur/core/test/http/adapter/subject.js";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { baldur } from "../src/index.js";

/** Fastify with the plugin. */
export const fastify: AdapterSubject = {
  name: "fastify",
  start: async ({ runtime, routes, options, trustProxy = false }) => {
    const app = Fastify({ trustProxy, forceCloseConnections: true });
    const { circuitBreaker, ...rest } = options;
    await app.register(baldur, { ...rest, runtime, ...(circuitBreaker && { circuitBreaker }) });
    for (const route of routes) add(app, route);
    await app.listen({ port: 0, host: "127.0.0.1" });
    const { port } = app.server.address() as { port: number };
    return { port, server: app.server, stop: () => app.close() };
  },
};

function add(app: FastifyInstance, { method, path, guard, handler }: TestRoute): void {
  app.route({
    method,
    url: path,
    config: guard === undefined ? {} : { baldur: guard },
    handler: async (request, reply) => answer(reply, await handler(asked(app, request, reply))),
  });
}

function asked(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): Asked {
  return {
    params: request.params as Record<string, string>,
    body: request.body,
    context: request.baldur,
    ambient: () => app.baldur.context(),
    request: request.raw,
    response: reply.raw,
  };
}

function answer(reply: FastifyReply, { status = 200, headers = {}, body = "" }: TestAnswer): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}
