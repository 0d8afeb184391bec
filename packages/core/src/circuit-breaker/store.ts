import type { FleetRow } from "./merge.js";
import type { CircuitRecord, CircuitVote } from "./record.js";

/**
 * `open`: it was not closed before, and the trip adds nothing. `voted`: too few instances have opened theirs so far.
 * `pinned`: an operator decides.
 * @public
 */
export interface TripAnswer {
  readonly kind: "opened" | "open" | "voted" | "pinned";
  readonly record: CircuitRecord;
}

/** @public */
export interface PublishAnswer {
  readonly written: boolean;
  /** As it is now. */
  readonly record: CircuitRecord;
}

/** @public */
export interface ProbeRequest {
  /** Unique to the probe. */
  readonly owner: string;
  /** The process that asks. */
  readonly by: string;
  /** Probes that may be out at a time, of all processes. */
  readonly limit: number;
  /** Milliseconds after which the place is given back. */
  readonly ttl: number;
}

/** What a probe's owner shows when it ends. @public */
export interface ProbeToken {
  readonly owner: string;
  /** Of the half-open state that granted it. */
  readonly epoch: number;
}

/**
 * `waiting`: open, and not due for a probe yet. `unknown`: the store holds nothing of this circuit.
 * @public
 */
export type ProbeAnswer =
  | {
      readonly kind: "granted";
      readonly lease: ProbeToken;
      readonly record: CircuitRecord;
      /** This probe made the circuit half-open. */
      readonly began: boolean;
      /** Places taken back because their deadline had passed. */
      readonly reclaimed: number;
    }
  | { readonly kind: "full" | "waiting" | "closed" | "pinned"; readonly record: CircuitRecord }
  | { readonly kind: "unknown" };

/**
 * How a probe ended, and the row that makes of the circuit: of a success once there are as many as `after`.
 * @public
 */
export type ProbeEnding =
  | { readonly how: "neutral" }
  | { readonly how: "success"; readonly after: number; readonly row: FleetRow }
  | { readonly how: "failure"; readonly row: FleetRow };

/**
 * `lost`: the place was no longer the owner's, or the circuit has gone on, and what the probe says is of no account.
 * `decided`: the row became the circuit's.
 * @public
 */
export interface EndAnswer {
  readonly kind: "kept" | "lost" | "decided";
  /** As it is now; absent where the store holds nothing. */
  readonly record?: CircuitRecord;
}

/** A circuit that changed, and the epoch of that. @public */
export interface ChangedCircuit {
  readonly name: string;
  readonly epoch: number;
}

/** @public */
export interface FleetListener {
  /** A circuit has a new epoch. */
  heard(record: CircuitRecord): void;
  /** Something may have been missed. */
  gap(): void;
}

/**
 * What processes share of their circuits. Every change is decided by a pure transition on the record as it is and becomes
 * the record only if it still is: as one step. Operations reject with `AdapterError` when the store did not answer.
 * @public
 */
export interface FleetStore {
  /** Whether it is worth asking. */
  readonly available: boolean;
  /** Wall time in milliseconds by the clock that all processes go by. */
  now(): number;
  /** These circuits, or all; those that the store does not hold are absent. */
  load(names?: readonly string[]): Promise<readonly CircuitRecord[]>;
  /** Circuits whose epoch is greater than that, and perhaps a few more: in one command, whatever their number. */
  changes(since: number): Promise<readonly ChangedCircuit[]>;
  /** Opens the circuit if enough instances have opened theirs, this one included, whatever happened to it meanwhile. */
  trip(row: FleetRow, vote: CircuitVote & { readonly quorum: number }): Promise<TripAnswer>;
  /** Sets the row unless the store knows of a later epoch than the one it was decided on. */
  publish(row: FleetRow, expectedEpoch: number): Promise<PublishAnswer>;
  acquireProbe(name: string, request: ProbeRequest): Promise<ProbeAnswer>;
  endProbe(name: string, lease: ProbeToken, ending: ProbeEnding): Promise<EndAnswer>;
  subscribe(listener: FleetListener): Disposable;
  /** Told when `available` changes. */
  watch(listener: (available: boolean) => void): Disposable;
}
