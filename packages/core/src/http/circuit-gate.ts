import type { CircuitOpenError } from "../circuit-breaker/errors.js";
import type { CircuitBreaker } from "../circuit-breaker/types.js";
import { isBaldurError } from "../errors.js";
import type { CircuitBreakerOptions } from "../pipeline/options.js";
import { type HttpAnswer, jsonAnswer } from "./answer.js";
import { requestBlockedByCircuit } from "./events.js";
import type { Exchange } from "./exchange.js";
import type { HttpHost } from "./host.js";
import { Occasional } from "./occasional.js";
import { seconds } from "./rate-limit-headers.js";

/** A circuit around the handlers of routes. @public */
export interface HttpCircuitOptions extends CircuitBreakerOptions {
  /** One circuit of this name. Default: one for each route, `http:` and its method and template. */
  readonly name?: string;
}

const LONGEST_NAME = 128;

/** The name of a route's own circuit. */
export function circuitName(method: string, template: string): string {
  return `http:${method} ${template}`.slice(0, LONGEST_NAME);
}

/** Refuses requests while the circuit is open, and lets it learn from the answers to the others. */
export class CircuitGate {
  readonly #circuit: CircuitBreaker;
  readonly #told: Occasional;

  constructor(
    private readonly host: HttpHost,
    name: string,
    { name: _named, ...options }: HttpCircuitOptions = {},
  ) {
    this.#circuit = host.circuit(name, Object.keys(options).length === 0 ? undefined : options);
    this.#told = new Occasional(host.rateLimiting.clock);
  }

  /** The answer in place of the application's; undefined for a request that may pass. */
  admit(exchange: Exchange): HttpAnswer | undefined {
    if (exchange.permit !== undefined) return undefined;
    try {
      exchange.permit = this.#circuit.acquire();
      return undefined;
    } catch (error) {
      if (!isBaldurError(error, "ERR_BALDUR_CIRCUIT_OPEN")) throw error;
      return this.#refuse(error as CircuitOpenError, exchange);
    }
  }

  #refuse({ circuit, state, retryAfter }: CircuitOpenError, exchange: Exchange): HttpAnswer {
    const after = retryAfter === undefined ? undefined : Math.max(1, seconds(retryAfter));
    if (this.#told.due) {
      const facts = { circuit, state, retry_after: after };
      this.host.telemetry.report(requestBlockedByCircuit, facts, exchange.correlationId);
    }
    const body = {
      error: "service_unavailable",
      message: `circuit ${circuit} is ${state}`,
      service: circuit,
      code: "CIRCUIT_BREAKER_OPEN",
    };
    const wait = after === undefined ? undefined : { "retry-after": String(after) };
    return jsonAnswer(503, body, { "x-baldur-circuit-breaker": state, ...wait });
  }
}
