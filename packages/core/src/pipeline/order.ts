import type { StageName } from "./stage.js";

/** A stage's place in every call. */
export interface Place {
  readonly stage: StageName;
  /** Stays in force while the kill switch is off: the caller asked for a guarantee, not for automation. */
  readonly guarantee: boolean;
}

/** THE order of the stages, outer to inner. Everything that composes a call reads it here. */
export const ORDER: readonly Place[] = [
  { stage: "idempotency", guarantee: true },
  { stage: "failure-capture", guarantee: false },
  { stage: "fallback", guarantee: false },
  { stage: "bulkhead", guarantee: false },
  { stage: "circuit-breaker", guarantee: false },
  { stage: "timeout", guarantee: true },
  { stage: "retry", guarantee: false },
];
