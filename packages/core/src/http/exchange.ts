import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Permit } from "../circuit-breaker/types.js";
import type { Admission } from "../lifecycle/lifecycle.js";
import { deadlineOf, givenCorrelationId, type RequestContext, traceIdOf } from "./context.js";
import { addExchange, keepExchange, removeExchange } from "./exchange-finder.js";
import type { HttpMeasurement } from "./http-metrics.js";

/** What an exchange belongs to. */
export interface ExchangeOwner {
  /** Milliseconds. */
  now(): number;
  /** The router's template of its request, as far as a route has matched. */
  template(exchange: Exchange): string | undefined;
  /** What its circuit makes of a status. */
  outcome(status: number): "success" | "failure" | "ignore";
  left(exchange: Exchange): void;
  /** Ends what its client waits for, when the client leaves. */
  watch(socket: Socket): void;
}

export interface ExchangeParts {
  readonly owner: ExchangeOwner;
  /** Milliseconds, monotonic. */
  readonly arrivedAt: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The framework's request. */
  readonly source: unknown;
  readonly admission: Admission;
  readonly measurement: HttpMeasurement | undefined;
}

/** A request from its arrival until its answer was sent or its client has left. Nothing of it is made before it is needed. */
export class Exchange implements RequestContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly source: unknown;
  /** Neighbours among those that are under way. */
  previous: Exchange | undefined = undefined;
  next: Exchange | undefined = undefined;
  /** Under way on the same connection since before. */
  earlier: Exchange | undefined = undefined;
  permit: Permit | undefined = undefined;
  /** Milliseconds, monotonic. */
  readonly arrivedAt: number;
  /** What the application threw. */
  failure: unknown = undefined;
  readonly #owner: ExchangeOwner;
  readonly #admission: Admission;
  readonly #measurement: HttpMeasurement | undefined;
  #correlationId: string | undefined = undefined;
  #ended = false;

  constructor(parts: ExchangeParts) {
    this.request = parts.request;
    this.response = parts.response;
    this.source = parts.source;
    this.#owner = parts.owner;
    this.#admission = parts.admission;
    this.#measurement = parts.measurement;
    this.arrivedAt = parts.arrivedAt;
  }

  get correlationId(): string {
    this.#correlationId ??= givenCorrelationId(this.request.headers) ?? this.#createCorrelationId();
    return this.#correlationId;
  }

  get traceId(): string | undefined {
    return traceIdOf(this.request.headers);
  }

  get remaining(): number | undefined {
    const deadline = deadlineOf(this.request.headers);
    if (deadline === undefined) return undefined;
    return Math.max(0, deadline - (this.#owner.now() - this.arrivedAt));
  }

  /** What a logger should see of it. */
  toJSON(): object {
    return { correlationId: this.correlationId, traceId: this.traceId };
  }

  /** Begins, and waits for the end. */
  begin(hasServer: boolean): void {
    const { request, response } = this;
    addExchange(this);
    response.on("close", () => this.end(response.writableFinished));
    // Without a server of its own a response may finish and never close.
    if (!hasServer) response.on("finish", () => this.end(true));
    // Behind others in a pipeline it has no socket yet, and would never hear that the client has left.
    else if (response.socket === null) this.#owner.watch(request.socket);
  }

  /** The answer was sent, or its client has left before. */
  end(isSent: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    const status = isSent ? this.response.statusCode : undefined;
    this.#admission.end();
    if (this.permit !== undefined)
      this.permit[status === undefined ? "ignore" : this.#owner.outcome(status)]();
    this.#measurement?.end(this.#owner.template(this), status, this.failure);
    removeExchange(this);
    this.#owner.left(this);
  }

  /** Somebody has seen it, so it stays the same when the request has ended. */
  #createCorrelationId(): string {
    keepExchange(this);
    return globalThis.crypto.randomUUID();
  }
}
