import type { OwnRoutes } from "@baldur/core/plugin";
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";

const METHODS: HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/**
 * Keeps the paths of Baldur itself from the application's routes and out of its log. They are served by the first hook;
 * what comes as far as here is another spelling of theirs.
 */
export async function ownRoutes(
  fastify: FastifyInstance,
  { own }: { readonly own: OwnRoutes<FastifyRequest> },
): Promise<void> {
  const handler = (_request: FastifyRequest, reply: FastifyReply): void => reply.callNotFound();
  const { prefix, metricsPath } = own;
  const urls = [prefix, prefix === undefined ? undefined : `${prefix}/*`, metricsPath];
  for (const path of urls) {
    const url = path?.slice(fastify.prefix.length);
    if (url !== undefined)
      fastify.route({ method: METHODS, url, handler, exposeHeadRoute: false, logLevel: "warn" });
  }
}
