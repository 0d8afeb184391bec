import { defineSlot, type Provided, type Slot } from "./slot.js";

/** 0 is normal operation, 3 the deepest emergency. @public */
export type EmergencyLevel = 0 | 1 | 2 | 3;

/** How much a request matters, where load is shed. @public */
export type ServiceClass = "critical" | "standard" | "non_essential";

/** @public */
export interface EmergencyState {
  readonly level: EmergencyLevel;
  readonly reason?: string;
  /** Who declared it. */
  readonly actor?: string;
  readonly since?: Date;
  /** When it ends by itself; absent: when someone ends it. */
  readonly until?: Date;
  /** Declared by a rule, not by a person: automatic actions may end it. */
  readonly automatic: boolean;
  /** Since when the level is being taken back step by step; absent: it is not. */
  readonly recoveringSince?: Date;
}

/** A declared emergency, which sheds load and holds automatic actions back. @public */
export interface Emergency extends Provided {
  /** The state as this process knows it: no I/O. When it cannot be read, the last one known. */
  state(): EmergencyState;
  /** Whether one more request of this class is let in. Counts the request. */
  admits(serviceClass: ServiceClass): boolean;
}

const normal: EmergencyState = Object.freeze({ level: 0, automatic: false });

/** Normal operation: everyone is let in. @public */
export const noopEmergency: Emergency = Object.freeze({
  kind: "no-op",
  state: () => normal,
  admits: () => true,
});

/** @public */
export const emergencySlot: Slot<Emergency> = defineSlot<Emergency>("emergency", { fallback: noopEmergency });
