import { CircuitGate } from "./circuit-gate.js";
import { Connections } from "./connections.js";
import { DeadlineGate } from "./deadline-gate.js";
import { DrainPart } from "./drain-part.js";
import type { Exchange } from "./exchange.js";
import type { Exchanges } from "./exchanges.js";
import type { HttpFramework, Instead } from "./framework.js";
import type { HttpHost } from "./host.js";
import type { HttpMetrics } from "./http-metrics.js";
import type { HttpAdapterOptions } from "./options.js";
import { RateGate } from "./rate-gate.js";
import { type HttpSettings, httpSettingsOf } from "./settings.js";
import { type Shared, sharedOf } from "./shared.js";

export interface ServiceParts<R> {
  readonly options: HttpAdapterOptions<R>;
  readonly exchanges: Exchanges;
}

const LINGER = 1000;

/** An adapter with its runtime. */
export class Service<R> {
  readonly metrics: HttpMetrics | undefined;
  readonly connections: Connections;
  /** Whether requests have anything to pass. */
  readonly hasGates: boolean;
  readonly #failures: ReadonlySet<number>;
  readonly #limit: RateGate<R> | undefined;
  readonly #deadline: DeadlineGate | undefined;
  readonly #circuit: CircuitGate | undefined;
  readonly #shared: Shared;
  readonly #part: DrainPart;
  readonly #membership: Disposable | undefined;
  #hasLeft = false;

  /** Throws `ConfigurationError` for options that break their rules. */
  constructor(
    readonly host: HttpHost,
    framework: HttpFramework<R>,
    { options, exchanges }: ServiceParts<R>,
  ) {
    const settings = httpSettingsOf(host.settings);
    const { deadline, circuitBreaker, metrics, drain, onDrained } = options;
    const limit = limitOf(options, settings);
    const address = (request: R): string | undefined => framework.address(request);
    this.#failures = new Set(settings.failureStatusCodes?.map(Number));
    this.#limit = limit && new RateGate({ host, address }, limit);
    this.#deadline = deadline && new DeadlineGate(deadline);
    this.#circuit = circuitBreaker && new CircuitGate(host, circuitBreaker.name, circuitBreaker);
    this.hasGates = (this.#limit ?? this.#deadline ?? this.#circuit) !== undefined;
    this.connections = connectionsOf(host, drain?.linger ?? LINGER);
    this.#shared = sharedOf(host);
    this.#shared.serving++;
    this.metrics = metrics?.record === false ? undefined : this.#shared.metrics;
    const name = `${framework.name} ${++this.#shared.made}`;
    this.#part = new DrainPart(name, { connections: this.connections, exchanges, onDrained });
    if (host.lifecycle.phase === "running") this.#membership = host.lifecycle.onShutdown(this.#part);
    else this.#part.joinLate();
  }

  get isDraining(): boolean {
    return this.#part.isDraining;
  }

  /** The answer in place of the application's. */
  pass(exchange: Exchange): Instead | Promise<Instead> {
    const limited = this.#limit?.admit(exchange.source as R, exchange.response);
    if (limited instanceof Promise) return limited.then((later) => later ?? this.#passOn(exchange));
    return limited ?? this.#passOn(exchange);
  }

  outcome(status: number): "success" | "failure" | "ignore" {
    if (this.#failures.has(status)) return "failure";
    return status < 400 ? "success" : "ignore";
  }

  /** Serves no more. Settles when nothing is in flight any more, where the runtime goes too. */
  async leave(mayShutDown: boolean): Promise<void> {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#shared.serving--;
    const { lifecycle } = this.host;
    if (lifecycle.phase !== "running") await this.#part.ended;
    else if (mayShutDown && this.#shared.serving === 0)
      await lifecycle.shutdown({ reason: "the last server was closed" });
    else this.#membership?.[Symbol.dispose]();
  }

  #passOn(exchange: Exchange): Instead {
    return this.#deadline?.admit(exchange) ?? this.#circuit?.admit(exchange);
  }
}

function limitOf<R>(
  { rateLimit }: HttpAdapterOptions<R>,
  settings: HttpSettings,
): Exclude<HttpAdapterOptions<R>["rateLimit"], false> {
  if (rateLimit !== undefined) return rateLimit || undefined;
  const { rateLimit: limit, rateLimitWindow: window } = settings;
  return limit > 0 ? { limit, window } : undefined;
}

function connectionsOf({ lifecycle, rateLimiting }: HttpHost, linger: number): Connections {
  return new Connections({
    clock: rateLimiting.clock,
    linger,
    admit: () => lifecycle.admit(),
    retryAfter: () => lifecycle.retryAfter,
  });
}
