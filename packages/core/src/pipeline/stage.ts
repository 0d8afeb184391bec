import type { Execution } from "./execution.js";

/**
 * One pattern's part in a call. The stages of a call are entered from the outside in, and left from the inside out
 * with the outcome. Each method ends by calling exactly one of `call.proceed()`, `call.succeed()` and `call.fail()`,
 * at once or later through `call.wait()`: a call whose stages all answer at once costs one promise.
 *
 * A stage holds no state of a call; what it must remember stands on the execution.
 */
export interface Stage {
  readonly name: StageName;
  /** Before the function runs. `call.proceed()` goes on inwards. Absent: the stage has nothing to do here. */
  enter?(call: Execution): void;
  /** Something further in produced a value. */
  succeed?(call: Execution, value: unknown): void;
  /** Something further in failed, or was given up. */
  fail?(call: Execution, error: unknown): void;
}

/** Stages in order, and for every level which stage on the way in or out has something to do next. */
export class Chain {
  /** At `level`: the first level from there inwards whose stage is entered; the number of stages for the function. */
  readonly inwards: readonly number[];
  /** At `level + 1`: the first level from there outwards that takes a value; -1 for the caller. */
  readonly outwards: readonly number[];
  /** The same for an error. */
  readonly failing: readonly number[];

  constructor(readonly stages: readonly Stage[]) {
    const last = stages.length;
    this.inwards = Array.from({ length: last + 1 }, (_, level) => {
      const found = stages.findIndex((stage, at) => at >= level && stage.enter !== undefined);
      return found === -1 ? last : found;
    });
    const out = (hook: "succeed" | "fail"): number[] =>
      Array.from({ length: last + 1 }, (_, level) =>
        stages.findLastIndex((stage, at) => at < level && stage[hook] !== undefined),
      );
    this.outwards = out("succeed");
    this.failing = out("fail");
  }
}

export type StageName =
  | "idempotency"
  | "failure-capture"
  | "fallback"
  | "bulkhead"
  | "circuit-breaker"
  | "timeout"
  | "retry";
