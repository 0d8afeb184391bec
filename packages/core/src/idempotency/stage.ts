import type { Execution } from "../pipeline/execution.js";
import type { IdempotencyOptions } from "../pipeline/options.js";
import type { Stage } from "../pipeline/stage.js";
import { type Admission, type Claim, type IdempotencyGate, isPromise } from "./gate.js";
import { contextKey, givenKey } from "./key.js";

const NO_OPTIONS: IdempotencyOptions = Object.freeze({});

/** Runs one call per key. Outermost: a duplicate costs nothing further in, and no fallback may answer it. */
export class IdempotencyStage implements Stage {
  readonly name = "idempotency";

  constructor(private readonly gate: IdempotencyGate) {}

  enter(call: Execution): void {
    let admission: Admission | PromiseLike<Admission>;
    try {
      admission = this.gate.admit(keyOf(call), call.options?.domain ?? call.name, call.options?.idempotency ?? NO_OPTIONS);
    } catch (error) {
      return call.refuse(error, "rejected");
    }
    if (!isPromise(admission)) return this.#admitted(call, admission);
    call.wait(
      admission,
      (resumed, answer) => this.#admitted(resumed, answer),
      (resumed, error) => resumed.refuse(error, "rejected"),
      (late) => this.#giveBack(late),
    );
  }

  /** Completed only when the function itself resolved: a fallback did not do the work. */
  succeed(call: Execution, value: unknown): void {
    const claim = call.claim as Claim | null;
    if (claim === null) return call.succeed(value);
    const settled = call.outcome === "success" ? this.gate.settle(claim, "complete", value) : this.#unfinished(call, claim);
    this.#after(call, settled, () => call.succeed(value));
  }

  fail(call: Execution, error: unknown): void {
    const claim = call.claim as Claim | null;
    if (claim === null) return call.fail(error);
    this.#after(call, this.#unfinished(call, claim), () => call.fail(error));
  }

  #admitted(call: Execution, admission: Admission): void {
    if (admission.kind === "refuse") return call.refuse(admission.error, "rejected");
    if (admission.kind === "replay") return call.succeed(admission.value);
    call.claim = admission.claim ?? null;
    call.proceed();
  }

  /** The function did not resolve in time for this call. Where it may still be running, its claim stays. */
  #unfinished(call: Execution, claim: Claim): void | PromiseLike<void> {
    if (call.attempts === 0) return this.gate.release(claim);
    if (!call.abandoned) return this.gate.settle(claim, "fail");
    call.onLateSuccess = (value) => void this.gate.settle(claim, "complete", value);
  }

  #after(call: Execution, settled: void | PromiseLike<void>, next: () => void): void {
    if (settled === undefined) next();
    else call.wait(settled, next, next);
  }

  #giveBack(admission: Admission): void {
    if (admission.kind === "run" && admission.claim !== undefined) void this.gate.release(admission.claim);
  }
}

function keyOf(call: Execution): string {
  const key = call.options?.idempotencyKey;
  if (typeof key === "function") return givenKey((key as (...args: readonly unknown[]) => unknown)(...(call.args ?? [])));
  return contextKey(call.name, key as string, call.context);
}
