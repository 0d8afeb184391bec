import type { ServerResponse } from "node:http";
import { invalid } from "../errors.js";
import type { HttpAdapter } from "./adapter.js";
import { CircuitGate, circuitName, type HttpCircuitOptions } from "./circuit-gate.js";
import { Exchange } from "./exchange.js";
import type { Instead } from "./framework.js";
import type { HttpHost } from "./host.js";
import { type HttpIdempotencyOptions, type IdempotentRequest, IdempotentRequests } from "./idempotency.js";
import { idempotencyProblems } from "./idempotency-problems.js";
import type { HttpRouteOptions } from "./options.js";
import { checkRateLimit, RateGate } from "./rate-gate.js";

/** What guards one route. */
interface Gates<R> {
  readonly limit: RateGate<R> | undefined;
  readonly circuit: CircuitGate | undefined;
  readonly idempotent: IdempotentRequests<R> | undefined;
}

const OPTIONS: readonly string[] = ["rateLimit", "circuitBreaker", "idempotency"];
const UNAVAILABLE = idempotencyProblems().unavailable;
const UNPRINTABLE = /[^\x20-\x7e]/g;
const LONGEST_NAME = 128;

/** What the options of a route ask for. It may stand before several routes, each of which has limits and a circuit of its own. */
export class RouteGuard<R> {
  readonly #gates = new Map<string, Gates<R>>();
  readonly #idempotency: HttpIdempotencyOptions<R> | undefined;

  /** Throws `ConfigurationError` for an option that there is not. */
  constructor(
    private readonly adapter: HttpAdapter<R>,
    private readonly options: HttpRouteOptions<R>,
  ) {
    for (const option of Object.keys(options)) {
      if (!OPTIONS.includes(option))
        throw invalid("the options of a route", `one of ${OPTIONS.join(", ")}`, option);
    }
    if (options.rateLimit !== undefined) checkRateLimit(options.rateLimit);
    this.#idempotency = idempotencyOptions(options.idempotency);
  }

  /** Whether there is anything to do once the body is read. */
  get guardsHandler(): boolean {
    return this.#idempotency !== undefined || Boolean(this.options.circuitBreaker);
  }

  get isIdempotent(): boolean {
    return this.#idempotency !== undefined;
  }

  /** Before the body is read. */
  limit(request: R, response: ServerResponse, route: RouteName): Instead | Promise<Instead> {
    const { host } = this.adapter;
    return host === undefined ? undefined : this.#of(host, route).limit?.admit(request, response);
  }

  /** Before the handler. A duplicate is answered whatever its circuit is: the handler is not needed. */
  admit(asked: IdempotentRequest<R>, route: RouteName): Instead | Promise<Instead> {
    const { host } = this.adapter;
    if (host === undefined) return this.#idempotency === undefined ? undefined : UNAVAILABLE;
    const { idempotent, circuit } = this.#of(host, route);
    const instead = idempotent?.admit(asked);
    if (instead instanceof Promise)
      return instead.then((later) => later ?? this.#tryCircuit(circuit, asked.response));
    return instead ?? this.#tryCircuit(circuit, asked.response);
  }

  #tryCircuit(circuit: CircuitGate | undefined, response: ServerResponse): Instead {
    const exchange = Exchange.of(response);
    return exchange === undefined ? undefined : circuit?.admit(exchange);
  }

  #of(host: HttpHost, route: RouteName): Gates<R> {
    const key = `${route.method} ${route.template}`;
    const known = this.#gates.get(key);
    if (known !== undefined) return known;
    const gates = this.#create(host, route);
    this.#gates.set(key, gates);
    return gates;
  }

  #create(host: HttpHost, { method, template }: RouteName): Gates<R> {
    const { rateLimit, circuitBreaker } = this.options;
    const parts = { host, address: (request: R) => this.adapter.address(request) };
    const policy = `${method} ${template}`.replace(UNPRINTABLE, "_").slice(0, LONGEST_NAME);
    const circuit: HttpCircuitOptions | undefined =
      circuitBreaker === true ? {} : circuitBreaker || undefined;
    return {
      limit: rateLimit && new RateGate(parts, rateLimit, policy),
      circuit: circuit && new CircuitGate(host, circuit.name ?? circuitName(method, template), circuit),
      idempotent: this.#idempotency && new IdempotentRequests(host, this.#idempotency),
    };
  }
}

/** Which route a request has found. */
export interface RouteName {
  readonly method: string;
  readonly template: string;
}

function idempotencyOptions<R>(
  option: HttpRouteOptions<R>["idempotency"],
): HttpIdempotencyOptions<R> | undefined {
  if (option === undefined || option === false) return undefined;
  if (option === true) return {};
  return option === "required" ? { required: true } : option;
}
