import type { IncomingMessage, ServerResponse } from "node:http";
import { metricsSlot } from "../slots/metrics.js";
import { type HttpAnswer, jsonAnswer, sendAnswer } from "./answer.js";
import { ControlApi, type CreateControlHandler } from "./control-api.js";
import { HEALTH_ROUTES } from "./health-routes.js";
import type { HttpHost } from "./host.js";
import type { HttpAdapterOptions } from "./options.js";
import { pathOf } from "./path.js";

export interface OwnRoutesParts<R> {
  readonly name: string;
  /** What all paths of the application begin with that the adapter covers. */
  readonly mount?: string;
  readonly adapter: { readonly host: HttpHost | undefined; readonly settled: Promise<void> };
  readonly options: Pick<HttpAdapterOptions<R>, "api" | "metrics">;
  readonly loadControl: () => Promise<CreateControlHandler>;
}

type MaybeAnswer = HttpAnswer | undefined;

const PREFIX = "/api/baldur";
const METRICS = "/metrics";
const NOT_FOUND = jsonAnswer(404, { error: "not_found", message: "there is nothing at this path" });
const MALFORMED = jsonAnswer(400, { error: "bad_request", message: "the request is malformed" });
const NOT_STARTED = jsonAnswer(503, { error: "not_started", message: "the runtime has not started" });
const NO_METRICS = jsonAnswer(503, {
  error: "metrics_unavailable",
  message: "nothing exposes metrics: install @baldur/prometheus",
});

/** The paths of Baldur itself. They are served in a drain too, and are neither limited nor counted like the application's. */
export class OwnRoutes<R> {
  readonly prefix: string | undefined;
  readonly metricsPath: string | undefined;
  readonly #parts: OwnRoutesParts<R>;
  readonly #control: ControlApi<R> | undefined;

  constructor(parts: OwnRoutesParts<R>) {
    const { options, name, mount = "", loadControl: load } = parts;
    const { api = {}, metrics } = options;
    this.#parts = parts;
    this.metricsPath = metrics?.path === false ? undefined : mount + (metrics?.path ?? METRICS);
    if (api === false) return;
    this.prefix = mount + trimmed(api.prefix ?? PREFIX);
    this.#control = new ControlApi({ name, prefix: this.prefix, options: api, load });
  }

  /** Whether a request is one of these. Asked for every request. */
  owns(url: string): boolean {
    const { prefix, metricsPath } = this;
    return (
      (prefix !== undefined && url.startsWith(prefix) && endsSegment(url, prefix.length)) ||
      (metricsPath !== undefined && url.startsWith(metricsPath) && endsPath(url, metricsPath.length))
    );
  }

  /** Answers a request that is one of these. Throws nothing. */
  serve(source: R, request: IncomingMessage, response: ServerResponse, parsed?: unknown): void {
    const { host } = this.#parts.adapter;
    if (host !== undefined && host.lifecycle.phase !== "running") response.shouldKeepAlive = false;
    const send = (answer: MaybeAnswer): void => {
      if (answer !== undefined) sendAnswer(request, response, answer);
    };
    const answer = this.#answer(source, request, response, parsed);
    if (answer instanceof Promise) answer.then(send, () => send(MALFORMED));
    else send(answer);
  }

  /** Undefined when it was sent already. */
  #answer(
    source: R,
    request: IncomingMessage,
    response: ServerResponse,
    parsed: unknown,
  ): MaybeAnswer | Promise<MaybeAnswer> {
    const path = pathOf(request.url);
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (path === this.metricsPath) return isRead ? this.#metrics(request) : NOT_FOUND;
    const below = trimmed(path.slice(this.prefix?.length));
    const health = isRead && Object.hasOwn(HEALTH_ROUTES, below) ? HEALTH_ROUTES[below] : undefined;
    if (health !== undefined) return health(this.#parts.adapter.host);
    return this.#serveControl({ source, request, response, below, parsed });
  }

  async #metrics({ headers }: IncomingMessage): Promise<HttpAnswer> {
    const host = await this.#started();
    const page = await host?.slots.get(metricsSlot).exposition(headers.accept);
    if (page === undefined) return NO_METRICS;
    return { status: 200, headers: { "content-type": page.contentType }, body: page.body };
  }

  async #serveControl(asked: Parameters<ControlApi<R>["serve"]>[1]): Promise<MaybeAnswer> {
    const host = await this.#started();
    return host === undefined ? NOT_STARTED : this.#control?.serve(host, asked);
  }

  async #started(): Promise<HttpHost | undefined> {
    const { adapter } = this.#parts;
    await adapter.settled;
    return adapter.host;
  }
}

function trimmed(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

function endsPath(url: string, at: number): boolean {
  return url.length === at || url[at] === "?";
}

function endsSegment(url: string, at: number): boolean {
  return endsPath(url, at) || url[at] === "/";
}
