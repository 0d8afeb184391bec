import type { RequestContext } from "@baldur/core/plugin";

export type { RequestContext } from "@baldur/core/plugin";
export { baldur } from "./baldur.js";
export type { BaldurExpress, ExpressOptions, ExpressRouteOptions } from "./options.js";

declare global {
  namespace Express {
    interface Request {
      /** What Baldur knows of the request. */
      readonly baldur: RequestContext;
    }
  }
}
