import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Permit } from "../circuit-breaker/types.js";
import type { Admission } from "../lifecycle/lifecycle.js";
import { deadlineOf, givenCorrelationId, type RequestContext, traceIdOf } from "./context.js";
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

/** Found on a response by every adapter and every copy of this package: a request is counted once. */
const KEY: unique symbol = Symbol.for("@baldur/core.http-exchange");

type Carrier = ServerResponse & { [KEY]?: Exchange | undefined };

/** A request from its arrival until its answer was sent or its client has left. Nothing of it is made before it is needed. */
export class Exchange implements RequestContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly source: unknown;
  /** Neighbours among those that are under way. */
  previous: Exchange | undefined = undefined;
  next: Exchange | undefined = undefined;
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
    (parts.response as Carrier)[KEY] = this;
  }

  /** The exchange of a response, whichever adapter began it. */
  static of(response: ServerResponse): Exchange | undefined {
    return (response as Carrier)[KEY];
  }

  /** Makes room for one, before a framework changes the prototype: to add a property after that is slow. */
  static reserve(response: ServerResponse): void {
    (response as Carrier)[KEY] ??= undefined;
  }

  get correlationId(): string {
    this.#correlationId ??= givenCorrelationId(this.request.headers) ?? globalThis.crypto.randomUUID();
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

  /** Waits for the end. The listeners are shared functions: nothing is made for each request. */
  listen(hasServer: boolean): void {
    const { request, response } = this;
    response.on("close", onClose);
    // Without a server of its own a response may finish and never close.
    if (!hasServer) response.on("finish", onFinish);
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
    this.#owner.left(this);
  }
}

function onFinish(this: ServerResponse): void {
  Exchange.of(this)?.end(true);
}

function onClose(this: ServerResponse): void {
  Exchange.of(this)?.end(this.writableFinished);
}
