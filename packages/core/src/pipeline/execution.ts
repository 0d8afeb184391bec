import type { AnyFunction, Call, CallContext } from "../call.js";
import { apply, promised } from "./apply.js";
import { AttemptCall } from "./attempt.js";
import { classify } from "./classify.js";
import { contextOf } from "./context.js";
import type { Deadline } from "./deadline.js";
import type { Endpoint } from "./endpoint.js";
import { Extras } from "./extras.js";
import type { ProtectOptions } from "./options.js";
import type { Classification, Outcome } from "./outcome.js";
import type { Plan } from "./plan.js";
import { rejection, rejectLater } from "./rejection.js";
import type { Scope } from "./scope.js";
import type { Chain, Stage, StageName } from "./stage.js";

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
  /** `startedAt` is exact, and so is the coarse reading until something is waited for. */
  readonly #fresh: boolean;
  /** Generation of the circuit breaker's state that admitted this call. */
  generation = 0;
  deadline: Deadline | null = null;

  readonly #chain: Chain;
  #scope: Scope | null = null;
  #extras: Extras | null = null;
  #promise: Promise<unknown> | null = null;
  #resolve: ((value: unknown) => void) | null = null;
  #reject: ((error: unknown) => void) | null = null;
  /** How the call ended; the value or the error is kept only until a promise takes it. */
  #ending: "none" | "value" | "error" = "none";
  #result: unknown = undefined;

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
    const { renewals } = clock;
    this.startedAt = endpoint.precise ? clock.monotonic() : clock.coarse();
    this.#fresh = clock.renewals !== renewals;
    endpoint.lastUsed = this.startedAt;
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

  /** The kill switch went off, perhaps while the call was under way. */
  get disabled(): boolean {
    return this.plan.services.control.mode === 2;
  }

  /** The coarse reading is of this moment: nothing was run or waited for since the call began. */
  get fresh(): boolean {
    return this.#fresh && this.attempts === 0 && this.#extras === null;
  }

  /** In a dry run decisions are made and reported, and not applied. */
  get dryRun(): boolean {
    return this.plan.services.control.mode === 1;
  }

  /** Milliseconds that the call may take; asked only where the plan has a deadline. */
  get timeout(): number {
    return this.options?.timeout ?? this.plan.defaultTimeout;
  }

  /** What most calls never need, made on first use. */
  get extras(): Extras {
    this.#extras ??= new Extras();
    return this.#extras;
  }

  /** The same for those who only look. */
  get extrasIfAny(): Extras | null {
    return this.#extras;
  }

  /** Number of the half-open circuit's probe that this call is; 0 for none. */
  get probe(): number {
    return this.#extras === null ? 0 : this.#extras.probe;
  }

  /** Runs the call. Called once. */
  start(): Promise<unknown> {
    this.endpoint.inFlight++;
    const promise = this.plan.detached ? this.#detach() : null;
    if (this.plan.entersHost) this.#scope = this.plan.services.scope();
    try {
      if (promise === null || this.#linkCaller()) this.proceed();
    } catch (problem) {
      this.#breakOff(problem);
    }
    return promise ?? this.#promise ?? this.#answer();
  }

  /** Goes on to the next stage inwards, or runs the function. */
  proceed(): void {
    if (this.#ending !== "none") return;
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
    else if (this.#ending === "none") this.#finish(value);
  }

  /** Passes an error on to the next stage outwards, or to the caller. */
  fail(error: unknown): void {
    this.level = this.level < 0 ? -1 : (this.#chain.failing[this.level] as number);
    if (this.level >= 0) (this.#chain.stages[this.level] as Required<Stage>).fail(this, error);
    else if (this.#ending === "none") this.#finishFailed(error);
  }

  /** Fails for a reason of Baldur's own. */
  refuse(error: unknown, outcome: Outcome): void {
    this.outcome = outcome;
    this.fail(error);
  }

  /**
   * Gives up what is running or waited for inside the stage at `level`, and fails from there: in the async context of the
   * call's own caller, whoever's timer or signal it is.
   */
  interrupt(level: number, error: unknown, outcome: Outcome): void {
    if (this.#ending !== "none") return;
    this.#enter(() => this.#interrupt(level, error, outcome));
  }

  /** Goes on with the call from a timer or an event. */
  #enter(work: () => void): void {
    const guarded = (): void => this.#guarded(work);
    if (this.#scope === null) guarded();
    else this.#scope.runInAsyncScope(guarded);
  }

  #interrupt(level: number, error: unknown, outcome: Outcome): void {
    this.#stopWaiting();
    this.#abandonAttempt(error);
    const extras = this.#extras;
    if (extras !== null && extras.onInterrupted !== null) {
      extras.onInterrupted();
      extras.onInterrupted = null;
    }
    this.level = level;
    this.refuse(error, outcome);
  }

  /** What a stage throws is a fault of Baldur's or of a plugin's: it ends this call, and reaches nobody else. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (problem) {
      this.#breakOff(problem);
    }
  }

  #breakOff(problem: unknown): void {
    if (this.#ending !== "none") return;
    this.outcome = "failure";
    this.attempt = null;
    this.#finishFailed(problem);
  }

  /** The level just inside the stage of that name. */
  levelInside(name: StageName): number {
    return this.#chain.stages.findIndex((stage) => stage.name === name) + 1;
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
    this.extras.cancelWait = () => {
      waiting = false;
    };
    pending.then(
      (value) => (waiting ? this.#resume(succeeded, value) : abandoned(value)),
      (error: unknown) => (waiting ? this.#resume(failed, error) : undefined),
    );
  }

  #resume<T>(next: (call: Execution, settled: T) => void, settled: T): void {
    this.extras.cancelWait = null;
    try {
      next(this, settled);
    } catch (problem) {
      this.#breakOff(problem);
    }
  }

  /** Suspends the call for so many milliseconds, or until `early` settles. Giving up the call clears the timer. */
  sleep(delay: number, resume: (call: Execution) => void, early?: PromiseLike<unknown>): void {
    const { clock } = this.plan.services;
    let waiting = true;
    const end = (): boolean => {
      const first = waiting;
      waiting = false;
      clock.clearTimeout(timer);
      return first;
    };
    const wake = (): void => {
      if (!end()) return;
      this.extras.cancelWait = null;
      this.#enter(() => resume(this));
    };
    // Node drops the fraction of a delay, and a wait must not end early.
    const timer = clock.setTimeout(wake, Math.ceil(delay));
    this.extras.cancelWait = end;
    early?.then(wake, wake);
  }

  /**
   * What the call says about the dependency. One that ended while it waited says what its latest attempt said, and
   * nothing where there was none.
   */
  verdict(error: unknown): Classification {
    if (this.attempts === 0 || this.outcome === "aborted") return "ignored";
    const { latestFailure } = this.extras;
    return this.classify(latestFailure === undefined ? error : latestFailure.error);
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
    const duration = clock.monotonic() - (this.extras.attemptStartedAt ?? this.startedAt);
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
      this.extras.attemptStartedAt = this.plan.services.clock.monotonic();
      this.extras.latestFailure = undefined;
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
    if (this.attempt !== call) return this.#extras?.onLateSuccess?.(value);
    this.attempt = null;
    this.outcome = "success";
    if (this.#extras?.recordsAttempts) this.recordAttempt();
    try {
      this.succeed(value);
    } catch (problem) {
      this.#breakOff(problem);
    }
    return this.#settlement();
  }

  #attemptFailed(call: AttemptCall, error: unknown): unknown {
    if (this.attempt !== call) return undefined;
    this.attempt = null;
    this.outcome = "failure";
    this.#noteFailure(error);
    this.#guarded(() => this.fail(error));
    return this.#promise === null ? undefined : this.#settlement();
  }

  /** For the promise derived from the function's: how it is to settle. */
  #settlement(): unknown {
    if (this.#resolve !== null) return undefined;
    if (this.#ending === "none") return this.#detach();
    return this.#ending === "value" ? this.#result : rejection(this.#result);
  }

  /** For a call that ended, or came to wait, before any promise was made. */
  #answer(): Promise<unknown> {
    if (this.#ending === "none") return this.#detach();
    return this.#ending === "value" ? Promise.resolve(this.#result) : rejectLater(this.#result);
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
    this.#end("value");
    if (this.#resolve === null) this.#result = value;
    else this.#resolve(value);
  }

  #finishFailed(error: unknown): void {
    this.#end("error");
    if (this.#reject === null) this.#result = error;
    else this.#reject(error);
  }

  #end(ending: "value" | "error"): void {
    this.#ending = ending;
    const { endpoint, plan, options } = this;
    if (options?.signal !== undefined) plan.services.callerSignals.unlink(options.signal, this);
    const duration = plan.services.clock.coarse() - this.startedAt;
    if (this.outcome === "success" && this.attempts === 1) endpoint.succeeded(duration);
    else endpoint.settled(this.outcome, duration, this.attempts);
  }

  #stopWaiting(): void {
    this.#extras?.cancelWait?.();
    if (this.#extras !== null) this.#extras.cancelWait = null;
  }

  /** Whatever ends a running attempt is its failure; a wait ends without one. */
  #abandonAttempt(error: unknown): void {
    const deadline = this.#extras?.attemptDeadline ?? null;
    if (deadline !== null) {
      this.plan.services.deadlines.remove(deadline);
      this.extras.attemptDeadline = null;
    }
    if (this.attempt === null) return;
    AttemptCall.abort(this.attempt, error);
    this.attempt = null;
    this.extras.abandonedRun = true;
    this.#noteFailure(error);
  }

  #noteFailure(error: unknown): void {
    const { extras } = this;
    extras.latestFailure = { error };
    if (extras.recordsAttempts || this.plan.keepsHistory) this.recordAttempt(error);
  }
}

function ignore(): void {
  // A value that comes after its call was given up, and holds nothing to give back.
}
