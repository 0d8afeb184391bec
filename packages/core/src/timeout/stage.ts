import { timeoutError } from "../pipeline/errors.js";
import type { Execution } from "../pipeline/execution.js";
import type { CallServices } from "../pipeline/services.js";
import type { Stage } from "../pipeline/stage.js";

/** Bounds everything further in: all attempts and the waits between them. */
export class TimeoutStage implements Stage {
  readonly name = "timeout";

  constructor(private readonly services: CallServices) {}

  enter(call: Execution): void {
    call.deadline = this.services.deadlines.add(call.timeout, call, expire, call.fresh);
    call.proceed();
  }

  succeed(call: Execution, value: unknown): void {
    this.#disarm(call);
    call.succeed(value);
  }

  fail(call: Execution, error: unknown): void {
    this.#disarm(call);
    call.fail(error);
  }

  #disarm(call: Execution): void {
    if (call.deadline !== null) this.services.deadlines.remove(call.deadline);
    call.deadline = null;
  }
}

function expire(call: Execution): void {
  call.deadline = null;
  call.interrupt(call.levelInside("timeout"), timeoutError(call.name, call.timeout, "call"), "timeout");
}
