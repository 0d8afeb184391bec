import type { ServerResponse } from "node:http";
import { invalid } from "../errors.js";
import { interventionSuppressed } from "../pipeline/events.js";
import { requestBlocked } from "../rate-limit/events.js";
import { exceededTotal } from "../rate-limit/metrics.js";
import { type HttpAnswer, jsonAnswer } from "./answer.js";
import { addressKey } from "./client-key.js";
import type { HttpHost } from "./host.js";
import { Occasional } from "./occasional.js";
import { ProcessLimiter, type RequestLimiter, SharedLimiter, type Verdict } from "./rate-limit.js";
import { type RateLimitPolicy, seconds, tellLimit } from "./rate-limit-headers.js";

/**
 * How many requests a client may send. Whoever is refused and waits for as long as `Retry-After`, or the reset of the other
 * headers, says may send one then: at most a twentieth of the window, rounded up to a second, later than the limit asks for,
 * since a window is counted in 20 parts, and never too few of them.
 * @public
 */
export interface HttpRateLimitOptions<R> {
  /** Requests within the window, per client. */
  readonly limit: number;
  /** Milliseconds. Default 60,000. */
  readonly window?: number;
  /** As clients are told it, and, for a fleet, whose budget it is. Default "default", of a route its template. */
  readonly name?: string;
  /** Whose budget a request uses; undefined: nobody's. Default: its address, as the framework trusts proxies. */
  readonly key?: (request: R) => string | undefined;
  /** "fleet": all processes that share a Redis or a database count together. Default "process". */
  readonly scope?: "process" | "fleet";
  /** Requests that each process lets pass in a window while the store of the fleet is away. Default: a tenth. */
  readonly emergencyLimit?: number;
}

/** What a gate works with. */
export interface RateGateParts<R> {
  readonly host: HttpHost;
  readonly address: (request: R) => string | undefined;
}

const MINUTE = 60_000;
const SHARE = 0.1;
const SHORTEST_WINDOW = 1000;
/** What a String of Structured Fields may hold. */
const NAME = /^[\x20-\x7e]{1,128}$/;

/** Lets so many requests of a client pass. */
export class RateGate<R> {
  readonly #policy: RateLimitPolicy;
  readonly #limiter: RequestLimiter;
  readonly #told: Occasional;
  readonly #client: (request: R) => string | undefined;

  constructor(
    private readonly parts: RateGateParts<R>,
    options: HttpRateLimitOptions<R>,
    name = "default",
  ) {
    checkRateLimit(options);
    const { clock } = parts.host.rateLimiting;
    this.#policy = { name: options.name ?? name, limit: options.limit, window: options.window ?? MINUTE };
    this.#limiter = this.#createLimiter(options);
    this.#told = new Occasional(clock);
    this.#client = options.key ?? ((request) => addressKey(parts.address(request)));
  }

  /** The answer in place of the application's; undefined for a request that may pass. */
  admit(request: R, response: ServerResponse): HttpAnswer | undefined | Promise<HttpAnswer | undefined> {
    if (this.parts.host.rateLimiting.control.mode === 2) return undefined;
    const client = this.#client(request);
    if (client === undefined) return undefined;
    if ((client as unknown) instanceof Promise)
      // each would be a client of its own, and nobody limited
      throw invalid("rateLimit.key", "a function that gives a string or undefined, at once", client);
    const verdict = this.#limiter.take(client);
    return verdict instanceof Promise
      ? verdict.then((later) => this.#decide(client, response, later))
      : this.#decide(client, response, verdict);
  }

  #createLimiter({ scope, emergencyLimit }: HttpRateLimitOptions<R>): RequestLimiter {
    const { rateLimiting } = this.parts.host;
    const { name, limit, window } = this.#policy;
    if (scope !== "fleet") return new ProcessLimiter(this.#policy, rateLimiting.clock);
    const emergency = emergencyLimit ?? Math.ceil(limit * SHARE);
    const rule = { limit, window, emergency, bucket: `http\\:${name.replace(/[\\:]/g, "\\$&")}` };
    return new SharedLimiter(rule, rateLimiting.clock, () => this.parts.host.rateLimiting.store);
  }

  #decide(client: string, response: ServerResponse, verdict: Verdict): HttpAnswer | undefined {
    const { rateLimiting } = this.parts.host;
    if (!response.headersSent) tellLimit(response, this.#policy, verdict, rateLimiting.clock.now());
    if (verdict.wait === 0) return undefined;
    return rateLimiting.control.mode === 1 ? this.#suppressed(client) : this.#refuse(client, verdict);
  }

  /** In a dry run a request that would be refused is told, and passes. */
  #suppressed(client: string): undefined {
    const { name, limit } = this.#policy;
    const detail = `the limit of ${limit} would have refused ${client}`;
    if (this.#told.due)
      this.parts.host.telemetry.report(interventionSuppressed, { name, intervention: "rate_limit", detail });
    return undefined;
  }

  #refuse(client: string, { wait, emergency }: Verdict): HttpAnswer {
    const { limit, window } = this.#policy;
    const { telemetry } = this.parts.host;
    telemetry
      .counter(exceededTotal)
      .cell(emergency ? "emergency" : "normal")
      .add();
    if (this.#told.due) telemetry.report(requestBlocked, { key: client, limit, window });
    const after = Math.max(1, seconds(wait));
    const message = `more than ${limit} requests in ${seconds(window)} s`;
    const body = { error: "rate_limit_exceeded", message, retry_after: after };
    return jsonAnswer(429, body, { "retry-after": String(after) });
  }
}

/** Throws `ConfigurationError` for the first option that breaks its rule. */
export function checkRateLimit({
  limit,
  window,
  name,
  key,
  scope,
  emergencyLimit,
}: HttpRateLimitOptions<never>): void {
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1;
  if (!isCount(limit)) throw invalid("rateLimit.limit", "a positive integer", limit);
  if (emergencyLimit !== undefined && !isCount(emergencyLimit))
    throw invalid("rateLimit.emergencyLimit", "a positive integer", emergencyLimit);
  if (window !== undefined && !(window >= SHORTEST_WINDOW && window < Number.POSITIVE_INFINITY))
    throw invalid("rateLimit.window", `at least ${SHORTEST_WINDOW} milliseconds`, window);
  if (name !== undefined && !NAME.test(name))
    throw invalid("rateLimit.name", "1 to 128 printable characters of ASCII", name);
  if (key !== undefined && typeof key !== "function")
    throw invalid("rateLimit.key", "a function of the request", key);
  if (!["process", "fleet", undefined].includes(scope))
    throw invalid("rateLimit.scope", '"process" or "fleet"', scope);
}
