import { unref } from "../../clock.js";
import type { Divergence } from "../../storage/divergence.js";
import type { FleetRow } from "../merge.js";
import type { CircuitRecord } from "../record.js";
import { bounded } from "./bounded.js";
import type { FleetCircuit } from "./circuit.js";
import type { FleetCircuits } from "./circuits.js";
import * as events from "./events.js";
import type { StoreHealth } from "./health.js";
import type { FleetParts } from "./parts.js";
import { rowOfRecord, visibleRow } from "./row.js";
import type { Writer } from "./writer.js";

/** Processes that lost the store together come back one by one. */
const LONGEST_JITTER = 5000;
/** Divergences that are kept for who asks for them. */
const KEPT = 1000;
const AT_ONCE = 200;

/** Makes one of what this process held and what the store held, after the store was away. */
export class Reconciler {
  #timer: unknown;
  #running: Promise<void> | undefined;
  #found: Divergence[] = [];
  #wasAway = false;

  constructor(
    private readonly parts: FleetParts,
    private readonly circuits: FleetCircuits,
    private readonly health: StoreHealth,
    private readonly writer: Writer,
  ) {}

  /** The store went away: from now on what diverges is noted. */
  away(): void {
    this.#wasAway = true;
    this.circuits.met ??= [];
  }

  /** Something may have been missed: in a while, everything is compared. */
  soon(): void {
    if (this.#timer !== undefined) return;
    const { clock, random } = this.parts;
    this.circuits.met ??= [];
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#run();
    }, random() * LONGEST_JITTER);
    unref(this.#timer);
  }

  /** Compares everything now. Answers what diverged since this was asked last. Never rejects. */
  async now(): Promise<Divergence[]> {
    this.#cancel();
    await this.#run();
    return this.#found.splice(0);
  }

  close(): void {
    this.#cancel();
  }

  /** Reads these circuits again, and those of this process that are not closed. Rejects when the store does not answer. */
  async refresh(names: readonly string[]): Promise<void> {
    const { host } = this.parts;
    const mine = this.#notable().filter(({ name }) => host.find(name) !== undefined);
    const all = [...new Set([...names, ...mine.map(({ name }) => name)])];
    for (let at = 0; at < all.length; at += AT_ONCE) await this.#refresh(all.slice(at, at + AT_ONCE));
    const due = this.circuits.values().filter((circuit) => circuit.due);
    await Promise.all(due.map((circuit) => this.writer.flush(circuit)));
  }

  #notable(): FleetCircuit[] {
    return this.circuits.values().filter((circuit) => circuit.own || this.circuits.isNotable(circuit));
  }

  async #refresh(names: readonly string[]): Promise<void> {
    const { clock, timeout, store } = this.parts;
    const records = await bounded(clock, timeout, store.load(names));
    this.health.answered();
    const found = new Map(records.map((record) => [record.name, record]));
    for (const name of names) await this.#meet(this.circuits.find(name), found.get(name));
  }

  /** A record that is missing, or older than what is known, is unknown: it never means closed. */
  async #meet(circuit: FleetCircuit | undefined, record: CircuitRecord | undefined): Promise<void> {
    if (circuit === undefined || (record !== undefined && record.epoch >= circuit.epoch)) {
      if (record !== undefined) this.circuits.meet(record);
    } else if (circuit.own) this.#tellAgain(circuit, record);
    else if (this.circuits.isNotable(circuit) || (record !== undefined && record.state !== "closed"))
      await this.writer.restore(circuit);
  }

  /** What was decided here may have been told before, in part or to no avail. */
  #tellAgain(circuit: FleetCircuit, record: CircuitRecord | undefined): void {
    const row = this.circuits.row(circuit);
    if (row === undefined) return;
    this.circuits.diverged(row, record && rowOfRecord(record), row);
    circuit.due = row.state !== "half_open";
  }

  #run(): Promise<void> {
    this.#running ??= this.#reconcile().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #reconcile(): Promise<void> {
    this.circuits.met ??= [];
    try {
      const { clock, timeout, store } = this.parts;
      const changed = await bounded(clock, timeout, store.changes(0));
      const all = [...changed, ...this.#notable()];
      await this.refresh(all.map(({ name }) => name));
    } catch {
      this.health.failed();
      if (this.health.usable) this.soon(); // else it is done when the store is back
      return;
    }
    const met = this.circuits.met ?? [];
    this.circuits.met = undefined;
    this.#found = [...this.#found, ...met].slice(-KEPT);
    if (this.#wasAway || met.length > 0) this.#report(met);
    this.#wasAway = false;
  }

  #report(met: readonly Divergence[]): void {
    const now = this.parts.store.now();
    const shown = (row: unknown): string => visibleRow(row as FleetRow, now);
    const theirs = met.filter(({ local, merged }) => shown(local) !== shown(merged));
    const payload = {
      reconciled_count: met.length,
      l1_wins_count: met.length - theirs.length,
      l2_wins_count: theirs.length,
    };
    this.parts.telemetry.report(events.reconciled, payload);
  }

  #cancel(): void {
    this.parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
