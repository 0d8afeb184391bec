import type { Breaker } from "../circuit-breaker.js";
import type { FleetRow } from "../merge.js";
import type { EndAnswer, ProbeEnding } from "../store.js";
import { type Snapshot, type Transition, transition } from "../transition.js";
import { bounded } from "./bounded.js";
import type { HeldLease } from "./circuit.js";
import type { FleetCircuits } from "./circuits.js";
import type { StoreHealth } from "./health.js";
import * as metrics from "./metrics.js";
import type { FleetParts } from "./parts.js";
import { rowOf } from "./row.js";

export type ProbeOutcome = "success" | "failure" | "neutral";

/** A probe that is over, and the place that it had. */
interface Ended {
  readonly probe: number;
  readonly lease: HeldLease;
  readonly how: ProbeOutcome;
}

/** Tells the fleet how probes ended: what all of them say together decides, not what this process saw. */
export class ProbeEndings {
  readonly #settling = new Set<Promise<void>>();

  constructor(
    private readonly parts: FleetParts,
    private readonly circuits: FleetCircuits,
    private readonly health: StoreHealth,
  ) {}

  settle(breaker: Breaker, ended: Ended): void {
    const settling = this.#settle(breaker, ended);
    this.#settling.add(settling);
    void settling.then(() => this.#settling.delete(settling));
  }

  /** Resolves when all has been told. */
  async settled(): Promise<void> {
    await Promise.all(this.#settling);
  }

  async #settle(breaker: Breaker, { probe, lease, how }: Ended): Promise<void> {
    const { clock, store, timeout } = this.parts;
    if (clock.monotonic() >= lease.deadline) return breaker.dropProbe(probe);
    const next = outcomeOf(breaker, probe, how, clock.monotonic());
    try {
      if (!this.health.usable) return this.#settleAlone(breaker, probe, how);
      const ending = this.#ending(breaker, next, how);
      const answer = await bounded(clock, timeout, store.endProbe(breaker.name, lease, ending));
      this.health.answered();
      this.#ended(breaker, probe, answer, next);
    } catch {
      this.health.failed();
      this.#settleAlone(breaker, probe, how);
    }
  }

  #ended(breaker: Breaker, probe: number, { kind, record }: EndAnswer, next: Transition | undefined): void {
    breaker.dropProbe(probe);
    if (record !== undefined)
      this.circuits.hear(record, kind === "decided" ? (next?.effects ?? []) : undefined);
  }

  #settleAlone(breaker: Breaker, probe: number, how: ProbeOutcome): void {
    const metric = how === "success" ? metrics.closeCheckDegradedTotal : metrics.openCheckDegradedTotal;
    if (how !== "neutral") this.parts.telemetry.counter(metric).cell(breaker.name).add();
    breaker.endProbeAlone(probe, how);
  }

  #ending(breaker: Breaker, next: Transition | undefined, how: ProbeOutcome): ProbeEnding {
    if (how === "neutral" || next === undefined) return { how: "neutral" };
    const row = this.#rowOf(breaker, next.snapshot, how);
    return how === "failure" ? { how, row } : { how, row, after: breaker.policy.successThreshold };
  }

  #rowOf({ name }: Breaker, snapshot: Snapshot, how: "success" | "failure"): FleetRow {
    const trigger = how === "success" ? "recovery" : "probe";
    const facts = {
      name,
      epoch: 0,
      unconfirmed: false,
      trigger,
      by: this.parts.instance,
      pinned: 0,
    } as const;
    return rowOf(snapshot, facts, this.circuits.shift);
  }
}

/** What the end of a probe makes of the circuit if it decides: a success as if it were the last that is needed. */
function outcomeOf(
  { current, policy }: Breaker,
  probe: number,
  how: ProbeOutcome,
  now: number,
): Transition | undefined {
  if (current.state !== "half_open" || how === "neutral") return undefined;
  const snapshot = { ...current, successes: policy.successThreshold - 1 };
  return transition(snapshot, { kind: "probe_ended", probe, how }, policy, now);
}
