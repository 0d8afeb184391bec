import type { Attempt } from "../call.js";
import type { CaptureResult } from "../slots/failure-recorder.js";
import type { Deadline } from "./deadline.js";
import type { Classification, Outcome } from "./outcome.js";

/** Something that a stage took and must give back exactly once. */
export interface Lease {
  release(): void;
}

/** What only a call needs that fails, waits, holds something, or is asked for a record of itself. */
export class Extras {
  readonly attempts: Attempt[] = [];
  /** Whether every attempt is recorded, not only the failed ones. */
  recordsAttempts = false;
  /** When the running attempt began, monotonic; undefined for the first. */
  attemptStartedAt: number | undefined;
  attemptDeadline: Deadline | null = null;
  /** What the latest attempt failed with. */
  latestFailure: { readonly error: unknown } | undefined;
  /** Why the retry stage gave up, when it did. */
  exhausted: string | undefined;
  classified: { readonly error: unknown; readonly as: Classification } | undefined;
  /** The failure that a fallback answered. */
  answered: { readonly error: unknown; readonly outcome: Outcome } | undefined;
  captured: { readonly id: string; readonly settled: Promise<CaptureResult> } | undefined;
  cancelWait: (() => unknown) | null = null;
  /** Gives back what the call holds for others, when it is given up. */
  onInterrupted: (() => void) | null = null;
  /** A run of the function was given up: it may still be running, and may still have its effect. */
  abandonedRun = false;
  /** What the stages of these patterns remember of the call. */
  probe = 0;
  permit: Lease | null = null;
  claim: object | null = null;
  retry: object | null = null;
  /** Told the value of a function that succeeds after its call was given up. */
  onLateSuccess: ((value: unknown) => void) | null = null;
}
