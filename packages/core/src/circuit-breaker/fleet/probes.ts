import { unref } from "../../clock.js";
import { AdapterError } from "../../errors.js";
import type { Admission, Breaker } from "../circuit-breaker.js";
import type { CircuitRefusal } from "../errors.js";
import type { ProbeAnswer, ProbeToken } from "../store.js";
import type { Effect } from "../transition.js";
import { bounded } from "./bounded.js";
import type { FleetCircuit } from "./circuit.js";
import type { FleetCircuits } from "./circuits.js";
import { ProbeEndings, type ProbeOutcome } from "./endings.js";
import type { StoreHealth } from "./health.js";
import * as metrics from "./metrics.js";
import type { FleetParts } from "./parts.js";
import type { Writer } from "./writer.js";

/** How long a process that found every place taken asks no more: a place may be free before its deadline. */
const HOLD_OFF = 50;
/** How long a place is kept for whoever could not wait for it. */
const SPARE_FOR = 1000;

/** Takes places among the probes of the fleet for calls of this process. */
export class Probes {
  #numbers = 0;
  readonly #endings: ProbeEndings;

  constructor(
    private readonly parts: FleetParts,
    private readonly circuits: FleetCircuits,
    private readonly health: StoreHealth,
    private readonly writer: Writer,
  ) {
    this.#endings = new ProbeEndings(parts, circuits, health);
  }

  /** Asks for a place; undefined where the breaker is to decide by itself. */
  claim(breaker: Breaker): CircuitRefusal | Promise<Admission> | undefined {
    const circuit = this.circuits.of(breaker.name);
    if (this.#decidesAlone(circuit)) return undefined;
    this.#dropLost(breaker, circuit);
    const isFull = circuit.asking + circuit.leases.size >= breaker.policy.halfOpenMaxCalls;
    if (isFull || this.parts.clock.monotonic() < circuit.holdOff) return full(breaker);
    return this.#ask(breaker, circuit);
  }

  /** The same for who cannot wait: a place is asked for, and whoever comes next has it. */
  take(breaker: Breaker): Admission | undefined {
    const circuit = this.circuits.of(breaker.name);
    if (this.#decidesAlone(circuit)) return undefined;
    this.#dropLost(breaker, circuit);
    const { spare } = circuit;
    circuit.spare = undefined;
    this.parts.clock.clearTimeout(spare?.timer);
    const lease = spare && circuit.leases.get(spare.probe);
    if (spare !== undefined && lease?.epoch === circuit.epoch) return spare.probe;
    if (spare !== undefined) this.end(breaker, spare.probe, "neutral");
    this.#askForSpare(breaker, circuit);
    return full(breaker);
  }

  /** Whether the probe's place is the fleet's, and how it ended is told there. */
  end(breaker: Breaker, probe: number, how: ProbeOutcome): boolean {
    const circuit = this.circuits.find(breaker.name);
    const lease = circuit?.leases.get(probe);
    if (circuit === undefined || lease === undefined) return false;
    circuit.leases.delete(probe);
    this.#endings.settle(breaker, { probe, lease, how });
    return true;
  }

  /** Waits for what is being told, and gives back what is kept for nobody any more. */
  async close(): Promise<void> {
    const spares = this.circuits.values().flatMap(({ name, spare, leases }) => {
      const lease = spare === undefined ? undefined : leases.get(spare.probe);
      this.parts.clock.clearTimeout(spare?.timer);
      return lease === undefined ? [] : this.#giveBack(name, lease);
    });
    await Promise.all([...spares, this.#endings.settled()]);
  }

  /** In a dry run the calls pass anyway; and a circuit that only this process opened has no probes but its own. */
  #decidesAlone(circuit: FleetCircuit): boolean {
    if (this.parts.control.mode !== 0 || circuit.voted) return true;
    if (this.health.usable) return false;
    if (!this.parts.store.available) this.health.failed();
    this.#countAlone(circuit.name);
    return true;
  }

  async #ask(breaker: Breaker, circuit: FleetCircuit): Promise<Admission> {
    const { clock, timeout } = this.parts;
    const owner = `${this.parts.instance}/${++this.#numbers}`;
    circuit.asking++;
    try {
      const deadline = clock.monotonic() + breaker.policy.probeTimeout;
      const late = (answer: ProbeAnswer): void => this.#tooLate(circuit, answer);
      const asked = this.#request(breaker, circuit, owner);
      const answer = await bounded(clock, timeout, asked, { late, isAwaited: true });
      this.health.answered();
      return this.#answered(breaker, circuit, answer, deadline);
    } catch {
      this.health.failed();
      return this.#admitAlone(breaker);
    } finally {
      circuit.asking--;
    }
  }

  /** What this process decided goes before, and what the store has lost. */
  async #request(breaker: Breaker, circuit: FleetCircuit, owner: string): Promise<ProbeAnswer> {
    const { name, policy } = breaker;
    const request = {
      owner,
      by: this.parts.instance,
      limit: policy.halfOpenMaxCalls,
      ttl: policy.probeTimeout,
    };
    if (circuit.due) await this.writer.flush(circuit);
    if (circuit.voted) return { kind: "unknown" }; // too few others have opened theirs
    const answer = await this.parts.store.acquireProbe(name, request);
    if (answer.kind !== "unknown") return answer;
    if (!(await this.writer.restore(circuit))) throw new AdapterError("the shared store takes no circuit");
    return this.parts.store.acquireProbe(name, request);
  }

  #answered(breaker: Breaker, circuit: FleetCircuit, answer: ProbeAnswer, deadline: number): Admission {
    switch (answer.kind) {
      case "granted":
        return this.#granted(breaker, circuit, answer, deadline);
      case "full":
        this.circuits.hear(answer.record);
        circuit.holdOff = this.parts.clock.monotonic() + HOLD_OFF;
        return full(breaker);
      case "waiting": {
        this.circuits.hear(answer.record);
        const retryAfter = Math.max(0, answer.record.openUntil - this.parts.store.now());
        circuit.holdOff = this.parts.clock.monotonic() + Math.min(retryAfter, HOLD_OFF);
        return { name: breaker.name, state: "open", retryAfter };
      }
      case "closed":
      case "pinned":
        this.circuits.hear(answer.record);
        if (breaker.current.pin === undefined) this.circuits.converge(circuit);
        this.parts.telemetry.counter(metrics.convergenceTotal).cell(breaker.name).add();
        return this.#goOn(breaker, circuit);
      case "unknown":
        return this.#goOn(breaker, circuit);
    }
  }

  /**
   * The store has no probes to give out. What was decided here, and it was not told, is probed here; but what it told since
   * may be due, and no call becomes a probe that the fleet does not count.
   */
  #goOn(breaker: Breaker, circuit: FleetCircuit): Admission {
    return circuit.own && breaker.needsProbe ? this.#admitAlone(breaker) : breaker.admitFreely();
  }

  #admitAlone(breaker: Breaker): Admission {
    this.#countAlone(breaker.name);
    return breaker.admit();
  }

  #countAlone(name: string): void {
    this.parts.telemetry.counter(metrics.halfOpenDegradedTotal).cell(name).add();
  }

  #granted(
    breaker: Breaker,
    circuit: FleetCircuit,
    { lease, record, began, reclaimed }: Extract<ProbeAnswer, { kind: "granted" }>,
    deadline: number,
  ): Admission {
    const halfOpened: Effect[] = began ? [{ kind: "half_opened" }] : [];
    const effects: Effect[] = reclaimed > 0 ? [{ kind: "probe_reclaimed", count: reclaimed }] : [];
    this.circuits.hear(record, [...halfOpened, ...effects]);
    const snapshot = breaker.current;
    const isOver = this.parts.clock.monotonic() >= deadline;
    if (
      isOver ||
      snapshot.state !== "half_open" ||
      snapshot.pin !== undefined ||
      circuit.epoch !== lease.epoch
    ) {
      void this.#giveBack(circuit.name, lease);
      return breaker.admitFreely(); // the circuit has gone on since
    }
    const probe = breaker.numberProbe();
    const probes = [...snapshot.probes, { id: probe, deadline }];
    breaker.follow({ snapshot: { ...snapshot, probes }, effects: [] });
    circuit.leases.set(probe, { ...lease, deadline });
    return probe;
  }

  /** Granted to a call that was answered otherwise. */
  #tooLate({ name }: FleetCircuit, answer: ProbeAnswer): void {
    if (answer.kind !== "granted") return;
    this.circuits.hear(answer.record);
    void this.#giveBack(name, answer.lease);
  }

  async #giveBack(name: string, lease: ProbeToken): Promise<void> {
    try {
      await bounded(
        this.parts.clock,
        this.parts.timeout,
        this.parts.store.endProbe(name, lease, { how: "neutral" }),
      );
    } catch {
      this.health.failed(); // the place is free when its deadline has passed
    }
  }

  /** Places whose deadline has passed are nobody's. */
  #dropLost(breaker: Breaker, circuit: FleetCircuit): void {
    const now = this.parts.clock.monotonic();
    for (const [probe, { deadline }] of circuit.leases) {
      if (now < deadline) continue;
      circuit.leases.delete(probe);
      breaker.dropProbe(probe);
    }
  }

  #askForSpare(breaker: Breaker, circuit: FleetCircuit): void {
    if (circuit.isSpareAsked) return;
    const pending = this.claim(breaker);
    if (!(pending instanceof Promise)) return;
    circuit.isSpareAsked = true;
    void pending.then((admission) => {
      circuit.isSpareAsked = false;
      if (typeof admission !== "number" || admission === 0) return;
      if (!circuit.leases.has(admission)) return breaker.endProbeAlone(admission, "neutral");
      const timer = this.parts.clock.setTimeout(() => {
        circuit.spare = undefined;
        this.end(breaker, admission, "neutral");
      }, SPARE_FOR);
      unref(timer);
      circuit.spare = { probe: admission, timer };
    });
  }
}

function full({ name }: Breaker): CircuitRefusal {
  return { name, state: "half_open", retryAfter: 0 };
}
