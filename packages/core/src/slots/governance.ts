import type { EmergencyLevel } from "./emergency.js";
import { defineSlot, type Provided, type Slot } from "./slot.js";

/** The checks, in the order in which they are made. @public */
export type GovernanceCheck = "kill_switch" | "emergency_mode" | "error_budget";

/** @public */
export type GovernanceBlock =
  | GovernanceCheck
  | "rate_limited"
  | "manually_blocked"
  | "shadow_evaluation_failed";

/** An automatic action that asks for leave. @public */
export interface GovernanceRequest {
  /** The action, e.g. `replay_single`. */
  readonly operation: string;
  /** The component that acts. */
  readonly component: string;
  /** What the kill switch says: whether Baldur may act at all. */
  readonly enabled: boolean;
  readonly domain?: string;
  readonly tierId?: string | number;
  readonly region?: string;
  /** The level from which an emergency forbids the action. Default: as configured, 2. */
  readonly emergencyLevel?: EmergencyLevel;
  /** Checks that do not apply to this action. */
  readonly skip?: readonly GovernanceCheck[];
}

/** @public */
export interface GovernanceVerdict {
  readonly allowed: boolean;
  readonly blockedBy?: GovernanceBlock;
  /** Why, with the figures, for people. */
  readonly message?: string;
  /** Checks that could not be made and count as passed; who must not act on a guess refuses when there are any. */
  readonly degradedChecks: readonly GovernanceCheck[];
}

/** Decides whether an automatic action may go ahead. @public */
export interface Governance extends Provided {
  /** Never rejects: a refusal is an answer, and a check that cannot be made is listed. */
  check(request: GovernanceRequest): Promise<GovernanceVerdict>;
}

const allowed: GovernanceVerdict = Object.freeze({ allowed: true, degradedChecks: Object.freeze([]) });
const disabled: GovernanceVerdict = Object.freeze({
  allowed: false,
  blockedBy: "kill_switch",
  message: "Baldur is disabled",
  degradedChecks: Object.freeze([]),
});

/** Allows everything but acting against the kill switch. @public */
export const noopGovernance: Governance = Object.freeze({
  kind: "no-op",
  check: async ({ enabled, skip }: GovernanceRequest) => {
    return enabled || skip?.includes("kill_switch") ? allowed : disabled;
  },
});

/** @public */
export const governanceSlot: Slot<Governance> = defineSlot<Governance>("governance", {
  fallback: noopGovernance,
});
