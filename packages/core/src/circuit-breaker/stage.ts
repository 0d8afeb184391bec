import type { Execution } from "../pipeline/execution.js";
import type { Stage } from "../pipeline/stage.js";
import type { Breaker } from "./circuit-breaker.js";
import type { CircuitReporter } from "./reporter.js";

/** Admits calls by their circuit, and tells it how they ended: one outcome per call, however many attempts it took. */
export class CircuitBreakerStage implements Stage {
  readonly name = "circuit-breaker";

  constructor(private readonly reporter: CircuitReporter) {}

  enter(call: Execution): void {
    const breaker = call.endpoint.circuit as Breaker;
    if (!breaker.passes) {
      const admission = breaker.admit();
      if (typeof admission === "number") call.probe = admission;
      else if (call.dryRun) this.reporter.suppressed(admission);
      else return call.refuse(breaker.refuse(admission), "rejected");
    }
    call.circuit = breaker;
    call.generation = breaker.generation;
    call.proceed();
  }

  succeed(call: Execution, value: unknown): void {
    const breaker = call.circuit as Breaker;
    const duration = breaker.policy.slowCallDuration === undefined ? 0 : call.elapsed();
    breaker.succeeded(call.generation, call.probe, duration);
    call.succeed(value);
  }

  fail(call: Execution, error: unknown): void {
    this.#record(call, error);
    call.fail(error);
  }

  #record(call: Execution, error: unknown): void {
    const breaker = call.circuit as Breaker;
    const { generation, probe } = call;
    switch (call.verdict(error)) {
      case "ignored":
        return breaker.endProbe(generation, probe, "neutral");
      case "rate_limited":
        return breaker.rateLimited(generation, probe);
      default:
        return breaker.failed(
          generation,
          probe,
          breaker.policy.slowCallDuration === undefined ? 0 : call.elapsed(),
        );
    }
  }
}
