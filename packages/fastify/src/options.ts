import type { Baldur, ShutdownReport } from "@baldur/core";
import type {
  HttpAdapterOptions,
  HttpCircuitOptions,
  HttpRouteOptions,
  RequestContext,
} from "@baldur/core/plugin";
import type { FastifyRequest } from "fastify";

/** Options of the plugin. Durations in milliseconds. @public */
export interface FastifyBaldurOptions
  extends Omit<HttpAdapterOptions<FastifyRequest>, "onDrained" | "circuitBreaker"> {
  /** True, or without a `name`: every route has a circuit of its own. With one: a circuit around all routes. Default: none. */
  readonly circuitBreaker?: boolean | HttpCircuitOptions;
}

/** What holds for one route: `config: { baldur: { idempotency: true } }`. @public */
export type FastifyRouteOptions = HttpRouteOptions<FastifyRequest>;

/** The decorator `fastify.baldur`. @public */
export interface BaldurFastify {
  /** It has started. */
  readonly runtime: Baldur;
  /** Of the request that the code at work is part of. Needs the option `context.storage`. */
  context(): RequestContext | undefined;
  /** Goes out of service: what is in flight is waited for, then the application and the runtime are closed. */
  close(options?: { readonly deadline?: number; readonly reason?: string }): Promise<ShutdownReport>;
}
