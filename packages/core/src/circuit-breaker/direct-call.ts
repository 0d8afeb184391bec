import type { AnyFunction, Call } from "../call.js";
import type { HotClock } from "../clock.js";
import { apply, promised } from "../pipeline/apply.js";
import { AttemptCall } from "../pipeline/attempt.js";
import { classify } from "../pipeline/classify.js";
import type { Endpoint } from "../pipeline/endpoint.js";
import type { ProtectOptions } from "../pipeline/options.js";
import { rejection, rejectLater } from "../pipeline/rejection.js";
import type { CallServices } from "../pipeline/services.js";
import type { Breaker } from "./circuit-breaker.js";

/**
 * Makes calls that have nothing but a closed circuit breaker around them, which is what most calls are: the walk through
 * the stages written out for the one stage. It does what `Execution` with a `CircuitBreakerStage` does, at half the cost.
 */
export class DirectCalls {
  readonly #clock: HotClock;

  constructor(private readonly services: CallServices) {
    this.#clock = services.clock;
  }

  /** `args` and `self` are those of a wrapped function. */
  run(
    endpoint: Endpoint,
    fn: AnyFunction,
    options: ProtectOptions | undefined,
    args: readonly unknown[] | undefined,
    self: unknown,
  ): Promise<unknown> {
    const { generation } = endpoint.circuit as Breaker;
    const startedAt = this.#clock.coarse();
    endpoint.lastUsed = startedAt;
    endpoint.inFlight++;
    try {
      const result: unknown = args === undefined ? fn(firstCall(endpoint, options)) : apply(fn, self, args);
      return promised(result).then(
        (value) => {
          const now = this.#clock.coarse();
          (endpoint.circuit as Breaker).passed(generation, now);
          endpoint.succeeded(now - startedAt);
          return value;
        },
        (error: unknown) => {
          this.#recordFailure(endpoint, generation, startedAt, error, options);
          return rejection(error);
        },
      );
    } catch (error) {
      this.#recordFailure(endpoint, generation, startedAt, error, options);
      return rejectLater(error);
    }
  }

  #recordFailure(
    endpoint: Endpoint,
    generation: number,
    startedAt: number,
    error: unknown,
    options: ProtectOptions | undefined,
  ): void {
    const { clock, telemetry } = this.services;
    const breaker = endpoint.circuit as Breaker;
    const duration = clock.coarse() - startedAt;
    const classification = classify(error, options, endpoint.name, telemetry);
    if (classification === "rate_limited") breaker.rateLimited(generation, 0);
    else if (classification !== "ignored") breaker.failed(generation, 0, duration);
    endpoint.settled("failure", duration, 1);
  }
}

function firstCall(endpoint: Endpoint, options: ProtectOptions | undefined): Call {
  return options === undefined ? endpoint.bareCall : new AttemptCall({ name: endpoint.name, options }, 1);
}
