import type { Baldur } from "../api.js";
import type { HttpCircuitOptions } from "./circuit-gate.js";
import type { HttpDeadlineOptions } from "./deadline-gate.js";
import type { HttpIdempotencyOptions } from "./idempotency.js";
import type { HttpRateLimitOptions } from "./rate-gate.js";

/** How the metrics of requests are shown and recorded. @public */
export interface HttpMetricsPageOptions {
  /** Where the page is. Default "/metrics"; false: nowhere. */
  readonly path?: string | false;
  /** Count and time requests. Default true. */
  readonly record?: boolean;
}

/** What somebody may do with the control API; undefined: what their key allows. @public */
export type HttpGranted =
  | "authenticated"
  | "viewer"
  | "operator"
  | "admin"
  | { readonly role: "authenticated" | "viewer" | "operator" | "admin"; readonly actor?: string }
  | undefined;

/** The paths of Baldur itself. @public */
export interface HttpApiOptions<R> {
  /** What they begin with. Default "/api/baldur". */
  readonly prefix?: string;
  /** Serve the control API. Default true: without a key, to this host alone. */
  readonly control?: boolean;
  /** Who somebody is by the application's own means, asked before the key. With it, being local opens nothing. */
  readonly authorize?: (request: R) => HttpGranted | Promise<HttpGranted>;
  /** Serve the full picture at `health/` to everyone. Default false: to who may read the control API. */
  readonly publicHealth?: boolean;
}

/** What is known of a request while it is worked on. @public */
export interface HttpContextOptions {
  /** Keep it in an `AsyncLocalStorage`, which costs every promise of the process a little. Default false. */
  readonly storage?: boolean;
}

/** How a server goes out of service. @public */
export interface HttpDrainOptions {
  /**
   * Milliseconds that clients have to notice: as long as connections are open, or requests came lately, the drain goes on, so that
   * what is on its way is refused and not lost. Default 1,000.
   */
  readonly linger?: number;
}

/** What the adapters have in common. @public */
export interface HttpAdapterOptions<R> {
  /** Default: the runtime of `init()`, which is called. One that is given is started, and yours to close. */
  readonly runtime?: Baldur;
  /** What a client may send, on all routes together. Default: BALDUR_RATE_LIMIT_MIDDLEWARE_RATE_LIMIT, which is none. */
  readonly rateLimit?: HttpRateLimitOptions<R> | false;
  /** One circuit around all routes. Default: none. */
  readonly circuitBreaker?: HttpCircuitOptions & { readonly name: string };
  /** Default: what callers say of their patience is not looked at. */
  readonly deadline?: HttpDeadlineOptions;
  readonly context?: HttpContextOptions;
  readonly metrics?: HttpMetricsPageOptions;
  readonly api?: HttpApiOptions<R> | false;
  readonly drain?: HttpDrainOptions;
  /** Called when a drain has ended. */
  readonly onDrained?: () => unknown;
}

/** What holds for one route. @public */
export interface HttpRouteOptions<R> {
  /** What a client may send to the route. */
  readonly rateLimit?: HttpRateLimitOptions<R>;
  /** A circuit around the handler. True: one of its own, with default options. */
  readonly circuitBreaker?: boolean | HttpCircuitOptions;
  /** Do requests with a header `Idempotency-Key` once. "required": refuse those without. */
  readonly idempotency?: boolean | "required" | HttpIdempotencyOptions<R>;
}
