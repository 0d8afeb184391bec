import { isBaldurError } from "../errors.js";
import type { Execution } from "../pipeline/execution.js";
import type { Stage } from "../pipeline/stage.js";
import { isPending } from "./answer.js";
import type { Claim } from "./claim.js";
import type { Admission, IdempotencyGate } from "./gate.js";
import { callKey } from "./key.js";
import type { Answer } from "./store.js";

/** Claims a call's key before anything else happens, and settles it by what became of the function: one claim for all attempts. */
export class IdempotencyStage implements Stage {
  readonly name = "idempotency";

  constructor(readonly gate: IdempotencyGate) {}

  enter(call: Execution): void {
    if (!this.gate.enabled) return call.proceed();
    let admission: Answer<Admission>;
    try {
      admission = this.#admit(call);
    } catch (error) {
      return refused(call, error);
    }
    if (isPending(admission)) call.wait(admission, admitted, refused, giveBack);
    else admitted(call, admission);
  }

  succeed(call: Execution, value: unknown): void {
    const claim = call.extras.claim as Claim | null;
    // A fallback's value says nothing about the work.
    const settled =
      claim !== null && call.outcome === "success" ? claim.complete(value) : undone(call, claim);
    afterwards(call, settled, (resumed) => resumed.succeed(value));
  }

  fail(call: Execution, error: unknown): void {
    afterwards(call, undone(call, call.extras.claim as Claim | null), (resumed) => resumed.fail(error));
  }

  #admit(call: Execution): Answer<Admission> {
    const { idempotencyKey = "", idempotency } = call.options ?? {};
    const key = callKey(call, idempotencyKey);
    return this.gate.admit({ key, domain: call.domain() ?? call.name, options: idempotency });
  }
}

function admitted(call: Execution, admission: Admission): void {
  if ("replayed" in admission) return call.succeed(admission.replayed);
  const { claim } = admission;
  call.extras.claim = claim;
  if (claim !== null) call.extras.onLateSuccess = (value) => claim.completeLate(value);
  call.proceed();
}

function refused(call: Execution, error: unknown): void {
  call.refuse(error, "rejected");
}

/** The caller gave up while the store was asked. */
function giveBack(admission: Admission): void {
  if ("claim" in admission) admission.claim?.release();
}

/** Settles the claim of a call whose function did not resolve in time. */
function undone(call: Execution, claim: Claim | null): Answer<void> {
  if (claim === null) return undefined;
  if (call.attempts === 0) return claim.release();
  return mayStillRun(call) ? claim.keep() : claim.fail();
}

/** A run that was given up may still be running, and may still have its effect. */
function mayStillRun(call: Execution): boolean {
  const { abandonedRun, attempts } = call.extras;
  return abandonedRun || attempts.some(({ error }) => isBaldurError(error, "ERR_BALDUR_TIMEOUT_POLICY"));
}

/** Goes on when the store has answered, so that nobody hears of an outcome before it is recorded. */
function afterwards(call: Execution, settled: Answer<void>, next: (call: Execution) => void): void {
  if (isPending(settled)) call.wait(settled, next, next);
  else next(call);
}
