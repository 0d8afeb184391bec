import type { Attempt, CallContext } from "../call.js";
import { defineSlot, type Provided, type Slot } from "./slot.js";

/** A protected call that failed for good, as it is handed to what keeps failed calls. @public */
export interface FailedCall {
  /** The protected name. */
  readonly name: string;
  /** The business domain, as the caller gave it: not validated yet. */
  readonly domain: string;
  /** How the call ended. "fallback": its caller got the fallback's answer, and asked for the failure to be kept anyway. */
  readonly outcome: "failure" | "timeout" | "rejected" | "fallback";
  /** What was thrown; anything, not only errors. */
  readonly error: unknown;
  /** What kind of failure it is: as the caller names it, else derived from the error. */
  readonly failureType: string;
  readonly attempts: readonly Attempt[];
  /** Milliseconds from the call's beginning to its failure. */
  readonly duration: number;
  readonly context: CallContext;
  /** The arguments of a wrapped function, as JSON values. Absent: they are not to be kept, or nothing was wrapped. */
  readonly args?: readonly unknown[];
  /** Replays that this operation may have; absent: as configured. */
  readonly maxRetries?: number;
  readonly at: Date;
}

/** Why a failed call was not kept. @public */
export type CaptureRefusal =
  | "disabled"
  | "no-op"
  | "dlq_capacity_exceeded"
  | "domain_capacity_exceeded"
  | "kill_switch"
  | "dry_run";

/** Where a failed call went. @public */
export type CaptureResult =
  | { readonly captured: true; readonly id: string; readonly where: "store" | "spill" | "stderr" }
  | { readonly captured: false; readonly reason: CaptureRefusal };

/** The answer to a capture: the id exists before any I/O; `settled` resolves when the entry is durable, and never rejects. @public */
export type Capture =
  | { readonly id: string; readonly settled: Promise<CaptureResult> }
  | { readonly captured: false; readonly reason: CaptureRefusal };

/** Keeps calls that failed for good, so that they can be done again. @public */
export interface FailureRecorder extends Provided {
  /** Takes the call over, in its caller's async context. Does no I/O before it returns, and never throws. */
  capture(operation: FailedCall): Capture;
}

const discarded: Capture = Object.freeze({ captured: false, reason: "no-op" });

/** Discards. @public */
export const noopFailureRecorder: FailureRecorder = Object.freeze({
  kind: "no-op",
  capture: () => discarded,
});

/** @public */
export const failureRecorderSlot: Slot<FailureRecorder> = defineSlot<FailureRecorder>("failure-recorder", {
  fallback: noopFailureRecorder,
});
