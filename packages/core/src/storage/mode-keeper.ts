import { type Clock, type Random, unref } from "../clock.js";
import { text } from "../describe.js";
import { AdapterError } from "../errors.js";
import type { RedisClient } from "../redis/redis.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { degradedModeEntered, recoveryFailed, recoverySucceeded, redisModeRecovered } from "./events.js";
import { degraded } from "./metrics.js";
import {
  initialMode,
  type ModeChange,
  type ModeInput,
  type ModeState,
  type StorageMode,
  transition,
} from "./mode.js";
import type { ResilientStorageSettings } from "./settings.js";

/** A recovery under way. */
export interface RecoveryRun {
  /** False: Redis was lost again, so there is no point in going on. */
  readonly isCurrent: () => boolean;
  /** From this moment on Redis is in use. Throws where the recovery is not current. */
  readonly succeed: () => void;
}

export interface ModeKeeperParts {
  readonly client: Pick<RedisClient, "available" | "watch">;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Pick<TelemetryHub, "report" | "observeGauge">;
  readonly settings: Readonly<
    Pick<ResilientStorageSettings, "autoRecovery" | "recoveryJitterMax" | "recoveryProbeInterval">
  >;
  /** Where things go while Redis is away, for people. */
  readonly fallback: string;
  /** Rejects unless Redis answers. */
  readonly ping: () => Promise<unknown>;
  /** Rejects when it did not succeed; then it has not called `succeed`. */
  readonly recover: (recovery: RecoveryRun) => Promise<void>;
  /** Called at every interval while Redis is not in use. Never rejects. */
  readonly heartbeat: () => Promise<void>;
  /** Called at once when Redis is not in use any more. */
  readonly onLost: (reason: string) => void;
}

/** Keeps the mode: notices that Redis is gone, and sees to it that everything comes back. */
export class ModeKeeper {
  #state: ModeState;
  #timer: unknown;
  #isTrying = false;
  #running: Promise<void> | undefined;
  #isClosed = false;
  #disposables: readonly Disposable[] = [];

  constructor(private readonly parts: ModeKeeperParts) {
    this.#state = initialMode(parts.clock.monotonic());
  }

  get mode(): StorageMode {
    return this.#state.mode;
  }

  start(): void {
    const { client, telemetry } = this.parts;
    this.#disposables = [
      client.watch((available) => (available ? this.#isBack() : this.lost("the connection was lost"))),
      telemetry.observeGauge(degraded, () => [[[], Number(this.mode !== "normal")]]),
    ];
    if (!client.available) this.lost("it was not reached at the start");
  }

  /** Redis is not to be asked any more. Never throws. */
  lost(reason: string): void {
    this.#input({ kind: "lost" }, reason);
  }

  /** Looks whether Redis answers, and recovers if so. Answers whether Redis is in use now. Never rejects. */
  async checkAndRecover(): Promise<boolean> {
    if (this.mode === "normal") return true;
    if (await this.#answers()) await this.#recover();
    return this.#state.mode === "normal";
  }

  /** Resolves when a recovery that was under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.parts.clock.clearTimeout(this.#timer);
    for (const disposable of this.#disposables) disposable[Symbol.dispose]();
    await this.#running;
  }

  #input(input: ModeInput, reason = ""): void {
    const before = this.#state;
    const { state, change } = transition(before, input, this.parts.clock.monotonic());
    this.#state = state;
    this.#act(change, before, reason);
  }

  #act(change: ModeChange, before: ModeState, reason: string): void {
    const { clock, telemetry, fallback, onLost, settings } = this.parts;
    if (change === "degraded" || change === "recovery_failed") onLost(reason);
    if (change === "degraded") {
      telemetry.report(degradedModeEntered, { reason, fallback });
      this.#schedule(settings.recoveryProbeInterval);
    } else if (change === "recovery_failed") {
      telemetry.report(recoveryFailed, { reason, attempt: before.recovery });
    } else if (change === "recovered") {
      clock.clearTimeout(this.#timer);
      telemetry.report(redisModeRecovered, { degraded_for: this.#state.since - before.since });
    }
  }

  #isBack(): void {
    if (this.mode !== "normal" && this.parts.settings.autoRecovery) this.#schedule(0);
  }

  #schedule(delay: number): void {
    const { clock } = this.parts;
    clock.clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = clock.setTimeout(() => void this.#tick(), delay);
    unref(this.#timer);
  }

  /** Again and again, until Redis is in use. */
  async #tick(): Promise<void> {
    const { settings, heartbeat } = this.parts;
    this.#schedule(settings.recoveryProbeInterval);
    await heartbeat();
    if (!settings.autoRecovery || this.#isTrying) return;
    this.#isTrying = true;
    await this.#try();
    this.#isTrying = false;
  }

  async #try(): Promise<void> {
    if (!(await this.#answers())) return;
    await this.#waitAWhile();
    if (!this.#isClosed) await this.#recover();
  }

  async #answers(): Promise<boolean> {
    if (!this.parts.client.available) return false;
    return this.parts.ping().then(
      () => true,
      () => false,
    );
  }

  /** Processes that lost Redis together come back one by one. */
  #waitAWhile(): Promise<void> {
    const { clock, random, settings } = this.parts;
    const most = Math.min(settings.recoveryJitterMax, settings.recoveryProbeInterval);
    return new Promise((resolve) => unref(clock.setTimeout(resolve, random() * most)));
  }

  #recover(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    this.#input({ kind: "answers" });
    if (this.mode !== "recovering") return;
    const { recovery } = this.#state;
    const { clock, telemetry, recover } = this.parts;
    const began = clock.monotonic();
    const isCurrent = (): boolean => this.mode === "recovering" && this.#state.recovery === recovery;
    const succeed = (): void => {
      if (!isCurrent()) throw new AdapterError("Redis was lost again");
      this.#input({ kind: "recovered", recovery });
    };
    try {
      await recover({ isCurrent, succeed });
      telemetry.report(recoverySucceeded, { duration: clock.monotonic() - began, attempt: recovery });
    } catch (error) {
      this.#input({ kind: "failed", recovery }, text(error));
    }
  }
}
