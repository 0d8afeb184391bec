import type { HotClock } from "../clock.js";
import type { Execution } from "../pipeline/execution.js";
import type { Stage } from "../pipeline/stage.js";
import type { Admission, Breaker } from "./circuit-breaker.js";
import type { CircuitReporter } from "./reporter.js";

/** Admits calls by their circuit, and tells it how they ended: one outcome per call, however many attempts it took. */
export class CircuitBreakerStage implements Stage {
  readonly name = "circuit-breaker";

  constructor(
    private readonly reporter: CircuitReporter,
    private readonly clock: HotClock,
  ) {}

  enter(call: Execution): void {
    const breaker = call.endpoint.circuit as Breaker;
    if (!breaker.passes) return this.#ask(call, breaker);
    call.generation = breaker.generation;
    call.proceed();
  }

  /** Where the circuit is shared, the call may have to wait until the fleet has said whether it is a probe. */
  #ask(call: Execution, breaker: Breaker): void {
    const admission = breaker.ask();
    if (!(admission instanceof Promise)) return this.#answered(call, breaker, admission);
    call.wait(
      admission,
      (resumed, answer) => this.#answered(resumed, breaker, answer),
      (resumed, error) => resumed.refuse(error, "failure"),
      (late) => this.#giveBack(breaker, late),
    );
  }

  #answered(call: Execution, breaker: Breaker, admission: Admission): void {
    if (typeof admission === "number") call.extras.probe = admission;
    else if (call.dryRun) this.reporter.suppressed(admission);
    else return call.refuse(breaker.refuse(admission), "rejected");
    call.generation = breaker.generation;
    call.proceed();
  }

  /** The caller gave up while the fleet was asked. */
  #giveBack(breaker: Breaker, admission: Admission): void {
    if (typeof admission === "number") breaker.endProbe(breaker.generation, admission, "neutral");
  }

  succeed(call: Execution, value: unknown): void {
    const breaker = call.endpoint.circuit as Breaker;
    if (call.probe !== 0 || breaker.policy.slowCallDuration !== undefined) {
      breaker.succeeded(call.generation, call.probe, call.elapsed());
    } else {
      breaker.passed(call.generation, this.clock.coarse());
    }
    call.succeed(value);
  }

  fail(call: Execution, error: unknown): void {
    this.#record(call, error);
    call.fail(error);
  }

  #record(call: Execution, error: unknown): void {
    const breaker = call.endpoint.circuit as Breaker;
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
