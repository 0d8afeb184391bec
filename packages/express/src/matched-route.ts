import { Mounts } from "@baldur/core/plugin";
import type { Application, IRoute, Request } from "express";

const ROUTE: unique symbol = Symbol("@baldur/express.route");
const MOUNT: unique symbol = Symbol("@baldur/express.mount");

type Noted = Request & { [ROUTE]?: IRoute; [MOUNT]?: string };

/**
 * Notes what the router of a matched route is mounted at: it forgets that as soon as the route has failed, before anybody
 * could ask.
 */
export function noteMatches(app: Application): void {
  Object.defineProperty(requestsOf(app), "route", {
    configurable: true,
    enumerable: true,
    get(this: Noted): IRoute | undefined {
      return this[ROUTE];
    },
    set(this: Noted, route: IRoute) {
      this[ROUTE] = route;
      this[MOUNT] = this.baseUrl;
    },
  });
}

/** What all requests of an application inherit from; the types do not know it. */
export function requestsOf(app: Application): object {
  return (app as unknown as { readonly request: object }).request;
}

/** Makes templates of the routes that requests have matched. */
export class MatchedRoutes {
  readonly #mounts = new Mounts();

  /** Undefined where no route has matched. */
  template(request: Noted): string | undefined {
    const route = request[ROUTE];
    if (route === undefined) return undefined;
    const { path } = route as { readonly path: unknown };
    return this.#mounts.join(request[MOUNT] ?? "", typeof path === "string" ? path : String(path));
  }

  /** For what stands before a router. */
  mount({ baseUrl }: Request): string {
    return this.#mounts.join(baseUrl, "/*");
  }
}
