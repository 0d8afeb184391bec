import { type HotClock, ref } from "../clock.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import * as events from "./events.js";
import type { ShutdownHandlers } from "./handlers.js";
import type { ShutdownSettings } from "./settings.js";

export interface DrainParts {
  readonly clock: HotClock;
  readonly telemetry: Pick<TelemetryHub, "report">;
  readonly settings: Readonly<ShutdownSettings>;
  readonly handlers: ShutdownHandlers;
  /** Requests and calls that have not ended. */
  readonly pending: () => number;
  /** Whether what was written in the absence of a server is being brought back to it. */
  readonly isRecovering: () => boolean;
  /** Milliseconds for what is in flight. */
  readonly time: number;
  /** Milliseconds before that, in which requests are still taken. */
  readonly prestop: number;
}

const POLL = 10;
const UNFORCED = "BALDUR_RECOVERY_SHUTDOWN_ALLOW_FORCE_SHUTDOWN is false";
const RECOVERING = "what was written in the absence of Redis is being brought back";

/** Waits, from its making on, until nothing is in flight and every handler is done, or the time is up. */
export class Drain {
  readonly began: number;
  readonly #refusesFrom: number;
  #end: number;
  #isExtended = false;
  readonly #handlersStarted: Promise<void>;
  #areHandlersStarted = false;
  #unfinished: readonly string[] = [];
  #nextQuestion: number;
  #nextTelling: number;

  constructor(private readonly parts: DrainParts) {
    const { clock, settings, handlers, time, prestop } = parts;
    this.began = clock.monotonic();
    this.#refusesFrom = this.began + prestop;
    this.#end = this.#refusesFrom + time;
    this.#nextQuestion = this.began;
    this.#nextTelling = this.began + settings.logInterval;
    this.#handlersStarted = handlers.start().then(() => {
      this.#areHandlersStarted = true;
    });
  }

  /** Milliseconds. */
  get remaining(): number {
    return Math.max(0, this.#end - this.parts.clock.monotonic());
  }

  /** Whether requests are still taken. */
  get isLenient(): boolean {
    return this.parts.clock.monotonic() < this.#refusesFrom;
  }

  /** Answers the handlers that were not done when they were asked last. Never rejects. */
  async wait(): Promise<readonly string[]> {
    for (;;) {
      if (await this.#isOver()) return [];
      if (this.#isTimeUp()) return this.#unfinished;
      this.#tell();
      await this.#pause();
    }
  }

  async #isOver(): Promise<boolean> {
    const { pending, clock, handlers, settings } = this.parts;
    if (this.isLenient || !this.#areHandlersStarted || pending() > 0) return false;
    if (clock.monotonic() < this.#nextQuestion) return false;
    this.#nextQuestion = clock.monotonic() + settings.checkInterval;
    this.#unfinished = await handlers.unfinished();
    return this.#unfinished.length === 0 && pending() === 0;
  }

  #isTimeUp(): boolean {
    if (this.remaining > 0) return false;
    const extension = this.#isExtended ? undefined : this.#extension();
    if (extension === undefined) return true;
    this.#isExtended = true;
    this.#end = Math.min(this.#end + extension.time, this.began + this.parts.settings.maxWait);
    if (this.remaining > 0)
      this.parts.telemetry.report(events.drainExtended, {
        reason: extension.reason,
        remaining: this.remaining,
      });
    return this.remaining === 0;
  }

  /** Milliseconds more, and why. */
  #extension(): { readonly time: number; readonly reason: string } | undefined {
    const { settings, isRecovering } = this.parts;
    if (!settings.allowForce) return { time: settings.maxWait, reason: UNFORCED };
    return isRecovering() ? { time: settings.recoveryExtension, reason: RECOVERING } : undefined;
  }

  #tell(): void {
    const { clock, telemetry, settings, pending } = this.parts;
    if (clock.monotonic() < this.#nextTelling) return;
    this.#nextTelling = clock.monotonic() + settings.logInterval;
    telemetry.report(events.drainProgressed, { in_flight: pending(), remaining: this.remaining });
  }

  /** Keeps the process alive: what is in flight may depend on nothing else. */
  async #pause(): Promise<void> {
    const { clock } = this.parts;
    let timer: unknown;
    const pause = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, POLL);
    });
    ref(timer);
    await (this.#areHandlersStarted ? pause : Promise.race([pause, this.#handlersStarted]));
    clock.clearTimeout(timer);
  }
}
