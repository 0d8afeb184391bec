import type { CircuitRecord } from "../record.js";
import type { ProbeToken } from "../store.js";
import type { Trigger } from "../transition.js";

/** A place among the fleet's probes that this process holds; `deadline` is monotonic, and not after the store's. */
export interface HeldLease extends ProbeToken {
  readonly deadline: number;
}

/** What this process knows of a circuit that it shares. Made for those that ever were anything but closed. */
export class FleetCircuit {
  /** As the store said last. */
  shared: CircuitRecord | undefined;
  /** Epoch that the breaker follows. */
  followed = 0;
  /** What the breaker holds was decided here, and not accepted by the store. */
  own = false;
  /** It is to be written. */
  due = false;
  /** An operator decided it just now, on whatever the state is. */
  manual = false;
  /** It is open for this process alone, as long as too few others have opened theirs. */
  voted = false;
  /** Counts the decisions made here. */
  changes = 0;
  /** `changes` whose trip was counted as not written. */
  counted = 0;
  /** Orders the decisions of operators. */
  pinned = 0;
  trigger: Trigger = "manual";
  writing: Promise<boolean> | undefined;
  /** By the number of the probe. */
  readonly leases: Map<number, HeldLease> = new Map();
  /** Probes being asked for. */
  asking = 0;
  /** Monotonic time before which asking for a probe is of no use. */
  holdOff = 0;
  /** A probe that was asked for in advance, for whoever cannot wait. */
  spare: { readonly probe: number; readonly timer: unknown } | undefined;
  isSpareAsked = false;
  /** Monotonic. */
  heardAt = 0;

  constructor(readonly name: string) {}

  get epoch(): number {
    return this.shared?.epoch ?? 0;
  }
}
