import { type Clock, type Random, unref } from "../../clock.js";
import { text } from "../../describe.js";
import type { Divergence } from "../../storage/divergence.js";
import type { TelemetryHub } from "../../telemetry/telemetry.js";
import type { Admission, Breaker, FleetLink } from "../circuit-breaker.js";
import type { CircuitRefusal } from "../errors.js";
import type { CircuitRecord } from "../record.js";
import type { FleetStore } from "../store.js";
import type { Input, Trigger } from "../transition.js";
import { bounded } from "./bounded.js";
import { FleetCircuits } from "./circuits.js";
import type { ProbeOutcome } from "./endings.js";
import * as events from "./events.js";
import { StoreHealth } from "./health.js";
import type { FleetHost, FleetParts } from "./parts.js";
import { Probes } from "./probes.js";
import { Reconciler } from "./reconcile.js";
import { Writer } from "./writer.js";

/** The circuits of a runtime, as the fleet joins and leaves them. */
interface SharedHost extends FleetHost {
  /** From now on its breakers ask and tell the fleet, or nobody again. */
  link(fleet: FleetLink | null): void;
}

export interface FleetOptions {
  readonly store: FleetStore;
  readonly circuits: SharedHost;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: TelemetryHub;
  /** 0 active, 1 dry run, 2 disabled. */
  readonly control: { readonly mode: number };
  /** Milliseconds that anything waits for the store. */
  readonly timeout: number;
  /** Unique to this process; operators see it. Default: host, process and something random. */
  readonly instance?: string;
  /** Milliseconds that joining waits for what the store holds. Default: a second. */
  readonly loadWithin?: number;
  /** Milliseconds between looks at what has changed, for messages that were lost. Default: five seconds. */
  readonly pollEvery?: number;
}

const LOAD_WITHIN = 1000;
const POLL_EVERY = 5000;

/**
 * Shares the circuits of a runtime with every process that has the same store. What is closed costs nothing: no circuit that
 * never was anything else is known here. Decisions are made where the call is and hold at once; they are written and told
 * to the others, and what others decide is taken over by `merge`. Of a circuit that is due, the store gives out the probes.
 *
 * Where the store does not answer, the process decides by itself, and makes up for it later.
 */
export class Fleet implements FleetLink {
  readonly #parts: FleetParts;
  readonly #circuits: FleetCircuits;
  readonly #health: StoreHealth;
  readonly #writer: Writer;
  readonly #probes: Probes;
  readonly #reconciler: Reconciler;
  readonly #subscriptions: Disposable[] = [];
  #timer: unknown;
  #isOver = false;
  /** Epoch up to which the index was read. */
  #read = 0;

  constructor(private readonly options: FleetOptions) {
    const { circuits: host, instance = instanceName(), ...parts } = options;
    this.#parts = { ...parts, host, instance };
    this.#circuits = new FleetCircuits(this.#parts);
    this.#health = new StoreHealth(
      this.#parts,
      () => this.#reconciler.away(),
      () => this.#reconciler.soon(),
    );
    this.#writer = new Writer(this.#parts, this.#circuits, this.#health);
    this.#probes = new Probes(this.#parts, this.#circuits, this.#health, this.#writer);
    this.#reconciler = new Reconciler(this.#parts, this.#circuits, this.#health, this.#writer);
  }

  /** Whether this process decides by itself at present. */
  get isDegraded(): boolean {
    return !this.#health.usable;
  }

  /** Begins to share, with what the store holds if it says so in time. Never rejects. */
  async join(): Promise<this> {
    const { store, circuits: host } = this.options;
    const heard = (record: CircuitRecord): void => {
      if (record.by !== this.#parts.instance) this.#heard(record);
    };
    this.#subscriptions.push(store.subscribe({ heard, gap: () => this.#reconciler.soon() }));
    this.#subscriptions.push(store.watch((available) => this.#health.reachable(available)));
    host.link(this);
    for (const breaker of host.breakers()) this.#introduce(breaker);
    await this.#load();
    this.#pollLater();
    return this;
  }

  /** Stops sharing: the circuits go on for this process alone. Waits for what is being written. Never rejects. */
  async leave(): Promise<void> {
    this.#isOver = true;
    this.options.circuits.link(null);
    for (const subscription of this.#subscriptions.splice(0)) subscription[Symbol.dispose]();
    this.#parts.clock.clearTimeout(this.#timer);
    this.#reconciler.close();
    await this.#probes.close();
    const due = this.#circuits.values().filter(({ due }) => due);
    await Promise.all(due.map((circuit) => this.#writer.flush(circuit)));
  }

  /**
   * Makes one of what this process and the store hold. Answers what diverged since this was asked last, also what was found
   * after an outage without being asked. Never rejects.
   */
  reconcile(): Promise<Divergence[]> {
    return this.#reconciler.now();
  }

  /** The breaker decided something. What others must know is written. */
  changed(breaker: Breaker, input: Input): void {
    const { name, current } = breaker;
    const circuit = this.#circuits.of(name);
    const isManual = input.kind === "pin" || input.kind === "unpin" || input.kind === "reset";
    circuit.changes++;
    circuit.own = true;
    circuit.due = current.state !== "half_open" || isManual;
    circuit.manual = isManual;
    circuit.trigger = triggerOf(input, current.state);
    if (isManual) circuit.pinned = Math.max(circuit.pinned + 1, this.#parts.store.now());
    if (circuit.due) void this.#writer.flush(circuit);
  }

  /** Whether everybody will hear of what was decided here. */
  async written({ name }: Breaker): Promise<boolean> {
    const circuit = this.#circuits.find(name);
    return circuit === undefined || (await this.#writer.flush(circuit));
  }

  created(breaker: Breaker): void {
    this.#circuits.begin(breaker);
  }

  claim(breaker: Breaker): CircuitRefusal | Promise<Admission> | undefined {
    return this.#probes.claim(breaker);
  }

  take(breaker: Breaker): Admission | undefined {
    return this.#probes.take(breaker);
  }

  endProbe(breaker: Breaker, probe: number, how: ProbeOutcome): boolean {
    return this.#probes.end(breaker, probe, how);
  }

  votes(name: string): number {
    const now = this.#parts.store.now();
    return this.#circuits.find(name)?.shared?.votes.filter(({ until }) => until > now).length ?? 0;
  }

  /** What the breaker held before the process joined is a decision of its own. */
  #introduce(breaker: Breaker): void {
    const { current } = breaker;
    if (current.pin !== undefined) this.changed(breaker, { kind: "pin", pin: current.pin });
    else if (current.state !== "closed") this.changed(breaker, { kind: "trip", trigger: "failures" });
  }

  #heard(record: CircuitRecord): void {
    this.#circuits.hear(record);
    const circuit = this.#circuits.of(record.name);
    if (circuit.due) void this.#writer.flush(circuit);
  }

  async #load(): Promise<void> {
    const { loadWithin: limit = LOAD_WITHIN } = this.options;
    const { clock, store, telemetry } = this.#parts;
    const take = (records: readonly CircuitRecord[]): void => {
      for (const record of records) this.#circuits.hear(record);
    };
    try {
      const records = await bounded(clock, limit, store.load(), { late: take });
      this.#health.answered();
      take(records);
      this.#readTo(records);
      telemetry.report(events.initialLoadCompleted, { circuits: records.length });
    } catch (error) {
      this.#health.failed();
      telemetry.report(events.initialLoadTimeout, { limit, error: text(error) });
    }
  }

  #readTo(circuits: readonly { readonly epoch: number }[]): void {
    for (const { epoch } of circuits) this.#read = Math.max(this.#read, epoch);
  }

  #pollLater(): void {
    if (this.#isOver) return;
    const { clock } = this.#parts;
    this.#timer = clock.setTimeout(() => {
      void this.#poll().finally(() => this.#pollLater());
    }, this.options.pollEvery ?? POLL_EVERY);
    unref(this.#timer);
  }

  /** One command, unless something has changed that no message told, or a circuit of this process is not closed. */
  async #poll(): Promise<void> {
    const { clock, store, timeout } = this.#parts;
    try {
      const changed = await bounded(clock, timeout, store.changes(this.#read));
      this.#health.answered();
      const news = changed.filter(({ name, epoch }) => epoch > (this.#circuits.find(name)?.epoch ?? 0));
      await this.#reconciler.refresh(news.map(({ name }) => name));
      this.#readTo(changed);
    } catch {
      this.#health.failed();
    }
    this.#circuits.prune();
  }
}

function triggerOf(input: Input, state: string): Trigger {
  if (input.kind === "trip") return input.trigger;
  if (input.kind !== "probe_ended") return "manual";
  return state === "closed" ? "recovery" : "probe";
}

function instanceName(): string {
  const { hostname } = process.getBuiltinModule("node:os");
  return `${hostname()}:${process.pid}:${globalThis.crypto.randomUUID().slice(0, 8)}`;
}
