import { BareCall } from "./bare-call.js";
import type { EndpointMetrics } from "./endpoint-metrics.js";
import type { Outcome } from "./outcome.js";
import type { Plan } from "./plan.js";

/** What the pipeline needs to know of a circuit breaker. */
export interface CircuitGate {
  readonly name: string;
  /** Holds nothing that must outlive its calls. */
  readonly forgettable: boolean;
}

/** One protected name: what its calls share. */
export class Endpoint {
  inFlight = 0;
  /** Coarse reading of the clock at the latest use. */
  lastUsed = 0;
  /** The plan of the latest call: most names are called in one way only. */
  plan: Plan | null = null;
  circuit: CircuitGate | null = null;
  metrics: EndpointMetrics | null = null;
  /** A call without options needs nothing but the circuit. */
  bare = false;
  /** Durations are measured exactly, because slow calls count. */
  precise = false;
  /** There was no room for it: it is not kept, and shares its circuit with others. */
  overflow = false;

  #bareCall: BareCall | null = null;

  constructor(readonly name: string) {}

  /** For functions of calls without options. */
  get bareCall(): BareCall {
    this.#bareCall ??= new BareCall(this.name);
    return this.#bareCall;
  }

  /** May be dropped: no call is in flight, and its circuit is closed and not pinned. */
  get idle(): boolean {
    return this.inFlight === 0 && (this.circuit === null || this.circuit.forgettable);
  }

  /** A call ended well at its first attempt. */
  succeeded(duration: number): void {
    this.inFlight--;
    this.metrics?.recordSuccess(duration);
  }

  /** A call ended. */
  settled(outcome: Outcome, duration: number, attempts: number): void {
    this.inFlight--;
    this.metrics?.record(outcome, duration, attempts);
  }
}
