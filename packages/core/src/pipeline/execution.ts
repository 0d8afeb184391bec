import type { AnyFunction, Attempt, Call, CallContext } from "../call.js";
import type { CaptureResult } from "../slots/failure-recorder.js";
import { apply, promised } from "./apply.js";
import { AttemptCall } from "./attempt.js";
import { classify } from "./classify.js";
import { contextOf } from "./context.js";
import type { Deadline } from "./deadline.js";
import type { CircuitGate, Endpoint } from "./endpoint.js";
import type { ProtectOptions } from "./options.js";
import type { Classification, Outcome } from "./outcome.js";
import type { Plan } from "./plan.js";
import { rejection, rejectLater } from "./rejection.js";
import type { Chain, Stage } from "./stage.js";

/** Something that a stage took and must give back exactly once. */
export interface Lease {
  release(): void;
}

/** What only a call needs that fails, waits or is asked for a record of itself. */
export interface Extras {
  readonly attempts: Attempt[];
  /** Why the retry stage gave up, when it did. */
  exhausted?: string;
  captured?: { readonly id: string; readonly settled: Promise<CaptureResult> };
  /** The failure that a fallback answered. */
  answered?: { readonly error: unknown; readonly outcome: Outcome };
  classified?: { readonly error: unknown; readonly as: Classification };
}

const PENDING: unique symbol = Symbol("pending");

/**
 * One protected call: walks the stages of its plan inwards, runs the function, and walks back with the outcome.
 *
 * As long as nothing but the function itself can settle the call, the promise handed out is the one derived from the
 * function's own. The call gets a promise of its own ("detached") only where a deadline, a signal or a wait may settle it.
 */
export class Execution {
  /** Index of the stage whose turn it is; the number of stages while the function runs. */
  level = -1;
  /** The attempt that is running; the outcome of any other comes too late. */
  attempt: AttemptCall | null = null;
  attempts = 0;
  outcome: Outcome = "success";
  readonly startedAt: number;
  /** When the running attempt began, monotonic. */
  attemptStartedAt: number;
  /** Generation of the circuit breaker's state that admitted this call. */
  generation = 0;
  /** Number of the half-open circuit's probe that this call is; 0 for none. */
  probe = 0;
  circuit: CircuitGate | null = null;
  permit: Lease | null = null;
  claim: object | null = null;
  deadline: Deadline | null = null;
  deadlineLevel = 0;
  attemptDeadline: Deadline | null = null;
  retry: object | null = null;
  /** An attempt was given up: the function may still be running, and may still have its effect. */
  abandoned = false;
  /** Told the value of a function that succeeds after its call was given up. */
  onLateSuccess: ((value: unknown) => void) | null = null;
  /** Whether every attempt is recorded, not only the failed ones. */
  recordsAttempts = false;

  readonly #chain: Chain;
  #extras: Extras | null = null;
  #promise: Promise<unknown> | null = null;
  #resolve: ((value: unknown) => void) | null = null;
  #reject: ((error: unknown) => void) | null = null;
  #value: unknown = PENDING;
  #error: unknown = PENDING;
  /** What the latest attempt failed with, as long as the call has ended by nothing later. */
  #latestFailure: unknown = PENDING;
  #done = false;
  #cancelWait: (() => void) | null = null;

  constructor(
    readonly endpoint: Endpoint,
    readonly plan: Plan,
    readonly fn: AnyFunction,
    readonly options: ProtectOptions | undefined,
    /** The arguments of a wrapped function, as they can be captured for a replay. */
    readonly args?: readonly unknown[] | undefined,
    /** What a wrapped function was called on. */
    readonly self?: unknown,
  ) {
    const { clock, control } = plan.services;
    this.#chain = control.mode === 2 ? plan.guarantees : plan.chain;
    this.startedAt = endpoint.precise ? clock.monotonic() : clock.coarse();
    this.attemptStartedAt = this.startedAt;
  }

  get name(): string {
    return this.endpoint.name;
  }

  get context(): CallContext {
    return contextOf(this.options, this.args);
  }

  /** The business domain: given, or in force where the call was made. */
  domain(given: string | undefined = this.options?.domain): string | undefined {
    return this.plan.services.domainOf(given, this.name);
  }

  /** In a dry run decisions are made and reported, and not applied. */
  get dryRun(): boolean {
    return this.plan.services.control.mode === 1;
  }

  /** Milliseconds that the call may take; asked only where the plan has a deadline. */
  get timeout(): number {
    return this.options?.timeout ?? this.plan.defaultTimeout;
  }

  get extras(): Extras {
    this.#extras ??= { attempts: [] };
    return this.#extras;
  }

  /** Runs the call. Called once. */
  start(): Promise<unknown> {
    this.endpoint.inFlight++;
    if (this.plan.detached) {
      const promise = this.#detach();
      if (this.#linkCaller()) this.proceed();
      return promise;
    }
    this.proceed();
    return this.#promise ?? this.#answer();
  }

  /** Goes on to the next stage inwards, or runs the function. */
  proceed(): void {
    if (this.#done) return;
    const { stages, inwards } = this.#chain;
    this.level = inwards[this.level + 1] as number;
    const stage = stages[this.level];
    if (stage === undefined) this.#run();
    else (stage as Required<Stage>).enter(this);
  }

  /** Passes a value on to the next stage outwards, or to the caller. */
  succeed(value: unknown): void {
    this.level = this.level < 0 ? -1 : (this.#chain.outwards[this.level] as number);
    if (this.level >= 0) (this.#chain.stages[this.level] as Required<Stage>).succeed(this, value);
    else if (!this.#done) this.#finish(value);
  }

  /** Passes an error on to the next stage outwards, or to the caller. */
  fail(error: unknown): void {
    this.level = this.level < 0 ? -1 : (this.#chain.failing[this.level] as number);
    if (this.level >= 0) (this.#chain.stages[this.level] as Required<Stage>).fail(this, error);
    else if (!this.#done) this.#finishFailed(error);
  }

  /** Fails for a reason of Baldur's own. */
  refuse(error: unknown, outcome: Outcome): void {
    this.outcome = outcome;
    this.fail(error);
  }

  /** Gives up what is running or waited for inside the stage at `level`, and fails from there. */
  interrupt(level: number, error: unknown, outcome: Outcome): void {
    if (this.#done) return;
    this.#stopWaiting();
    this.#abandonAttempt(error);
    this.level = level;
    this.refuse(error, outcome);
  }

  /** Gives up only the running attempt, as if it had failed with this error. */
  interruptAttempt(error: unknown, outcome: Outcome): void {
    this.interrupt(this.#chain.stages.length, error, outcome);
  }

  onCallerAbort(reason: unknown): void {
    // The stage whose turn it is has nothing to undo that its wait does not; a running function's retry stage is asked.
    this.interrupt(this.level, reason, "aborted");
  }

  /** Suspends the call until the promise settles. Nothing is called back when the call is given up meanwhile. */
  wait<T>(
    pending: PromiseLike<T>,
    succeeded: (call: Execution, value: T) => void,
    failed: (call: Execution, error: unknown) => void,
    abandoned: (value: T) => void = ignore,
  ): void {
    let waiting = true;
    this.#cancelWait = () => {
      waiting = false;
    };
    const resume = (next: () => void): void => {
      if (!waiting) return;
      this.#cancelWait = null;
      next();
    };
    pending.then(
      (value) => (waiting ? resume(() => succeeded(this, value)) : abandoned(value)),
      (error: unknown) => resume(() => failed(this, error)),
    );
  }

  /** Suspends the call for so many milliseconds. Giving up the call clears the timer. */
  sleep(delay: number, resume: (call: Execution) => void): void {
    const { clock } = this.plan.services;
    const timer = clock.setTimeout(() => {
      this.#cancelWait = null;
      resume(this);
    }, Math.ceil(delay)); // Node drops the fraction of a delay, and a wait must not end early
    this.#cancelWait = () => clock.clearTimeout(timer);
  }

  /**
   * What the call says about the dependency. One that ended while it waited says what its latest attempt said, and
   * nothing where there was none.
   */
  verdict(error: unknown): Classification {
    if (this.attempts === 0 || this.outcome === "aborted") return "ignored";
    return this.classify(this.#latestFailure === PENDING ? error : this.#latestFailure);
  }

  /** What the error says about the dependency; asked once per error. */
  classify(error: unknown): Classification {
    const { extras } = this;
    if (extras.classified === undefined || extras.classified.error !== error) {
      const { telemetry } = this.plan.services;
      const as = this.outcome === "aborted" ? "ignored" : classify(error, this.options, this.name, telemetry);
      extras.classified = { error, as };
    }
    return extras.classified.as;
  }

  /** Notes the attempt that just ended. */
  recordAttempt(error?: unknown): void {
    const { clock } = this.plan.services;
    const duration = clock.monotonic() - this.attemptStartedAt;
    const attempt = { number: this.attempts, startedAt: new Date(clock.now() - duration), duration };
    this.extras.attempts.push(error === undefined ? attempt : { ...attempt, error });
  }

  /** Milliseconds since the call began. */
  elapsed(): number {
    return this.plan.services.clock.monotonic() - this.startedAt;
  }

  /** The call as its function saw it last, for a fallback. */
  asCall(): Call {
    return new AttemptCall(this, this.attempts);
  }

  #run(): void {
    const call = new AttemptCall(this, ++this.attempts);
    this.attempt = call;
    if (this.attempts > 1) {
      this.attemptStartedAt = this.plan.services.clock.monotonic();
      this.#latestFailure = PENDING;
    }
    let settled: Promise<unknown>;
    try {
      const result: unknown = this.args === undefined ? this.fn(call) : apply(this.fn, this.self, this.args);
      settled = promised(result).then(
        (value) => this.#attemptSucceeded(call, value),
        (error: unknown) => this.#attemptFailed(call, error),
      );
    } catch (error) {
      this.#attemptFailed(call, error);
      return;
    }
    if (this.#resolve === null) this.#promise = settled;
  }

  #attemptSucceeded(call: AttemptCall, value: unknown): unknown {
    if (this.attempt !== call) return this.onLateSuccess?.(value);
    this.attempt = null;
    this.outcome = "success";
    if (this.recordsAttempts) this.recordAttempt();
    this.succeed(value);
    return this.#settlement();
  }

  #attemptFailed(call: AttemptCall, error: unknown): unknown {
    if (this.attempt !== call) return undefined;
    this.attempt = null;
    this.outcome = "failure";
    this.#latestFailure = error;
    if (this.recordsAttempts || this.plan.keepsHistory) this.recordAttempt(error);
    this.fail(error);
    return this.#promise === null ? undefined : this.#settlement();
  }

  /** For the promise derived from the function's: how it is to settle. */
  #settlement(): unknown {
    if (this.#resolve !== null) return undefined;
    if (this.#value !== PENDING) return this.#value;
    if (this.#error !== PENDING) return rejection(this.#error);
    return this.#detach();
  }

  /** For a call that ended, or came to wait, before any promise was made. */
  #answer(): Promise<unknown> {
    if (this.#value !== PENDING) return Promise.resolve(this.#value);
    const error = this.#error;
    return error === PENDING ? this.#detach() : rejectLater(error);
  }

  #detach(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  #linkCaller(): boolean {
    const signal = this.options?.signal;
    if (signal === undefined) return true;
    if (signal.aborted) {
      this.outcome = "aborted";
      this.#finishFailed(signal.reason);
      return false;
    }
    this.plan.services.callerSignals.link(signal, this);
    return true;
  }

  #finish(value: unknown): void {
    this.#end();
    if (this.#resolve === null) this.#value = value;
    else this.#resolve(value);
  }

  #finishFailed(error: unknown): void {
    this.#end();
    if (this.#reject === null) this.#error = error;
    else this.#reject(error);
  }

  #end(): void {
    this.#done = true;
    const { endpoint, plan, options } = this;
    if (options?.signal !== undefined) plan.services.callerSignals.unlink(options.signal, this);
    endpoint.settled(this.outcome, plan.services.clock.coarse() - this.startedAt, this.attempts);
  }

  #stopWaiting(): void {
    this.#cancelWait?.();
    this.#cancelWait = null;
  }

  /** Whatever ends a running attempt is its failure; a wait ends without one. */
  #abandonAttempt(error: unknown): void {
    if (this.attemptDeadline !== null) this.plan.services.deadlines.remove(this.attemptDeadline);
    this.attemptDeadline = null;
    if (this.attempt === null) return;
    AttemptCall.abort(this.attempt, error);
    this.attempt = null;
    this.#latestFailure = error;
    this.abandoned = true;
    if (this.plan.keepsHistory || this.recordsAttempts) this.recordAttempt(error);
  }
}

function ignore(): void {
  // A value that comes after its call was given up, and holds nothing to give back.
}
