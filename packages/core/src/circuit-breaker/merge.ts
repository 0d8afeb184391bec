import type { Trigger } from "./transition.js";

/** An operator's decision as it is shared: `until` is wall time in milliseconds. @public */
export interface SharedPin {
  readonly state: "forced_open" | "forced_closed";
  readonly reason: string;
  readonly actor: string;
  /** Absent: until lifted. */
  readonly until?: number;
}

/** A circuit as processes tell each other of it. Times are wall times in milliseconds by the clock of the shared store. @public */
export interface FleetRow {
  readonly name: string;
  /**
   * Orders the transitions of a circuit, whoever made them: the store makes a greater one for each that it accepts. 0 where
   * it has accepted none.
   */
  readonly epoch: number;
  /** Decided by one process on top of that epoch, and not accepted by the store. */
  readonly unconfirmed: boolean;
  readonly state: "closed" | "open" | "half_open";
  readonly since: number;
  /** 0 unless open. */
  readonly openUntil: number;
  readonly trigger: Trigger;
  /** The process that decided it. */
  readonly by: string;
  /** Orders what operators decided: greater for each pin that is set or lifted. 0 where there never was one. */
  readonly pinned: number;
  readonly pin?: SharedPin;
}

const SEVERITY = { closed: 1, half_open: 2, open: 3 } as const;

/**
 * What holds when two rows of a circuit meet. The state and the pin are two registers, and of each the greater one wins in
 * an order that is total: so it does not matter who meets whom first, nor how often.
 *
 * Of two states the more restrictive one wins, unless the other follows from it: a greater epoch was accepted by the store
 * on top of the smaller one, and what is unconfirmed was decided by a process that knew its epoch. "Newer" is a matter of
 * epochs because a rule by timestamps goes round in a circle (closed after half-open after open, and open over closed),
 * and the timestamps of two processes differ; they decide only between equals. A trip that the store has not accepted
 * follows from nothing and is followed by nothing, so it wins over everything that is confirmed.
 *
 * Of two pins the newer one wins, a lifted one included. One whose time is over at `now` counts as lifted.
 */
export function merge(a: FleetRow, b: FleetRow, now: number): FleetRow {
  const { pin: _, ...state } = isAbove(stateOrder(b), stateOrder(a)) ? b : a;
  const manual = isAbove(pinOrder(b, now), pinOrder(a, now)) ? b : a;
  return withPin({ ...state, pinned: manual.pinned }, activePin(manual, now));
}

/** The pin of a row while it is in force. */
export function activePin({ pin }: Pick<FleetRow, "pin">, now: number): SharedPin | undefined {
  return pin === undefined || (pin.until ?? Number.POSITIVE_INFINITY) <= now ? undefined : pin;
}

export function withPin<R extends Omit<FleetRow, "pin">>(
  row: R,
  pin: SharedPin | undefined,
): R & Pick<FleetRow, "pin"> {
  return pin === undefined ? row : { ...row, pin };
}

/** Whether the process that has this row opened the circuit without the store having accepted it. */
export function isTrip({ unconfirmed, state }: FleetRow): boolean {
  return unconfirmed && state === "open";
}

/** Whether a trip has nothing to add to what holds: it is open for some time yet, or it is not closed and the trip is over. */
export function isCovered(
  trip: Pick<FleetRow, "openUntil">,
  by: Pick<FleetRow, "state" | "openUntil">,
  now: number,
): boolean {
  return (by.state === "open" && by.openUntil > now) || (by.state !== "closed" && trip.openUntil <= now);
}

type Order = readonly (number | string)[];

function stateOrder(row: FleetRow): Order {
  const { epoch, unconfirmed, state, since, openUntil, trigger, by } = row;
  return [Number(isTrip(row)), epoch, Number(unconfirmed), SEVERITY[state], since, openUntil, trigger, by];
}

function pinOrder(row: FleetRow, now: number): Order {
  const { pinned } = row;
  const pin = activePin(row, now);
  if (pin === undefined) return [pinned, 0, 0, "", ""];
  const { state, until = Number.POSITIVE_INFINITY, reason, actor } = pin;
  return [pinned, state === "forced_open" ? 2 : 1, until, reason, actor];
}

function isAbove(a: Order, b: Order): boolean {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at !== -1 && (a[at] as number) > (b[at] as number);
}
