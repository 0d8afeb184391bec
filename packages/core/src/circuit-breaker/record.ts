import type { FleetRow, SharedPin } from "./merge.js";
import type { Trigger } from "./transition.js";

/** A place among the probes of a circuit, until its owner ends it or the deadline passes. @public */
export interface ProbeLease {
  readonly owner: string;
  /** Of the half-open state that granted it: what the probe says is of account in that one alone. */
  readonly epoch: number;
  readonly deadline: number;
}

/** What an instance says by having opened its own circuit. @public */
export interface CircuitVote {
  readonly instance: string;
  readonly until: number;
}

/** All that a fleet shares of a circuit. Times as in a row. @public */
export interface CircuitRecord extends Omit<FleetRow, "unconfirmed"> {
  /**
   * Counts the changes of the record: who changes it says which one it was decided on. Begins with the time, so that none
   * comes again in a store that lost its data.
   */
  readonly revision: number;
  /** Of the probes of this epoch. */
  readonly successes: number;
  /** Those of a half-open state before are still out when the circuit opens again, and take their places until they end. */
  readonly probes: readonly ProbeLease[];
  readonly votes: readonly CircuitVote[];
}

const STATES: readonly unknown[] = ["closed", "open", "half_open"];
const PINS: readonly unknown[] = ["forced_open", "forced_closed"];
const TRIGGERS: readonly unknown[] = [
  "failures",
  "consecutive_failures",
  "slow_calls",
  "rate_limit_cascade",
  "probe",
  "manual",
  "recovery",
] satisfies Trigger[];
const NUMBERS = ["revision", "epoch", "since", "openUntil", "pinned", "successes"];

/** As text: begins with its revision, so that a store need compare no more. */
export function encode({ revision, ...record }: CircuitRecord): string {
  return `${beginningOf(revision)}${JSON.stringify(record).slice(1)}`;
}

/** How the text of a record with that revision begins. */
export function beginningOf(revision: number): string {
  return `{"revision":${revision},`;
}

/** Undefined for what is no record: whoever reads it goes on as if there were none. */
export function decode(text: string): CircuitRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is CircuitRecord {
  if (!isObject(value)) return false;
  const { name, by, state, trigger, pin, probes, votes } = value;
  return (
    isText(name) &&
    isText(by) &&
    STATES.includes(state) &&
    TRIGGERS.includes(trigger) &&
    NUMBERS.every((key) => isNumber(value[key])) &&
    (pin === undefined || isPin(pin)) &&
    isListOf(
      probes,
      ({ owner, epoch, deadline }) => isText(owner) && isNumber(epoch) && isNumber(deadline),
    ) &&
    isListOf(votes, ({ instance, until }) => isText(instance) && isNumber(until))
  );
}

function isPin(value: unknown): value is SharedPin {
  if (!isObject(value)) return false;
  const { state, reason, actor, until } = value;
  const isTimed = until === undefined || isNumber(until);
  return PINS.includes(state) && isText(reason) && isText(actor) && isTimed;
}

type Values = Readonly<Record<string, unknown>>;

function isListOf(value: unknown, isItem: (item: Values) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => isObject(item) && isItem(item));
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
