import type { HotClock } from "../clock.js";
import type { Phase } from "../phase.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { Admissions } from "./admissions.js";
import { Drain } from "./drain.js";
import * as events from "./events.js";
import { ShutdownHandlers } from "./handlers.js";
import type { Admission, Lifecycle, ShutdownHandler, ShutdownOptions, ShutdownReport } from "./lifecycle.js";
import * as metrics from "./metrics.js";
import type { ShutdownSettings } from "./settings.js";

/** What a shutdown is asked for with. */
export interface ShutdownRequest extends ShutdownOptions {
  readonly trigger?: "signal" | "call";
  /** Refuse requests at once, without leaving a balancer time to notice. */
  readonly immediate?: boolean;
}

export interface RuntimeLifecycleParts {
  readonly clock: HotClock;
  readonly telemetry: Pick<TelemetryHub, "report" | "counter" | "observeGauge">;
  readonly settings: Readonly<ShutdownSettings>;
  /** Protected names with calls in flight, and how many each has. */
  readonly calls: () => readonly (readonly [name: string, count: number])[];
  /** Whether what was written in the absence of a server is being brought back to it. */
  readonly isRecovering: () => boolean;
  /** Closes the runtime, which begins with `begin` and ends with `end`. */
  readonly shutDown: (request: ShutdownRequest) => Promise<ShutdownReport>;
}

const PHASES: readonly Phase[] = ["running", "draining", "terminating", "terminated"];
const SECOND = 1000;
/** Milliseconds that are left for the rest where the drain took all of its time; at most half as much as the drain had. */
const GRACE = 5000;

/** The lifecycle of a runtime that was started. */
export class RuntimeLifecycle implements Lifecycle {
  readonly exemptPaths: readonly string[];
  readonly #admissions: Admissions;
  readonly #handlers: ShutdownHandlers;
  #phase: Phase = "running";
  #drain: Drain | undefined;
  /** In flight when the drain began. */
  #before = 0;
  #drainTook: number | undefined;

  constructor(private readonly parts: RuntimeLifecycleParts) {
    const { clock, telemetry, settings } = parts;
    this.exemptPaths = settings.livenessPaths ?? [];
    this.#admissions = new Admissions(clock, settings.maxRequestAge);
    this.#handlers = new ShutdownHandlers(clock, telemetry);
    telemetry.observeGauge(metrics.phaseGauge, () => [[[], PHASES.indexOf(this.#phase)]]);
    telemetry.observeGauge(metrics.inFlightGauge, () => [[[], this.inFlight]]);
    telemetry.observeGauge(metrics.drainDuration, () => [[[], this.#drainSeconds()]]);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get inFlight(): number {
    return this.#admissions.count;
  }

  get remaining(): number | undefined {
    return this.#phase === "terminated" ? 0 : this.#drain?.remaining;
  }

  get retryAfter(): number {
    return Math.max(1, Math.ceil((this.remaining || this.parts.settings.retryAfter) / SECOND));
  }

  admit(): Admission | undefined {
    return this.#drain === undefined || this.#drain.isLenient ? this.#admissions.admit() : undefined;
  }

  onShutdown(handler: ShutdownHandler): Disposable {
    return this.#handlers.add(handler);
  }

  shutdown(options: ShutdownOptions = {}): Promise<ShutdownReport> {
    return this.parts.shutDown(options);
  }

  /** Readiness turns at once. The second time does nothing. */
  begin({ deadline, reason = "asked for", trigger = "call", immediate = false }: ShutdownRequest): void {
    if (this.#drain !== undefined) return;
    const { telemetry, settings } = this.parts;
    const time = deadline ?? settings.drainTimeout;
    const prestop = immediate ? 0 : settings.prestop;
    const pending = (): number => this.#pending();
    this.#phase = "draining";
    this.#before = pending();
    this.#drain = new Drain({ ...this.parts, handlers: this.#handlers, pending, time, prestop });
    telemetry.counter(metrics.initiationsTotal).cell(trigger).add();
    telemetry.report(events.drainStarted, { reason, in_flight: this.#before, deadline: prestop + time });
  }

  /** Waits for what is in flight, lets the handlers save what they hold, and releases the rest of the runtime. Never rejects. */
  async end(
    { deadline = this.parts.settings.drainTimeout }: ShutdownRequest,
    release: (limit: number) => Promise<readonly string[]>,
  ): Promise<ShutdownReport> {
    const drain = this.#drain as Drain;
    const unfinished = await drain.wait();
    const { drained, abandoned } = this.#count(unfinished);
    await this.#finish(drain, drained, abandoned);
    const left = [...abandoned, ...(await release(Math.max(drain.remaining, Math.min(deadline / 2, GRACE))))];
    this.#phase = "terminated"; // not before: who asks meanwhile is told the truth
    const duration = this.parts.clock.monotonic() - drain.began;
    const report = { clean: left.length === 0, duration, drained, abandoned: left };
    this.parts.telemetry.report(events.workerExitCompleted, report);
    return report;
  }

  #count(unfinished: readonly string[]): Pick<ShutdownReport, "drained" | "abandoned"> {
    const requests = this.inFlight === 0 ? [] : [`${this.inFlight} requests`];
    const calls = this.parts.calls().map(([name]) => name);
    return {
      drained: Math.max(0, this.#before - this.#pending()),
      abandoned: [...requests, ...calls, ...unfinished],
    };
  }

  async #finish(drain: Drain, drained: number, abandoned: readonly string[]): Promise<void> {
    const { clock, telemetry } = this.parts;
    const duration = clock.monotonic() - drain.began;
    this.#drainTook = duration;
    telemetry.counter(metrics.drainedTotal).cell().add(drained);
    if (abandoned.length === 0) {
      telemetry.report(events.drainCompleted, { duration, drained });
      return this.#handlers.complete();
    }
    const pending = this.#pending();
    this.#phase = "terminating";
    telemetry.counter(metrics.abortedTotal).cell().add(pending);
    telemetry.report(events.drainTimeout, { duration, pending, abandoned });
    return this.#handlers.force(pending);
  }

  #pending(): number {
    return this.parts.calls().reduce((sum, [, count]) => sum + count, this.inFlight);
  }

  #drainSeconds(): number | undefined {
    if (this.#drain === undefined) return undefined;
    return (this.#drainTook ?? this.parts.clock.monotonic() - this.#drain.began) / SECOND;
  }
}
