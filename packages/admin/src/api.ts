import type { Baldur } from "@baldur/core";
import type { AdminRoute, Clock } from "@baldur/core/plugin";
import { routeIgnored } from "./events.js";
import { Exchange } from "./exchange.js";
import type { Policy } from "./policy.js";
import type { RequestInfo } from "./request/info.js";
import { secured } from "./response/headers.js";
import { identityOf, problemOf, type Router, routerOf } from "./router.js";
import { ownRoutes } from "./routes/own.js";
import type { Host, Route } from "./routes/route.js";
import { EventFeed } from "./stream/feed.js";
import { telemetryOf } from "./telemetry.js";

interface Served {
  /** Of the plugins, as they were asked for. */
  readonly plugins: readonly AdminRoute[];
  readonly routes: readonly Route[];
  readonly router: Router;
}

/** The control API of one runtime under one set of rules. */
export class ControlApi {
  readonly #host: Host;
  readonly #exchange: Exchange;
  readonly #feed: EventFeed;
  readonly #own: readonly Route[];
  readonly #ignored = new Set<AdminRoute>();
  #served: Served | undefined;

  constructor(baldur: Baldur, policy: Policy, clock: Clock) {
    this.#host = { baldur, policy, clock, telemetry: telemetryOf(baldur) };
    this.#exchange = new Exchange(this.#host);
    this.#feed = new EventFeed(this.#host);
    this.#own = ownRoutes(this.#host, this.#feed, () => this.routes);
  }

  /** Everything that is served now. */
  get routes(): readonly Route[] {
    return this.#current().routes;
  }

  /** Never rejects. */
  async answer(request: Request, info: RequestInfo = {}): Promise<Response> {
    try {
      const refused = this.#exchange.refuseOrigin(request);
      return secured(refused ?? (await this.#current().router.fetch(request, info)));
    } catch (error) {
      return secured(this.#exchange.failed(request, error));
    }
  }

  /** Ends the event streams, which would go on as long as somebody reads. */
  close(): void {
    this.#feed.close();
  }

  /** Plugins come with the start of the runtime and go with its end. */
  #current(): Served {
    const plugins = this.#host.baldur.routes();
    const known = this.#served;
    const isCurrent =
      known?.plugins.length === plugins.length && plugins.every((route, at) => route === known.plugins[at]);
    if (known !== undefined && isCurrent) return known;
    const routes = [...this.#own, ...this.#acceptable(plugins)];
    const router = routerOf(this.#host.policy.prefix, routes, this.#exchange);
    this.#served = { plugins, routes, router };
    return this.#served;
  }

  /** Of two with one method and path the first is served. */
  #acceptable(plugins: readonly AdminRoute[]): AdminRoute[] {
    const taken = new Set(this.#own.map(identityOf));
    return plugins.filter((route) => {
      const problem =
        problemOf(route) ?? (taken.has(identityOf(route)) ? "another route has its path" : undefined);
      if (problem === undefined) taken.add(identityOf(route));
      else this.#ignore(route, problem);
      return problem === undefined;
    });
  }

  #ignore(route: AdminRoute, problem: string): void {
    if (this.#ignored.has(route)) return;
    this.#ignored.add(route);
    const { method, path } = route;
    this.#host.telemetry.report(routeIgnored, { method: String(method), path: String(path), problem });
  }
}
