import { type Clock, type PluginTelemetry, type ReplayHandlers, unref } from "@baldur/core/plugin";
import type { BatchReplayResult } from "../api.js";
import type { ReplayTrigger } from "../entry/entry.js";
import { automationFailed, automationUnarmed } from "../events.js";
import { dispatchTotal } from "../metrics.js";
import type { DlqSettings, ReplaySettings } from "../settings.js";
import type { DlqStore } from "../store/store.js";
import { every, pause } from "../ticker.js";
import type { Pace } from "./pace.js";
import type { Replays } from "./replays.js";
import type { Sweeper, SweepRequest } from "./sweeper.js";

export interface AutomationParts {
  readonly store: DlqStore;
  readonly replays: Replays;
  readonly sweeper: Sweeper;
  readonly handlers: ReplayHandlers;
  readonly clock: Clock;
  readonly telemetry: PluginTelemetry;
  readonly settings: Pick<DlqSettings, "retryDelay" | "batchSize">;
  readonly replay: Pick<ReplaySettings, "onRecoveryEnabled" | "onRecoveryMaxItems" | "rampUp">;
}

/** What an event says about a circuit that closed. */
export interface ClosedCircuit {
  readonly name: string;
  readonly trigger_replay?: boolean;
}

/** A name whose passes fail is left alone twice as long each time, up to this multiple of the delay. */
const LONGEST_BACKOFF = 64;
/** Milliseconds after the start, or a new handler, in which others may follow. */
const SOON = 1000;

/** Starts replays by itself: when a circuit closes, and in scheduled passes for what no closing circuit brings back. */
export class Automation {
  #closed = false;
  /** Sweeps under way, by name. */
  readonly #running = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  /** Names that a scheduled pass of this process has been at. */
  readonly #tried = new Set<string>();
  readonly #backoff = new Map<string, { readonly passes: number; readonly until: number }>();
  /** Names that wait for a handler, and whether that was told: at the start handlers come one by one. */
  readonly #unarmed = new Map<string, boolean>();
  #soon: unknown;

  constructor(private readonly parts: AutomationParts) {}

  /** A circuit closed. Returns at once; a name that is being swept is swept once more afterwards. */
  onClosed({ name, trigger_replay: isWanted }: ClosedCircuit): void {
    if (isWanted === false) return;
    if (!this.parts.replay.onRecoveryEnabled) return this.#count("skipped_disabled");
    this.#backoff.delete(name);
    if (this.#running.has(name)) this.#again.add(name);
    this.#dispatch(name, () => this.#recovered(name));
  }

  /**
   * Passes until the signal aborts: soon after the start and whenever a name gets its handler, for what an earlier process
   * left, and then after every delay.
   */
  async schedule(signal: AbortSignal): Promise<void> {
    if (!this.parts.replay.onRecoveryEnabled) return;
    const { clock, settings, handlers } = this.parts;
    const watching = handlers.watch(() => this.#passSoon());
    await pause(clock, SOON, signal);
    await every(clock, settings.retryDelay, signal, () => this.#pass());
    watching[Symbol.dispose]();
    clock.clearTimeout(this.#soon);
  }

  /** The store answers again: what failed for want of it is not waited for any longer. */
  storeIsBack(): void {
    if (!this.parts.replay.onRecoveryEnabled) return;
    this.#backoff.clear();
    this.#passSoon();
  }

  /** Ends between entries. */
  async close(): Promise<void> {
    this.#closed = true;
    this.parts.sweeper.close();
    await Promise.all(this.#running.values());
  }

  #dispatch(name: string, work: () => Promise<void>): void {
    if (this.#closed) return;
    if (this.#running.has(name)) return;
    this.#count("dispatched");
    const running = work()
      .catch((error: unknown) => {
        this.#count("error");
        this.parts.telemetry.report(automationFailed, { name, error: (error as Error).message });
      })
      .then(() => {
        this.#running.delete(name);
        if (this.#again.delete(name)) this.#dispatch(name, () => this.#recovered(name));
      });
    this.#running.set(name, running);
  }

  /** Sweeps until nothing waits, at a pace that grows. */
  async #recovered(name: string): Promise<void> {
    const { replays, replay } = this.parts;
    const pace = replays.pace(replay.rampUp);
    while (true) {
      const result = await this.#sweep(name, "auto_replay_circuit_close", replay.onRecoveryMaxItems, pace);
      if (isOver(result)) return;
    }
  }

  #passSoon(): void {
    if (this.#soon !== undefined) return;
    const { clock } = this.parts;
    this.#soon = clock.setTimeout(() => {
      this.#soon = undefined;
      void this.#pass();
    }, SOON);
    unref(this.#soon);
  }

  async #pass(): Promise<void> {
    try {
      const counts = await this.parts.store.counts();
      const waiting = counts.filter((group) => (group.counts.pending ?? 0) > 0).map(({ name }) => name);
      for (const name of new Set(waiting)) {
        if (this.#isDue(name)) this.#dispatch(name, () => this.#scheduled(name));
      }
    } catch (error) {
      this.parts.telemetry.report(automationFailed, { name: "", error: (error as Error).message });
    }
  }

  /**
   * One entry first: when it goes through, the others follow. The first of all takes no entry's last try: a process that is
   * started again and again while its dependency is away must not use them up.
   */
  async #scheduled(name: string): Promise<void> {
    const { replays, replay, settings } = this.parts;
    const pace = replays.pace(replay.rampUp);
    const sparing = !this.#tried.has(name);
    this.#tried.add(name);
    let result = await this.#sweep(name, "scheduled_batch", 1, pace, { concurrency: 1, sparing });
    if (sparing && result.total === 0) return this.#leave(name, 0, settings.retryDelay);
    while (result.failedCount === 0 && !isOver(result))
      result = await this.#sweep(name, "scheduled_batch", settings.batchSize, pace);
    this.#remember(name, result);
  }

  async #sweep(
    name: string,
    trigger: ReplayTrigger,
    maxItems: number,
    pace: Pace,
    probing?: Pick<SweepRequest, "concurrency" | "sparing">,
  ): Promise<BatchReplayResult> {
    const { sweeper } = this.parts;
    const escalate = trigger === "auto_replay_circuit_close";
    const request = { name, trigger, maxItems, pace, escalate };
    const result = await sweeper.sweep({ ...request, ...probing });
    if (result.inflightSkipped) this.#count("in_flight");
    if (result.governanceBlocked) this.#count("blocked");
    return result;
  }

  #isDue(name: string): boolean {
    const { handlers, clock, telemetry } = this.parts;
    if (handlers.get(name) === undefined) {
      const isKnown = this.#unarmed.has(name);
      if (isKnown && !this.#unarmed.get(name))
        telemetry.report(automationUnarmed, { name, missing_link: "handler_missing" });
      this.#unarmed.set(name, isKnown);
      return false;
    }
    this.#unarmed.delete(name);
    return (this.#backoff.get(name)?.until ?? Number.NEGATIVE_INFINITY) <= clock.monotonic();
  }

  #remember(name: string, { failedCount, stoppedBy, inflightSkipped }: BatchReplayResult): void {
    const { settings } = this.parts;
    if (failedCount === 0 && (stoppedBy === undefined || inflightSkipped)) {
      this.#backoff.delete(name);
      return;
    }
    const passes = (this.#backoff.get(name)?.passes ?? 0) + 1;
    this.#leave(name, passes, settings.retryDelay * Math.min(2 ** passes, LONGEST_BACKOFF));
  }

  /** No scheduled pass is at the name for so many milliseconds. */
  #leave(name: string, passes: number, delay: number): void {
    this.#backoff.set(name, { passes, until: this.parts.clock.monotonic() + delay });
  }

  #count(outcome: string): void {
    this.parts.telemetry.counter(dispatchTotal).cell(outcome).add();
  }
}

/** Nothing was left, or nothing more is allowed. */
function isOver({
  total,
  skippedCount,
  stoppedBy,
  governanceBlocked,
  inflightSkipped,
}: BatchReplayResult): boolean {
  return total === skippedCount || stoppedBy !== undefined || governanceBlocked || inflightSkipped;
}
