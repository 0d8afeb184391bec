import { type FleetRow, isTrip } from "../merge.js";
import type { CircuitRecord } from "../record.js";
import { bounded } from "./bounded.js";
import type { FleetCircuit } from "./circuit.js";
import type { FleetCircuits } from "./circuits.js";
import type { StoreHealth } from "./health.js";
import * as metrics from "./metrics.js";
import type { FleetParts } from "./parts.js";

const MOST_ROUNDS = 10;

/** What the store made of what was sent. */
interface Sent {
  /** Nothing of what was sent is left to be written. */
  readonly isSettled: boolean;
  /** It is held by the store, or there is no need to. */
  readonly isConfirmed: boolean;
  readonly record?: CircuitRecord;
}

const NOTHING_TO_SAY: Sent = { isSettled: true, isConfirmed: true };

/** Writes what this process decided to the store: one write of a circuit at a time, and what cannot be written stays due. */
export class Writer {
  constructor(
    private readonly parts: FleetParts,
    private readonly circuits: FleetCircuits,
    private readonly health: StoreHealth,
  ) {}

  /** Whether the store holds what was decided here. Never rejects. */
  flush(circuit: FleetCircuit): Promise<boolean> {
    circuit.writing ??= Promise.resolve()
      .then(() => this.#write(circuit))
      .finally(() => {
        circuit.writing = undefined;
      });
    return circuit.writing;
  }

  /** Tells the store what it has lost. Answers whether it took it. Never rejects. */
  async restore(circuit: FleetCircuit): Promise<boolean> {
    const { epoch } = circuit;
    const row = this.circuits.row(circuit);
    if (row === undefined) return true;
    const found = await this.#attempt(() => this.parts.store.publish(this.#restorable(row), epoch));
    if (found === undefined) return false;
    if (found.written) this.circuits.diverged(row, undefined, row);
    this.circuits.hear(found.record, found.written ? [] : undefined);
    return true;
  }

  async #write(circuit: FleetCircuit): Promise<boolean> {
    for (let round = 0; circuit.due && round < MOST_ROUNDS; round++) {
      const row = this.circuits.row(circuit);
      const { changes } = circuit;
      const sent = row === undefined ? NOTHING_TO_SAY : await this.#attempt(() => this.#send(circuit, row));
      if (sent === undefined) {
        this.#failed(circuit, row);
        return false;
      }
      this.#take(circuit, sent, circuit.changes === changes);
    }
    return !circuit.due;
  }

  /** What was decided while the store was asked is still to be written. */
  #take(circuit: FleetCircuit, { isSettled, isConfirmed, record }: Sent, isLatest: boolean): void {
    if (isSettled && isLatest) {
      circuit.due = false;
      circuit.own = !isConfirmed;
      circuit.voted = !isConfirmed;
      circuit.manual = false;
    }
    if (record !== undefined) this.circuits.hear(record, isSettled && isConfirmed ? [] : undefined);
  }

  async #send(circuit: FleetCircuit, row: FleetRow): Promise<Sent> {
    const { shared, epoch } = circuit;
    const isPinNews = row.pinned !== (shared?.pinned ?? 0);
    if (isTrip(row) && !isPinNews) return this.#trip(row);
    const isKnown = row.state === "closed" && !isPinNews && (shared?.state ?? "closed") === "closed";
    if (isKnown) return NOTHING_TO_SAY;
    const { written, record } = await this.parts.store.publish(row, epoch);
    return { isSettled: written, isConfirmed: written, record };
  }

  /** The vote lasts as long as the wait that the instance began. */
  async #trip(row: FleetRow): Promise<Sent> {
    const quorum = this.parts.host.find(row.name)?.policy.fleetQuorum ?? 1;
    const vote = { instance: this.parts.instance, until: row.openUntil, quorum };
    const { kind, record } = await this.parts.store.trip(row, vote);
    return { isSettled: true, isConfirmed: kind !== "voted", record };
  }

  /** The places of the probes that are under way are lost with the data, so it waits until none can be under way. */
  #restorable(row: FleetRow): FleetRow {
    if (row.state !== "half_open") return row;
    const { probeTimeout = 0 } = this.parts.host.find(row.name)?.policy ?? {};
    return { ...row, state: "open", openUntil: this.parts.store.now() + probeTimeout };
  }

  /** Undefined where the store did not answer. */
  async #attempt<T>(ask: () => Promise<T>): Promise<T | undefined> {
    const { store, clock, timeout } = this.parts;
    try {
      if (!this.health.usable) {
        if (!store.available) this.health.failed();
        return undefined;
      }
      const answer = await bounded(clock, timeout, ask());
      this.health.answered();
      return answer;
    } catch {
      this.health.failed();
      return undefined;
    }
  }

  #failed(circuit: FleetCircuit, row: FleetRow | undefined): void {
    circuit.manual = false;
    if (row === undefined || !isTrip(row) || circuit.counted === circuit.changes) return;
    circuit.counted = circuit.changes;
    this.parts.telemetry.counter(metrics.tripDegradedTotal).cell(row.name).add();
  }
}
