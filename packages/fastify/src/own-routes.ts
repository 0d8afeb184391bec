import type { OwnRoutes } from "@baldur/core/plugin";
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";

const METHODS: HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/** Routes for the paths of Baldur itself, in a context of their own: their bodies are read by nobody else. */
export async function ownRoutes(
  fastify: FastifyInstance,
  { own }: { readonly own: OwnRoutes<FastifyRequest> },
): Promise<void> {
  const handler = (request: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack();
    own.serve(request, request.raw, reply.raw);
  };
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser("*", (_request, _payload, done) => done(null));
  const { prefix, metricsPath } = own;
  const urls = [prefix, prefix === undefined ? undefined : `${prefix}/*`, metricsPath];
  for (const url of urls) {
    if (url !== undefined)
      fastify.route({ method: METHODS, url, handler, exposeHeadRoute: false, logLevel: "warn" });
  }
}
