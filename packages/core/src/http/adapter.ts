import type { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Baldur } from "../api.js";
import { text } from "../describe.js";
import type { Admission, ShutdownOptions, ShutdownReport } from "../lifecycle/lifecycle.js";
import { textAnswer } from "./answer.js";
import type { RequestContext } from "./context.js";
import { startFailed } from "./events.js";
import { Exchange, type ExchangeOwner } from "./exchange.js";
import { Exchanges } from "./exchanges.js";
import type { HttpFramework, Instead } from "./framework.js";
import type { HttpHost } from "./host.js";
import { type HttpServer, serverOf } from "./http-server.js";
import type { HttpAdapterOptions } from "./options.js";
import { pathOf } from "./path.js";
import { Service } from "./service.js";
import { warmUpNextTick } from "./warm-up.js";

/** Where an adapter gets its runtime. @public */
export interface RuntimeSource {
  readonly started: Promise<Baldur>;
  /** Who is told when it does not start. */
  readonly fallback: () => Baldur;
}

const UNCOUNTED: Admission = Object.freeze({ end: () => undefined });

/**
 * What every adapter does with a request, whatever its framework is: it is admitted, or refused because the process goes
 * out of service; counted until its answer was sent; measured; and limited.
 * @public
 */
export class HttpAdapter<R> {
  /** The runtime, once it has started. */
  readonly ready: Promise<Baldur>;
  /** Settled when the runtime has started, or cannot. Never rejects. */
  readonly settled: Promise<void>;
  readonly #framework: HttpFramework<R>;
  readonly #options: HttpAdapterOptions<R>;
  readonly #owner: ExchangeOwner;
  readonly #exchanges = new Exchanges();
  readonly #storage: AsyncLocalStorage<RequestContext> | undefined;
  /** Given before the runtime has started. */
  readonly #servers: [server: HttpServer, owned: boolean][] = [];
  #service: Service<R> | undefined;
  #isSettled = false;
  #server: HttpServer | undefined;

  constructor(framework: HttpFramework<R>, options: HttpAdapterOptions<R>, source: RuntimeSource) {
    warmUpNextTick();
    this.#framework = framework;
    this.#options = options;
    this.#owner = {
      now: () => this.#service?.host.rateLimiting.clock.monotonic() ?? 0,
      template: ({ source }) => framework.template(source as R),
      outcome: (status) => this.#service?.outcome(status) ?? "ignore",
      left: (exchange) => this.#exchanges.remove(exchange),
      watch: (socket) => this.#exchanges.watch(socket),
    };
    if (options.context?.storage === true) this.#storage = createStorage();
    this.ready = source.started.then((runtime) => this.#begin(runtime));
    this.settled = this.ready.then(
      () => this.#settle(),
      (error: unknown) => this.#settle({ fallback: source.fallback(), error }),
    );
  }

  /** Undefined until the runtime has started, and where it cannot. */
  get host(): HttpHost | undefined {
    return this.#service?.host;
  }

  /** Takes a request in. `source` is the framework's. Throws, or rejects with, what functions of the options throw. */
  admit(source: R, request: IncomingMessage, response: ServerResponse): Instead | Promise<Instead> {
    if (Exchange.of(response) !== undefined) return undefined; // by another adapter
    const service = this.#service;
    if (service === undefined) return this.#wait(source, request, response);
    const server = serverOf(request);
    if (server !== undefined && server !== this.#server) this.#meet(service, server);
    const admission = service.host.lifecycle.admit();
    if (admission === undefined) return this.#refuse(service, source, request, response);
    if (service.isDraining) this.#endConnection(request, response);
    const arrivedAt = this.#owner.now();
    const measurement = service.metrics?.begin(request.method ?? "", arrivedAt);
    const parts = { owner: this.#owner, arrivedAt, request, response, source, admission, measurement };
    const exchange = new Exchange(parts);
    this.#exchanges.add(exchange);
    exchange.listen(server !== undefined);
    if (server !== undefined) service.connections.lastArrival = exchange.arrivedAt;
    return service.hasGates ? service.pass(exchange) : undefined;
  }

  /** Gives a request a context that nobody counts: for the paths of Baldur itself, which hooks of the application may see. */
  accompany(source: R, request: IncomingMessage, response: ServerResponse): undefined {
    if (Exchange.of(response) !== undefined) return;
    new Exchange({
      owner: this.#owner,
      arrivedAt: this.#owner.now(),
      request,
      response,
      source,
      admission: UNCOUNTED,
      measurement: undefined,
    });
  }

  /** Goes on with a request in the async context of its own, where there is one. */
  within(response: ServerResponse, next: () => void): void {
    const exchange = this.#storage === undefined ? undefined : Exchange.of(response);
    if (exchange === undefined) next();
    else this.#storage?.run(exchange, next);
  }

  /** Of the request that the code at work is part of. Needs the option `context.storage`. */
  context(): RequestContext | undefined {
    return this.#storage?.getStore();
  }

  /** What is known of the request that an answer is for; undefined before it was taken in. */
  contextOf(response: ServerResponse): RequestContext | undefined {
    return Exchange.of(response);
  }

  /** The application threw while it worked on an answer. */
  threw(response: ServerResponse, error: unknown): void {
    const exchange = Exchange.of(response);
    if (exchange !== undefined) exchange.failure = error;
  }

  address(request: R): string | undefined {
    return this.#framework.address(request);
  }

  /** Serves by this server too. One that is owned is closed with the runtime. */
  server(server: HttpServer, owned: boolean): void {
    if (this.#service === undefined) this.#servers.push([server, owned]);
    else this.#watch(this.#service, server, owned);
  }

  async shutdown(options?: ShutdownOptions): Promise<ShutdownReport> {
    return (await this.ready).lifecycle.shutdown(options);
  }

  /** Serves no more. The last one of a runtime that is not the application's own shuts it down. */
  async leave(): Promise<void> {
    await this.settled;
    await this.#service?.leave(this.#options.runtime === undefined);
  }

  #begin(runtime: Baldur): Baldur {
    const host = runtime as Baldur & HttpHost;
    const service = new Service(host, this.#framework, {
      options: this.#options,
      exchanges: this.#exchanges,
    });
    for (const [server, owned] of this.#servers) this.#watch(service, server, owned);
    this.#service = service;
    return runtime;
  }

  #settle(failed?: { readonly fallback: Baldur; readonly error: unknown }): void {
    this.#isSettled = true;
    if (failed === undefined) return;
    const { telemetry } = failed.fallback as Baldur & HttpHost;
    telemetry.report(startFailed, { adapter: this.#framework.name, error: text(failed.error) });
  }

  /** Before the runtime has started nobody is let in: limits and idempotency would not hold for them. */
  #wait(source: R, request: IncomingMessage, response: ServerResponse): Instead | Promise<Instead> {
    if (this.#isSettled) return this.accompany(source, request, response);
    return this.settled.then(() => this.admit(source, request, response));
  }

  #meet(service: Service<R>, server: HttpServer): void {
    this.#server = server;
    this.#watch(service, server, false);
  }

  #watch({ connections }: Service<R>, server: HttpServer, owned: boolean): void {
    const { shape } = this.#framework;
    if (!connections.watch(server, owned) || shape === undefined) return;
    server.prependListener("request", (request, response) => {
      Exchange.reserve(response);
      shape(request, response);
    });
  }

  #refuse(
    { host, metrics, connections }: Service<R>,
    source: R,
    request: IncomingMessage,
    response: ServerResponse,
  ): Instead {
    this.#endConnection(request, response);
    this.accompany(source, request, response);
    const { exemptPaths, retryAfter } = host.lifecycle;
    if (exemptPaths.includes(pathOf(request.url))) return undefined;
    connections.lastArrival = this.#owner.now();
    metrics?.begin(request.method ?? "").end(undefined, 503);
    request.resume(); // what is left unread would reset the connection before the client has read the answer
    return textAnswer(503, "This server is shutting down.\n", { "retry-after": String(retryAfter) });
  }

  /** An answer that is behind others in a pipeline is the one to end the connection. */
  #endConnection(request: IncomingMessage, response: ServerResponse): void {
    if (response.socket === null) this.#exchanges.keepOpen(request.socket);
    response.shouldKeepAlive = false;
  }
}

function createStorage(): AsyncLocalStorage<RequestContext> {
  return new (process.getBuiltinModule("node:async_hooks").AsyncLocalStorage)();
}
