import type { Divergence } from "../../storage/divergence.js";
import type { Breaker } from "../circuit-breaker.js";
import { type FleetRow, isCovered, isTrip, merge } from "../merge.js";
import type { CircuitRecord } from "../record.js";
import { type Effect, visibleState } from "../transition.js";
import { FleetCircuit } from "./circuit.js";
import * as events from "./events.js";
import * as metrics from "./metrics.js";
import type { FleetParts } from "./parts.js";
import { rowOf, rowOfRecord, snapshotOf, visibleRow } from "./row.js";

const FEATURE = "circuit-breaker";
/** Milliseconds for which a closed circuit is remembered, so that what is heard late is known to be old. */
const REMEMBERED = 60_000;

/** The circuits that this process shares: makes one of what it decided itself and what it hears. */
export class FleetCircuits {
  /** What diverged, while somebody wants to know. */
  met: Divergence[] | undefined;
  readonly #all = new Map<string, FleetCircuit>();

  constructor(private readonly parts: FleetParts) {}

  find(name: string): FleetCircuit | undefined {
    return this.#all.get(name);
  }

  of(name: string): FleetCircuit {
    const known = this.#all.get(name);
    if (known !== undefined) return known;
    const circuit = new FleetCircuit(name);
    circuit.heardAt = this.parts.clock.monotonic();
    this.#all.set(name, circuit);
    return circuit;
  }

  values(): FleetCircuit[] {
    return [...this.#all.values()];
  }

  /** What makes a monotonic time of this process one of the store's. */
  get shift(): number {
    return this.parts.store.now() - this.parts.clock.monotonic();
  }

  /** What holds here; undefined where nothing is known. */
  row(circuit: FleetCircuit): FleetRow | undefined {
    const { own, shared, name, epoch, trigger, pinned } = circuit;
    const breaker = this.parts.host.find(name);
    if (breaker === undefined || (!own && epoch > 0)) return shared && rowOfRecord(shared);
    const facts = { name, epoch, unconfirmed: own, trigger, by: this.parts.instance, pinned };
    return rowOf(breaker.current, facts, this.shift);
  }

  /** Whether others must hear of it again should the store have lost it. */
  isNotable(circuit: FleetCircuit): boolean {
    const row = this.row(circuit);
    return row !== undefined && visibleRow(row, this.parts.store.now()) !== "closed";
  }

  /** The store said this of a circuit; `effects` are those of a transition that this process asked for. */
  hear(record: CircuitRecord, effects?: readonly Effect[]): void {
    const circuit = this.of(record.name);
    const known = circuit.shared;
    circuit.heardAt = this.parts.clock.monotonic();
    if (known !== undefined && isOlder(record, known)) {
      this.#count(record, "ignored", effects);
      return this.#report(circuit, effects);
    }
    const local = this.row(circuit);
    const { own } = circuit;
    circuit.shared = record;
    if (record.epoch === circuit.followed) return this.#amend(circuit, record, effects);
    const theirs = rowOfRecord(record);
    const now = this.parts.store.now();
    const merged = local === undefined ? theirs : join(withEpoch(local, circuit, record), theirs, now);
    this.#settle(circuit, merged, theirs);
    this.#follow(circuit, merged, effects);
    if (own && local !== undefined) this.diverged(local, theirs, merged);
  }

  /** The store holds this of a circuit, and nobody told: that it is something else is noted. */
  meet(record: CircuitRecord): void {
    const circuit = this.of(record.name);
    const { own } = circuit;
    const local = this.row(circuit);
    this.hear(record);
    const theirs = rowOfRecord(record);
    if (!own && local !== undefined) this.diverged(local, theirs, theirs);
  }

  /** The breaker takes over what the store said last, although it knows that: it has come away from it. */
  converge(circuit: FleetCircuit): void {
    if (circuit.shared === undefined || circuit.own) return;
    this.#follow(circuit, rowOfRecord(circuit.shared));
  }

  /** A breaker was made: it begins with what is known of its circuit. */
  begin(breaker: Breaker): void {
    const circuit = this.#all.get(breaker.name);
    if (circuit === undefined || circuit.epoch === 0) return;
    this.#lead(breaker, circuit, rowOfRecord(circuit.shared as CircuitRecord), []);
  }

  /** Notes what this process and the store held, if somebody wants to know and they do not agree. */
  diverged(local: FleetRow, shared: FleetRow | undefined, merged: FleetRow): void {
    if (this.met === undefined) return;
    const now = this.parts.store.now();
    if (visibleRow(local, now) === (shared === undefined ? "closed" : visibleRow(shared, now))) return;
    const at = this.parts.clock.now();
    this.met.push({ feature: FEATURE, key: local.name, local, shared, merged, at });
  }

  /** Forgets closed circuits of which nothing was heard for a while. */
  prune(): void {
    const limit = this.parts.clock.monotonic() - REMEMBERED;
    for (const [name, circuit] of this.#all) {
      const { heardAt, own, asking, leases, writing } = circuit;
      const isBusy = own || asking > 0 || leases.size > 0 || writing !== undefined;
      if (heardAt < limit && !isBusy && !this.isNotable(circuit)) this.#all.delete(name);
    }
  }

  /** Whether anything of this process is left, and is to be written. */
  #settle(circuit: FleetCircuit, merged: FleetRow, theirs: FleetRow): void {
    const isPinNews = merged.pinned !== theirs.pinned;
    circuit.own = merged.unconfirmed || isPinNews;
    // Half-open is not written: the next probe's place makes the circuit so for all.
    circuit.due = isPinNews || (merged.unconfirmed && merged.state !== "half_open");
    if (!circuit.own) circuit.voted = false;
  }

  #follow(circuit: FleetCircuit, row: FleetRow, effects?: readonly Effect[]): void {
    this.#lead(this.parts.host.find(circuit.name), circuit, row, effects);
  }

  #lead(
    breaker: Breaker | undefined,
    circuit: FleetCircuit,
    row: FleetRow,
    effects: readonly Effect[] | undefined,
  ): void {
    const isNew = !row.unconfirmed && row.epoch !== circuit.followed;
    const isNewPin = row.pinned !== circuit.pinned;
    circuit.followed = circuit.epoch;
    circuit.pinned = row.pinned;
    if (breaker === undefined) return;
    const before = breaker.current;
    const now = this.parts.store.now();
    const counted = row.unconfirmed && before.state === "half_open" ? before : circuit.shared;
    const { successes = 0 } = counted ?? {};
    const snapshot = snapshotOf(before, { row, successes, isNew, isNewPin, shift: this.shift, now });
    breaker.follow({ snapshot, effects: effects ?? [] });
    this.#tell(row, visibleState(before), visibleState(snapshot), effects);
  }

  /** One more success, or vote, in the same epoch. */
  #amend(circuit: FleetCircuit, { successes }: CircuitRecord, effects: readonly Effect[] = []): void {
    const breaker = this.parts.host.find(circuit.name);
    const snapshot = breaker?.current;
    if (snapshot?.state !== "half_open" || circuit.own) return this.#report(circuit, effects);
    breaker?.follow({ snapshot: { ...snapshot, successes }, effects });
  }

  /** A transition that this process made, and came to know of in another way before it was answered. */
  #report({ name }: FleetCircuit, effects: readonly Effect[] = []): void {
    const breaker = this.parts.host.find(name);
    if (effects.length > 0) breaker?.follow({ snapshot: { ...breaker.current }, effects });
  }

  #tell(row: FleetRow, from: string, to: string, effects: readonly Effect[] | undefined): void {
    if (effects !== undefined) return;
    this.#count(row, row.unconfirmed ? "kept" : "applied", undefined);
    if (from === to) return;
    const { name, trigger, by } = row;
    const payload = { name, previous_state: from, state: to, trigger, by };
    this.parts.telemetry.report(events.followed, payload);
  }

  #count(
    { name, state }: Pick<FleetRow, "name" | "state">,
    outcome: "applied" | "kept" | "ignored",
    effects: readonly Effect[] | undefined,
  ): void {
    if (effects !== undefined) return;
    this.parts.telemetry.counter(metrics.peerPropagationTotal).cell(name, state, outcome).add();
  }
}

function isOlder(record: CircuitRecord, known: CircuitRecord): boolean {
  return record.epoch < known.epoch || (record.epoch === known.epoch && record.revision <= known.revision);
}

/** An operator who decides now decides on what holds now. */
function withEpoch(local: FleetRow, circuit: FleetCircuit, { epoch }: CircuitRecord): FleetRow {
  return circuit.manual ? { ...local, epoch } : local;
}

/** What covers a trip takes its place; and what an operator decided after it, elsewhere, was decided on it too. */
function join(mine: FleetRow, theirs: FleetRow, now: number): FleetRow {
  const isOverruled = theirs.trigger === "manual" && theirs.pinned > Math.max(mine.pinned, mine.since);
  if (!isTrip(mine) || !(isOverruled || isCovered(mine, theirs, now))) return merge(mine, theirs, now);
  const { pinned, pin } = mine;
  return merge({ ...theirs, pinned, ...(pin !== undefined && { pin }) }, theirs, now);
}
