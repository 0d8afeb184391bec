import { Mounts } from "@baldur/core/plugin";
import type { Application, IRoute, Request } from "express";

/** One property in the place of one: to add any to a request of Express costs a microsecond or two. */
export const MATCH: unique symbol = Symbol("@baldur/express.match");

type Noted = Request & { [MATCH]?: { readonly route: IRoute; readonly mount: string } };

/**
 * Notes what the router of a matched route is mounted at: it forgets that as soon as the route has failed, before anybody
 * could ask.
 */
export function noteMatches(app: Application): void {
  Object.defineProperty(requestsOf(app), "route", {
    configurable: true,
    enumerable: true,
    get(this: Noted): IRoute | undefined {
      return this[MATCH]?.route;
    },
    set(this: Noted, route: IRoute) {
      this[MATCH] = { route, mount: this.baseUrl };
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
    const match = request[MATCH];
    if (match === undefined) return undefined;
    const { path } = match.route as { readonly path: unknown };
    return this.#mounts.join(match.mount, typeof path === "string" ? path : String(path));
  }

  /** For what stands before a router. */
  mount({ baseUrl }: Request): string {
    return this.#mounts.join(baseUrl, "/*");
  }
}
