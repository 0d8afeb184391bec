import { text } from "../describe.js";
import { isBaldurError } from "../errors.js";
import { interventionSuppressed } from "../pipeline/events.js";
import type { Execution } from "../pipeline/execution.js";
import type { CallServices } from "../pipeline/services.js";
import type { Stage } from "../pipeline/stage.js";
import type { Bulkhead, BulkheadPermit } from "../slots/bulkhead.js";
import { bulkheadFaulty } from "./events.js";

/** Lets a call in when its compartment has room. In no chain while nothing fills the slot. */
export class BulkheadStage implements Stage {
  readonly name = "bulkhead";

  constructor(
    private readonly services: CallServices,
    private readonly bulkhead: Bulkhead,
  ) {}

  enter(call: Execution): void {
    let permit: BulkheadPermit | PromiseLike<BulkheadPermit>;
    try {
      permit = this.bulkhead.acquire({
        name: call.name,
        compartment: call.options?.bulkhead ?? call.name,
        ...(call.options?.signal !== undefined && { signal: call.options.signal }),
      });
    } catch (error) {
      return this.#refused(call, error);
    }
    if (typeof permit !== "object" || permit === null)
      return this.#faulty(call, "acquire() answered no permit");
    if (!("then" in permit)) return this.#admitted(call, permit);
    call.wait(
      permit,
      (resumed, admitted) => this.#admitted(resumed, admitted),
      (resumed, error) => this.#refused(resumed, error),
      (late) => late.release(),
    );
  }

  succeed(call: Execution, value: unknown): void {
    this.#release(call);
    call.succeed(value);
  }

  fail(call: Execution, error: unknown): void {
    this.#release(call);
    call.fail(error);
  }

  #admitted(call: Execution, permit: BulkheadPermit): void {
    call.extras.permit = permit;
    call.proceed();
  }

  /** A fault of whatever fills the slot must not stop the call. */
  #faulty(call: Execution, problem: unknown): void {
    this.services.telemetry.report(bulkheadFaulty, { name: call.name, error: text(problem) });
    call.proceed();
  }

  #refused(call: Execution, error: unknown): void {
    if (!isBaldurError(error) && error !== call.options?.signal?.reason) return this.#faulty(call, error);
    if (!call.dryRun) return call.refuse(error, "rejected");
    const detail = "the bulkhead would have refused";
    this.services.telemetry.report(interventionSuppressed, {
      name: call.name,
      intervention: "bulkhead",
      detail,
    });
    call.proceed();
  }

  #release(call: Execution): void {
    const { permit } = call.extras;
    call.extras.permit = null;
    try {
      permit?.release();
    } catch (problem) {
      this.services.telemetry.report(bulkheadFaulty, { name: call.name, error: text(problem) });
    }
  }
}
