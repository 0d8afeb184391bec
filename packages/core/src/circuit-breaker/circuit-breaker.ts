import type { HotClock } from "../clock.js";
import { invalid, withoutStack } from "../errors.js";
import { classifyByDefault } from "../pipeline/classify.js";
import type { CircuitGate } from "../pipeline/endpoint.js";
import type { CircuitBreakerOptions } from "../pipeline/options.js";
import type { CounterCell } from "../telemetry/metric.js";
import { CircuitOpenError, type CircuitRefusal } from "./errors.js";
import type { CircuitPolicy } from "./options.js";
import type { CircuitReporter } from "./reporter.js";
import {
  expirePin,
  INITIAL,
  type Input,
  type Pin,
  type Snapshot,
  type Transition,
  transition,
  tripTrigger,
  visibleState,
} from "./transition.js";
import type { CircuitRow, CircuitState, ControlResult, ManualControl, Permit } from "./types.js";
import { FAILURE, OutcomeWindow, RATE_LIMITED, SLOW, type WindowTotals } from "./window.js";

/** What all breakers of a runtime share. */
export interface BreakerServices {
  readonly clock: HotClock;
  readonly reporter: CircuitReporter;
  /** 0 active, 1 dry run, 2 disabled. */
  readonly control: { readonly mode: number };
  /** The fleet that the circuits are shared with; null where they are not. */
  readonly fleet: { link: FleetLink | null };
  /** Numbers probes: of a circuit that was forgotten and is made again, those of before may still be under way. */
  readonly probes: { last: number };
}

/** The number of a probe, 0 for a free pass, or why the call is refused. */
export type Admission = number | CircuitRefusal;

/** What breakers ask and tell the other processes that share their circuits. Never throws. */
export interface FleetLink {
  created(breaker: Breaker): void;
  /** The breaker decided something by itself. */
  changed(breaker: Breaker, input: Input): void;
  /** Whether everybody will hear of what the breaker decided. */
  written(breaker: Breaker): Promise<boolean>;
  /** A place among the probes of all; undefined where the breaker is to decide by itself. The promise never rejects. */
  claim(breaker: Breaker): CircuitRefusal | Promise<Admission> | undefined;
  /** The same at once: a place that was asked for before. */
  take(breaker: Breaker): Admission | undefined;
  /** Whether the probe's place was the fleet's, which then settles how it ended. */
  endProbe(breaker: Breaker, probe: number, how: "success" | "failure" | "neutral"): boolean;
  /** Instances that have opened this circuit. */
  votes(name: string): number;
}

/** Recorded by nobody: the call passed while the circuit was pinned. */
const UNRECORDED = -1;
const STATES: readonly string[] = ["closed", "open", "half_open"];
const NO_CALLS: WindowTotals = Object.freeze({ calls: 0, failures: 0, slow: 0, rateLimited: 0 });

/** One named circuit. Admission and recording are synchronous: between them nothing is shared with anyone. */
export class Breaker implements CircuitGate {
  /** Whether calls pass without asking: closed, and not pinned. */
  passes = true;
  /** Generation that a passing call carries. */
  generation = 0;
  /** Conflicting options were given, and that was said. */
  conflictReported = false;
  #snapshot: Snapshot = INITIAL;
  #window: OutcomeWindow | null = null;
  #consecutive = 0;
  /** Successes that the window does not hold yet, and when they were. */
  #passed = 0;
  #passedAt = 0;
  #lastFailureAt = 0;
  #failures: CounterCell | null = null;
  #blocked: CounterCell | null = null;
  readonly #createdAt: number;

  constructor(
    readonly name: string,
    public policy: CircuitPolicy,
    /** The options that were given for it. */
    public given: CircuitBreakerOptions,
    private readonly services: BreakerServices,
  ) {
    this.#createdAt = services.clock.coarse();
  }

  get state(): CircuitState {
    this.#expirePin();
    if (this.services.control.mode === 2) return "disabled";
    return visibleState(this.#snapshot);
  }

  /** 0 closed, 1 open, 2 half-open: pinned circuits count as what they do. */
  get stateNumber(): number {
    this.#expirePin();
    return STATES.indexOf(this.#snapshot.state);
  }

  /**
   * Holds nothing that must outlive its calls: no pin is in force, and it is closed, or due for probes that nobody came
   * to make. What its window holds is lost with it.
   */
  get forgettable(): boolean {
    const snapshot = this.#snapshot;
    const now = this.services.clock.coarse();
    if (snapshot.pin !== undefined && (snapshot.pin.until ?? Number.POSITIVE_INFINITY) > now) return false;
    if (snapshot.state === "half_open") return snapshot.probes.every(({ deadline }) => deadline <= now);
    return snapshot.state === "closed" || snapshot.pin !== undefined || snapshot.openUntil <= now;
  }

  /** The state as it is now. */
  get current(): Snapshot {
    this.#expirePin();
    return this.#snapshot;
  }

  /** Goes by these options from now on, and counts anew: the window is of another size. */
  adopt(policy: CircuitPolicy, given: CircuitBreakerOptions): void {
    this.policy = policy;
    this.given = given;
    this.#forget();
  }

  /** Takes over what the fleet decided. */
  follow(next: Transition): void {
    this.#become(next, false);
  }

  numberProbe(): number {
    return ++this.services.probes.last;
  }

  /** A place of the fleet's is no longer this probe's: what becomes of the call says nothing. */
  dropProbe(probe: number): void {
    const snapshot = this.#snapshot;
    if (snapshot.state !== "half_open") return;
    this.#snapshot = { ...snapshot, probes: snapshot.probes.filter(({ id }) => id !== probe) };
  }

  /** Asks to pass where `passes` says no; of a circuit that is shared, the fleet gives out the probes. */
  ask(): Admission | Promise<Admission> {
    return this.needsProbe ? (this.services.fleet.link?.claim(this) ?? this.admit()) : this.admitFreely();
  }

  /** Whether a call can only pass as a probe. */
  get needsProbe(): boolean {
    const snapshot = this.current;
    if (snapshot.pin !== undefined || snapshot.state === "closed") return false;
    return snapshot.state === "half_open" || this.services.clock.coarse() >= snapshot.openUntil;
  }

  /**
   * Asks to pass, but not as a probe. Reads no clock: what becomes due between two readings would be probed without a
   * place.
   */
  admitFreely(): Admission {
    return this.#snapshot.state === "closed" ? 0 : this.#refusal();
  }

  /** Asks to pass, and this process alone decides. */
  admit(): Admission {
    const { state, pin } = this.#snapshot;
    if (state === "open" && pin === undefined && this.services.clock.coarse() < this.#snapshot.openUntil)
      return this.#refusal();
    const probe = ++this.services.probes.last;
    const { admission } = this.#apply({ kind: "admit", probe });
    if (admission === "probe") return probe;
    return admission === "pass" ? 0 : this.#refusal();
  }

  /** A call that passed ended well, and how long it took does not matter. `now` is a coarse reading. */
  passed(generation: number, now: number): void {
    if (generation !== this.generation || !this.passes) return;
    if (now !== this.#passedAt) {
      this.#recordPassed();
      this.#passedAt = now;
    }
    this.#passed++;
  }

  /** A call ended well after `duration` milliseconds. */
  succeeded(generation: number, probe: number, duration: number): void {
    if (generation !== this.#snapshot.generation) return this.#endStale(probe);
    const slow = this.policy.slowCallDuration !== undefined && duration > this.policy.slowCallDuration;
    if (probe !== 0) return this.endProbe(generation, probe, slow ? "failure" : "success");
    this.#consecutive = 0;
    this.#record(slow ? SLOW : 0);
    if (slow) this.#tripIfDue();
  }

  /** A call failed, in a way that counts against the dependency. */
  failed(generation: number, probe: number, duration: number): void {
    if (generation !== this.#snapshot.generation) return this.#endStale(probe);
    if (this.services.control.mode === 2) return this.endProbe(generation, probe, "neutral");
    this.#lastFailureAt = this.services.clock.coarse();
    this.#failures ??= this.services.reporter.failures(this.name);
    this.#failures.add();
    if (probe !== 0) return this.endProbe(generation, probe, "failure");
    const slow = this.policy.slowCallDuration !== undefined && duration > this.policy.slowCallDuration;
    this.#recordPassed();
    this.#consecutive++;
    this.#record(slow ? FAILURE | SLOW : FAILURE);
    this.#tripIfDue();
  }

  /** The dependency answered that it is called too often. Says nothing about its health, unless many say it. */
  rateLimited(generation: number, probe: number): void {
    if (generation !== this.#snapshot.generation) return this.#endStale(probe);
    if (probe !== 0) return this.endProbe(generation, probe, "neutral");
    this.#record(RATE_LIMITED);
    this.#tripIfDue();
  }

  /** Gives a probe's slot back; does nothing for any other call. */
  endProbe(generation: number, probe: number, how: "success" | "failure" | "neutral"): void {
    if (probe === 0) return;
    if (generation !== this.#snapshot.generation) return this.#endStale(probe);
    if (!this.services.fleet.link?.endProbe(this, probe, how)) this.endProbeAlone(probe, how);
  }

  /** Ends a probe, and this process alone decides what that means. */
  endProbeAlone(probe: number, how: "success" | "failure" | "neutral"): void {
    this.#apply({ kind: "probe_ended", probe, how });
  }

  /** A place that the fleet gave is given back, however old it is. */
  #endStale(probe: number): void {
    if (probe !== 0) this.services.fleet.link?.endProbe(this, probe, "neutral");
  }

  #take(): Admission {
    return this.needsProbe ? (this.services.fleet.link?.take(this) ?? this.admit()) : this.admitFreely();
  }

  /** Takes a permit, to be ended exactly once. Throws `CircuitOpenError`. */
  acquire(): Permit {
    let probe = 0;
    if (!this.passes && this.services.control.mode !== 2) {
      const admission = this.#take();
      if (typeof admission === "number") probe = admission;
      else if (this.services.control.mode === 1) this.services.reporter.suppressed(admission);
      else throw this.refuse(admission);
    }
    return new CircuitPermit(this, this.generation, probe, this.services.clock);
  }

  /** The error for a refused call, counted. */
  refuse(refusal: CircuitRefusal): CircuitOpenError {
    this.#blockedBy(refusal.state).add();
    return withoutStack(createOpenError, refusal);
  }

  #blockedBy(state: CircuitRefusal["state"]): CounterCell {
    if (state === "half_open") return this.services.reporter.blocked(this.name, "half_open_full");
    this.#blocked ??= this.services.reporter.blocked(this.name, "open");
    return this.#blocked;
  }

  pin(state: Pin["state"], control: ManualControl, triggerReplay = false): ControlResult {
    const ttl = requireControl(control).ttl ?? this.policy.manualOverrideTtl;
    return this.#manually(state, control, triggerReplay, ttl, () => {
      const { reason, actor } = control;
      const until = ttl === 0 ? {} : { until: this.#now() + ttl };
      return { kind: "pin", pin: { state, reason, actor, ...until } };
    });
  }

  unpin(control: ManualControl): ControlResult {
    return this.#manually("auto", control, false, undefined, () => ({ kind: "unpin" }));
  }

  reset(control: ManualControl): ControlResult {
    return this.#manually("reset", control, false, undefined, () => ({ kind: "reset" }));
  }

  row(): CircuitRow {
    const state = this.state;
    const snapshot = this.#snapshot;
    const { link } = this.services.fleet;
    const { calls, failures, slow, rateLimited } = this.#totals();
    const halfOpen = snapshot.state === "half_open" ? snapshot : { probes: [], successes: 0 };
    return {
      name: this.name,
      state,
      since: this.#date(snapshot === INITIAL ? this.#createdAt : snapshot.since),
      generation: snapshot.generation,
      window: { calls, failures, slow, rateLimited },
      probes: {
        live: halfOpen.probes.length,
        limit: this.policy.halfOpenMaxCalls,
        successes: halfOpen.successes,
      },
      ...(snapshot.state === "open" &&
        snapshot.pin === undefined && { openUntil: this.#date(snapshot.openUntil) }),
      ...(this.#lastFailureAt > 0 && { lastFailureAt: this.#date(this.#lastFailureAt) }),
      ...(snapshot.pin !== undefined && { manual: this.#manualRow(snapshot.pin) }),
      ...(link !== null && { fleet: { votes: link.votes(this.name), quorum: this.policy.fleetQuorum } }),
    };
  }

  /** Successes of one reading of the clock are gathered: most calls only add to a counter. */
  #recordPassed(): void {
    if (this.#passed === 0) return;
    this.#consecutive = 0;
    this.#window ??= this.#createWindow();
    this.#window.recordSuccesses(this.#passed, this.#passedAt);
    this.#passed = 0;
  }

  #record(flags: number): void {
    if (this.#snapshot.state !== "closed") return;
    this.#recordPassed();
    this.#window ??= this.#createWindow();
    this.#window.record(flags, this.services.clock.coarse());
  }

  #forget(): void {
    this.#window = null;
    this.#passed = 0;
    this.#consecutive = 0;
  }

  #createWindow(): OutcomeWindow {
    return new OutcomeWindow(this.policy.slidingWindowSize, this.policy.slidingWindowMaxAge);
  }

  #tripIfDue(): void {
    if (this.services.control.mode === 2) return;
    const trigger = tripTrigger(this.#totals(), this.#consecutive, this.policy);
    if (trigger !== undefined) this.#apply({ kind: "trip", trigger });
  }

  #totals(): WindowTotals {
    this.#recordPassed();
    return this.#window?.totals(this.services.clock.coarse()) ?? NO_CALLS;
  }

  #apply(input: Input, triggerReplay = false): Transition {
    const { generation } = this.#snapshot;
    const next = transition(this.#snapshot, input, this.policy, this.#now());
    this.#become(next, triggerReplay);
    this.#tellFleet(input, generation);
    return next;
  }

  /** In a dry run a process decides, and must not have others act on it; an operator acts all the same. */
  #tellFleet(input: Input, generation: number): void {
    const { link } = this.services.fleet;
    if (link === null) return;
    const isManual = input.kind === "pin" || input.kind === "unpin" || input.kind === "reset";
    const isNews = this.services.control.mode === 0 && generation !== this.#snapshot.generation;
    if (isManual || isNews) link.changed(this, input);
  }

  #expirePin(): void {
    if (this.#snapshot.pin !== undefined) this.#become(expirePin(this.#snapshot, this.#now()), false);
  }

  #become(next: Transition, triggerReplay: boolean): void {
    const before = this.#snapshot;
    const after = next.snapshot;
    if (after === before) return;
    const window = { ...this.#totals(), consecutive: this.#consecutive };
    this.#snapshot = after;
    this.passes = after.state === "closed" && after.pin === undefined;
    this.generation = after.pin === undefined ? after.generation : UNRECORDED;
    if (after.generation !== before.generation) this.#forget();
    for (const effect of next.effects) {
      this.services.reporter.report(this.name, effect, {
        window,
        openFor: this.#now() - before.since,
        triggerReplay,
      });
    }
  }

  #refusal(): CircuitRefusal {
    const snapshot = this.#snapshot;
    const { name } = this;
    if (snapshot.pin !== undefined) {
      const { until } = snapshot.pin;
      return { name, state: "forced_open", ...(until !== undefined && { retryAfter: until - this.#now() }) };
    }
    if (snapshot.state !== "open") return { name, state: "half_open", retryAfter: 0 };
    return { name, state: "open", retryAfter: Math.max(0, snapshot.openUntil - this.#now()) };
  }

  #manually(
    action: string,
    control: ManualControl,
    triggerReplay: boolean,
    ttl: number | undefined,
    input: () => Input,
  ): ControlResult {
    requireControl(control);
    requireWords("actor", control.actor);
    requireWords("reason", control.reason);
    const previousState = this.state;
    const refused = this.#refuseManual(action, control, ttl);
    const result = { name: this.name, previousState };
    if (refused !== undefined) return { ...result, success: false, state: previousState, message: refused };
    this.#apply(input(), triggerReplay);
    this.services.reporter.manual(this.name, action, control, ttl);
    const until = this.#snapshot.pin?.until;
    return {
      ...result,
      success: true,
      state: this.state,
      message: `circuit ${this.name}: ${action}`,
      ...(until !== undefined && { expiresAt: this.#date(until) }),
    };
  }

  #refuseManual(action: string, control: ManualControl, ttl: number | undefined): string | undefined {
    const { mode } = this.services.control;
    if (ttl !== undefined && !isTtl(ttl)) {
      return `ttl must be 0 or from 1 to ${LONGEST_PIN} milliseconds; received ${String(ttl)}`;
    }
    if (mode === 2 && control.overrideKillSwitch !== true) {
      this.services.reporter.killSwitch(this.name, action, control.actor, false);
      return "Baldur is disabled; pass overrideKillSwitch: true to act all the same";
    }
    if (mode === 2) this.services.reporter.killSwitch(this.name, action, control.actor, true);
    if (mode === 1) this.services.reporter.dryRunAction(this.name, action, control.actor);
    return undefined;
  }

  #manualRow({ state, reason, actor, until }: Pin): NonNullable<CircuitRow["manual"]> {
    return { state, reason, actor, ...(until !== undefined && { until: this.#date(until) }) };
  }

  #now(): number {
    return this.services.clock.monotonic();
  }

  #date(monotonic: number): Date {
    return new Date(this.services.clock.now() + monotonic - this.#now());
  }
}

class CircuitPermit implements Permit {
  #ended = false;
  readonly #startedAt: number;

  constructor(
    private readonly breaker: Breaker,
    private readonly generation: number,
    private readonly probe: number,
    private readonly clock: HotClock,
  ) {
    this.#startedAt = clock.monotonic();
  }

  success(): void {
    if (this.#end()) this.breaker.succeeded(this.generation, this.probe, this.#duration());
  }

  failure(error?: unknown): void {
    if (!this.#end()) return;
    const { breaker, generation, probe } = this;
    const classification = error === undefined ? "failure" : classifyByDefault(error);
    if (classification === "ignored") breaker.endProbe(generation, probe, "neutral");
    else if (classification === "rate_limited") breaker.rateLimited(generation, probe);
    else breaker.failed(generation, probe, this.#duration());
  }

  ignore(): void {
    if (this.#end()) this.breaker.endProbe(this.generation, this.probe, "neutral");
  }

  #end(): boolean {
    const first = !this.#ended;
    this.#ended = true;
    return first;
  }

  #duration(): number {
    return this.clock.monotonic() - this.#startedAt;
  }
}

const LONGEST_PIN = 1440 * 60_000;

function isTtl(ttl: unknown): boolean {
  return typeof ttl === "number" && (ttl === 0 || (ttl >= 1 && ttl <= LONGEST_PIN));
}

function requireControl(control: ManualControl): ManualControl {
  if (typeof control === "object" && control !== null) return control;
  throw invalid("control", "an object with actor and reason", control);
}

function requireWords(option: string, value: unknown): void {
  if (typeof value !== "string" || value.trim() === "") throw invalid(option, "a non-empty string", value);
}

function createOpenError(refusal: CircuitRefusal): CircuitOpenError {
  return new CircuitOpenError(refusal);
}
