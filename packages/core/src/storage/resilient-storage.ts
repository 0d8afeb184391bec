import { type Clock, type Random, unref } from "../clock.js";
import { text } from "../describe.js";
import type { RedisClient } from "../redis/redis.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import type { Wal } from "../wal/wal.js";
import { Access } from "./access.js";
import { DegradedStore } from "./degraded-store.js";
import { DivergenceLog, type DivergenceReport } from "./divergence.js";
import { degradedBlobMemoryFull, divergenceReport, recoveredEntriesWal } from "./events.js";
import { Increments } from "./increments.js";
import { LocalState } from "./local-state.js";
import type { StorageMode } from "./mode.js";
import { ModeKeeper, type RecoveryRun } from "./mode-keeper.js";
import { checkFeature } from "./operation.js";
import { Patience } from "./patience.js";
import { Participants, type ReconcileParticipant } from "./reconcile.js";
import { type Merge, Replay } from "./replay.js";
import type { ResilientStorageSettings } from "./settings.js";

export interface ResilientStorageParts {
  readonly client: RedisClient;
  readonly wal: Wal;
  /** Where the log is, for people. */
  readonly fallback: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Pick<TelemetryHub, "report" | "observeGauge">;
  readonly settings: Readonly<ResilientStorageSettings>;
  /** Unique to this process, for ever. */
  readonly session: string;
}

interface Feature {
  readonly store: DegradedStore;
  readonly increments: Increments;
  readonly merge: Merge | undefined;
}

/** Milliseconds that an operation waits for Redis before Redis counts as lost. */
const NO_ANSWER = 800;
/** Milliseconds between looks for logs of processes that died while Redis was away. */
const SWEEP_INTERVAL = 60_000;
/** Records that writes may wait for at the end of a recovery, and how often it is tried to get there without their waiting. */
const FEW = 1000;
const ROUNDS = 20;
const FIRST = 5;

/** State that lives in Redis and goes on without it; `open.ts` makes one. */
export class ResilientStorage implements AsyncDisposable {
  readonly #participants: Participants;
  readonly #divergences = new DivergenceLog();
  readonly #features = new Map<string, Feature>();
  readonly #patience: Patience;
  readonly #local: LocalState;
  readonly #keeper: ModeKeeper;
  readonly #access: Access;
  readonly #replay: Replay;
  #replaying: Promise<unknown> = Promise.resolve();
  #sweepTimer: unknown;
  #isClosed = false;

  constructor(private readonly parts: ResilientStorageParts) {
    this.#participants = new Participants(parts.clock);
    this.#patience = this.#createPatience();
    this.#local = this.#createLocal();
    this.#keeper = this.#createKeeper();
    this.#access = this.#createAccess();
    this.#replay = this.#createReplay();
  }

  get mode(): StorageMode {
    return this.#keeper.mode;
  }

  /** Notices from now on when Redis is lost; takes up what dead processes have left. */
  start(): void {
    this.#keeper.start();
    void this.#sweep();
  }

  /**
   * The state of a feature, a word in lower case. `merge` is for values that this process has written while Redis was away:
   * without it, they replace what Redis holds. It is given when the feature is first asked for.
   */
  feature(name: string, { merge }: { readonly merge?: Merge } = {}): DegradedStore {
    checkFeature(name);
    const known = this.#features.get(name) ?? this.#createFeature(name, merge);
    this.#features.set(name, known);
    return known.store;
  }

  /** Asked at every recovery, before Redis is in use again. */
  addParticipant(participant: ReconcileParticipant): Disposable {
    return this.#participants.add(participant);
  }

  /** What the last recoveries found, the newest first. */
  report(): readonly DivergenceReport[] {
    return this.#divergences.reports();
  }

  /** Looks whether Redis answers, and recovers if so. Answers whether Redis is in use now. Never rejects. */
  checkAndRecover(): Promise<boolean> {
    return this.#keeper.checkAndRecover();
  }

  /** What Redis does not have stays in the log, for the next process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.parts.clock.clearTimeout(this.#sweepTimer);
    await this.#keeper.close();
    await this.#replaying;
    this.#patience.close();
    await this.parts.wal[Symbol.asyncDispose]();
  }

  async #recover({ succeed }: RecoveryRun): Promise<void> {
    const { wal } = this.parts;
    await this.#exclusively(() => wal.drain(this.#replay));
    await this.#participants.run((found) => this.#replay.divergences.push(...found));
    for (let round = 0; wal.pending > FEW && round < ROUNDS; round++)
      await this.#exclusively(() => wal.drain(this.#replay));
    await this.#access.alone(async () => {
      while (wal.pending > 0) await this.#exclusively(() => wal.drain(this.#replay));
      succeed();
      this.#local.clear();
    });
    this.#access.rearm();
    this.#tell();
    void this.#sweep(); // what others have left may be much, and holds nobody up
  }

  #tell(): void {
    const { telemetry, clock } = this.parts;
    const { taken, refused, divergences } = this.#replay;
    telemetry.report(recoveredEntriesWal, { recovered_count: taken, refused_count: refused });
    const report = this.#divergences.add(divergences.splice(0), clock.now());
    const first = report.divergences.slice(0, FIRST);
    telemetry.report(divergenceReport, { total: report.total, counts: report.counts, first });
    this.#replay.taken = 0;
    this.#replay.refused = 0;
  }

  /** Processes may die at any time, also when this one has nothing to recover from. */
  async #sweep(): Promise<void> {
    const { clock, wal } = this.parts;
    clock.clearTimeout(this.#sweepTimer);
    try {
      if (this.mode === "normal") await this.#exclusively(() => wal.absorb(this.#replay));
    } catch (error) {
      if (!this.#isClosed) this.#keeper.lost(text(error));
    }
    if (this.#replay.taken > 0 && this.mode === "normal") this.#tell();
    if (this.#isClosed) return;
    clock.clearTimeout(this.#sweepTimer);
    this.#sweepTimer = clock.setTimeout(() => void this.#sweep(), SWEEP_INTERVAL);
    unref(this.#sweepTimer);
  }

  #exclusively(work: () => Promise<void>): Promise<void> {
    const done = this.#replaying.then(work);
    this.#replaying = done.catch(() => undefined); // whoever asked for it is told
    return done;
  }

  #createPatience(): Patience {
    return new Patience(this.parts.clock, NO_ANSWER, (reason) => {
      this.#patience.giveUp(reason);
      this.#keeper.lost(reason);
    });
  }

  #createLocal(): LocalState {
    const { clock, settings, telemetry } = this.parts;
    return new LocalState({
      now: () => clock.now(),
      blobBytes: settings.degradedBlobMemoryMaxBytes,
      onBlobsFull: (evicted) => telemetry.report(degradedBlobMemoryFull, { evicted }),
    });
  }

  #createKeeper(): ModeKeeper {
    const { client, wal } = this.parts;
    return new ModeKeeper({
      ...this.parts,
      ping: () => this.#patience.track(() => client.command("PING")),
      recover: (run) => this.#recover(run),
      heartbeat: () => wal.heartbeat(),
      onLost: (reason) => this.#patience.giveUp(reason),
    });
  }

  #createAccess(): Access {
    return new Access({
      ...this.parts,
      mode: () => this.mode,
      lost: (reason) => this.#keeper.lost(reason),
      patience: this.#patience,
      local: this.#local,
    });
  }

  #createReplay(): Replay {
    return new Replay({
      ...this.parts,
      track: (work) => this.#patience.track(work),
      mergeOf: (feature) => this.#features.get(feature)?.merge,
      onSettled: (feature, session, number) => this.#settle(feature, session, number),
      mayGoOn: () => this.mode !== "degraded" && !this.#isClosed,
    });
  }

  #createFeature(feature: string, merge: Merge | undefined): Feature {
    const { client, clock, session } = this.parts;
    const increments = new Increments(session);
    const store = new DegradedStore({ feature, client, clock, access: this.#access, increments });
    return { store, increments, merge };
  }

  #settle(feature: string, session: string, number: number): void {
    if (session === this.parts.session) this.#features.get(feature)?.increments.settle(number);
  }
}
