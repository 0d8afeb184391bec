import { AttemptCall } from "../pipeline/attempt.js";
import { classify } from "../pipeline/classify.js";
import type { Endpoint } from "../pipeline/endpoint.js";
import { rejectLater } from "../pipeline/execution.js";
import type { ProtectedFunction, ProtectOptions } from "../pipeline/options.js";
import type { CallServices } from "../pipeline/services.js";
import type { Breaker } from "./circuit-breaker.js";

/**
 * A call that has nothing but a closed circuit breaker around it, which is what most calls are: the walk through the
 * stages written out for the one stage. It does what `Execution` with a `CircuitBreakerStage` does, at half the cost.
 */
export function callDirectly(
  services: CallServices,
  endpoint: Endpoint,
  breaker: Breaker,
  fn: ProtectedFunction,
  options: ProtectOptions | undefined,
  args: readonly unknown[] | undefined,
): Promise<unknown> {
  const { clock } = services;
  const { generation } = breaker;
  const startedAt = endpoint.precise ? clock.monotonic() : clock.coarse();
  endpoint.inFlight++;
  let result: unknown;
  try {
    result = fn(new AttemptCall(endpoint.name, 1, options, args));
  } catch (error) {
    recordFailure(services, endpoint, breaker, generation, startedAt, error, options);
    return rejectLater(error);
  }
  return Promise.resolve(result).then(
    (value) => {
      const duration = (endpoint.precise ? clock.monotonic() : clock.coarse()) - startedAt;
      breaker.succeeded(generation, 0, duration);
      endpoint.succeeded(duration);
      return value;
    },
    (error: unknown) => {
      recordFailure(services, endpoint, breaker, generation, startedAt, error, options);
      throw error;
    },
  );
}

function recordFailure(
  { clock, telemetry }: CallServices,
  endpoint: Endpoint,
  breaker: Breaker,
  generation: number,
  startedAt: number,
  error: unknown,
  options: ProtectOptions | undefined,
): void {
  const duration = (endpoint.precise ? clock.monotonic() : clock.coarse()) - startedAt;
  const classification = classify(error, options, endpoint.name, telemetry);
  if (classification === "rate_limited") breaker.rateLimited(generation, 0);
  else if (classification !== "ignored") breaker.failed(generation, 0, duration);
  endpoint.settled("failure", duration, 1);
}
