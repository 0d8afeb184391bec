import type { CircuitBreakerOptions } from "../pipeline/options.js";

/** Settings of the circuit breaker; durations in milliseconds. @public */
export interface CircuitBreakerSettings {
  enabled: boolean;
  failureThreshold: number;
  failureRateThreshold: number;
  minimumCalls: number;
  slidingWindowSize: number;
  slidingWindowMaxAge: number;
  consecutiveFailureThreshold: number;
  slowCallDuration: number | undefined;
  slowCallRateThreshold: number;
  recoveryTimeout: number;
  halfOpenMaxCalls: number;
  successThreshold: number;
  probeTimeout: number;
  fleetQuorum: number;
  manualOverrideTtl: number;
  rateLimitCascadeThreshold: number;
  rateLimitCascadeRate: number;
  rateLimitCascadeMinimumCalls: number;
  maxBreakers: number;
  overrides: Record<string, CircuitBreakerOptions>;
}

/** @public */
export type CircuitState = "closed" | "open" | "half_open" | "forced_open" | "forced_closed" | "disabled";

/** A permit to make one call; end it exactly once. Ending it again does nothing. @public */
export interface Permit {
  success(): void;
  failure(error?: unknown): void;
  /** The outcome says nothing about the dependency: a probe's slot is given back, nothing is recorded. */
  ignore(): void;
}

/** Who changes a circuit by hand, and why. @public */
export interface ManualControl {
  reason: string;
  actor: string;
  /** Milliseconds, at most 24 hours; 0 = until lifted. Default: 90 minutes. */
  ttl?: number;
  /** Act although the kill switch is off. */
  overrideKillSwitch?: boolean;
}

/** The answer to a manual action. A refused one says why in `message`. @public */
export interface ControlResult {
  readonly success: boolean;
  readonly name: string;
  readonly previousState: CircuitState;
  readonly state: CircuitState;
  readonly message: string;
  /** Whether all processes that share the circuit hear of it. Absent where it is not shared. */
  readonly persisted?: boolean;
  readonly expiresAt?: Date;
}

/** A circuit as an operator sees it. @public */
export interface CircuitRow {
  readonly name: string;
  readonly state: CircuitState;
  readonly since: Date;
  readonly openUntil?: Date;
  readonly generation: number;
  readonly lastFailureAt?: Date;
  readonly window: {
    readonly calls: number;
    readonly failures: number;
    readonly slow: number;
    readonly rateLimited: number;
  };
  readonly probes: { readonly live: number; readonly limit: number; readonly successes: number };
  readonly manual?: {
    readonly state: string;
    readonly reason: string;
    readonly actor: string;
    readonly until?: Date;
  };
  /** Instances that have opened it by themselves, and how many make it open for all. Absent where it is not shared. */
  readonly fleet?: { readonly votes: number; readonly quorum: number };
}

/**
 * A named circuit. Actions refused by the kill switch or for a bad `ttl` answer `{ success: false, message }`; a missing
 * reason or actor rejects with `ConfigurationError`.
 * @public
 */
export interface CircuitBreaker {
  readonly name: string;
  readonly state: CircuitState;
  snapshot(): CircuitRow;
  /**
   * Throws `CircuitOpenError`. Cannot wait: where the circuit is shared and due for a probe, it refuses, asks the shared
   * store for a place among the probes, and the next one who comes within a second has it.
   */
  acquire(): Permit;
  /** Refuses every call, probes included, until the pin ends. */
  forceOpen(control: ManualControl): Promise<ControlResult>;
  /** Lets every call pass and records none, until the pin ends. */
  forceClose(control: ManualControl & { triggerReplay?: boolean }): Promise<ControlResult>;
  /** Lifts a pin and leaves the state to the breaker. */
  auto(control: ManualControl): Promise<ControlResult>;
  /** Closes the circuit and forgets its window and its pin. */
  reset(control: ManualControl): Promise<ControlResult>;
}
