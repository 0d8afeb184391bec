import { defineSlot, type Provided, type Slot } from "./slot.js";

/** @public */
export interface FlagSubject {
  /** The same key always gets the same answer at the same percentage. */
  readonly key: string;
  readonly cluster?: string;
}

/** A staged change of configuration that has not ended. @public */
export interface RolloutRow {
  readonly id: string;
  /** The section of the runtime configuration that it changes, and holds. */
  readonly section: string;
  readonly state: "created" | "canary" | "promoting" | "paused";
  readonly stage?: string;
  readonly percentage?: number;
  /** Since when it is in this state. */
  readonly since: Date;
  /** Why it counts as stuck; absent: it does not. */
  readonly stalled?: string;
}

/** Staged changes of configuration, and the feature flags that go with them. @public */
export interface Rollout extends Provided {
  /** Whether the flag is on for the subject, as this process knows it: no I/O. An unknown flag is off. */
  isEnabled(flag: string, subject: FlagSubject): boolean;
  /** The id of the rollout that holds a section of the configuration, which nobody else may change meanwhile. */
  holder(section: string): Promise<string | undefined>;
  /** Rejects when they cannot be read. */
  active(): Promise<readonly RolloutRow[]>;
}

const none: readonly RolloutRow[] = Object.freeze([]);

/** Every flag is off and nothing is held. @public */
export const noopRollout: Rollout = Object.freeze({
  kind: "no-op",
  isEnabled: () => false,
  holder: async () => undefined,
  active: async () => none,
});

/** @public */
export const rolloutSlot: Slot<Rollout> = defineSlot<Rollout>("rollout", { fallback: noopRollout });
