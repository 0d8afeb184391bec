import type { RequestContext } from "@baldur/core/plugin";
import type { BaldurFastify, FastifyRouteOptions } from "./options.js";

export type { RequestContext } from "@baldur/core/plugin";
export type { BaldurFastify, FastifyBaldurOptions, FastifyRouteOptions } from "./options.js";
export { baldur } from "./plugin.js";

declare module "fastify" {
  interface FastifyInstance {
    readonly baldur: BaldurFastify;
  }
  interface FastifyRequest {
    /** What Baldur knows of the request. */
    readonly baldur: RequestContext;
  }
  interface FastifyContextConfig {
    /** What Baldur does for the route. */
    readonly baldur?: FastifyRouteOptions;
  }
}
