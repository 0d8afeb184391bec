import type { Attempt } from "../call.js";
import type { CaptureResult } from "../slots/failure-recorder.js";
import type { Execution } from "./execution.js";
import type { Outcome } from "./outcome.js";

/** Everything about how a call went. @public */
export interface ProtectResult<T> {
  readonly outcome: Outcome;
  /** Present after `success` and `fallback`. */
  readonly value?: T;
  /** The error that `protect` would have rejected with; `RetryExhaustedError` around it where attempts ran out. */
  readonly error?: unknown;
  readonly attempts: readonly Attempt[];
  /** Milliseconds. */
  readonly duration: number;
  readonly fallbackUsed: boolean;
  /** Present where the failed call is kept; `settled` tells when it is durable. */
  readonly captured?: { readonly id: string; readonly settled: Promise<CaptureResult> };
}

/** The record of an execution that has ended. */
export function resultOf<T>(call: Execution, ending: { value: T } | { error: unknown }): ProtectResult<T> {
  const { captured, attempts } = call.extras;
  return {
    outcome: call.outcome,
    ...ending,
    attempts,
    duration: call.elapsed(),
    fallbackUsed: call.outcome === "fallback",
    ...(captured !== undefined && { captured }),
  };
}
