import { activePin, type FleetRow, type SharedPin, withPin } from "../merge.js";
import type { CircuitRecord } from "../record.js";
import { type Pin, type Snapshot, type Trigger, visibleState } from "../transition.js";

/** What a row says beyond the state of its circuit. */
export interface RowFacts {
  readonly name: string;
  readonly epoch: number;
  readonly unconfirmed: boolean;
  readonly trigger: Trigger;
  readonly by: string;
  readonly pinned: number;
}

/** A state as others are told of it. `shift` makes a monotonic time of this process one of the store's. */
export function rowOf(snapshot: Snapshot, facts: RowFacts, shift: number): FleetRow {
  const { state, since, pin } = snapshot;
  const openUntil = state === "open" ? Math.ceil(snapshot.openUntil + shift) : 0;
  const row = { ...facts, state, since: Math.floor(since + shift), openUntil };
  return withPin(row, pin === undefined ? undefined : shifted(pin, shift));
}

export function rowOfRecord(record: CircuitRecord): FleetRow {
  const { revision: _, successes: __, probes: ___, votes: ____, ...row } = record;
  return { ...row, unconfirmed: false };
}

/** The state as operators see it. */
export function visibleRow(row: FleetRow, now: number): string {
  return activePin(row, now)?.state ?? row.state;
}

export interface Following {
  readonly row: FleetRow;
  readonly successes: number;
  /** The row is of an epoch, or has a pin, that the breaker does not follow yet. */
  readonly isNew: boolean;
  readonly isNewPin: boolean;
  readonly shift: number;
  /** Wall time of the store. */
  readonly now: number;
}

/**
 * The state that a breaker takes over. It has a new generation if a call that was admitted before must not count any more;
 * that a later `openUntil` or one more success is known changes nothing for the calls under way.
 */
export function snapshotOf(
  before: Snapshot,
  { row, successes, isNew, isNewPin, shift, now }: Following,
): Snapshot {
  const pin = activePin(row, now);
  const local = pin === undefined ? undefined : shifted(pin, -shift);
  const state = local === undefined ? row.state : local.state === "forced_open" ? "open" : "closed";
  const isSame =
    (local?.state ?? state) === visibleState(before) && !isNewPin && !(isNew && state === "half_open");
  const generation = isSame ? before.generation : before.generation + 1;
  const since = row.since - shift;
  const common = { generation, since, ...(local !== undefined && { pin: local }) };
  if (state === "closed") return { ...common, state };
  if (state === "open")
    return { ...common, state, openUntil: row.state === "open" ? row.openUntil - shift : since };
  const probes = isSame && before.state === "half_open" ? before.probes : [];
  return { ...common, state, probes, successes };
}

function shifted<P extends Pin | SharedPin>(pin: P, shift: number): P {
  return pin.until === undefined ? pin : { ...pin, until: Math.floor(pin.until + shift) };
}
