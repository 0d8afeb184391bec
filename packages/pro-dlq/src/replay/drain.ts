import type { FailedOperation, PluginContext } from "@baldur/core/plugin";
import type { BatchReplayResult } from "../api.js";
import type { Entry, ReplayTrigger } from "../entry/entry.js";
import type { Input } from "../entry/transition.js";
import { replaySkipped, replaySuppressed } from "../events.js";
import { acquireDuration } from "../metrics.js";
import type { Owner } from "../owner.js";
import type { Change, Changed, DlqStore, Filter } from "../store/store.js";
import { pause } from "../ticker.js";
import type { Arrears } from "./arrears.js";
import { Candidates } from "./candidates.js";
import type { Gate } from "./gate.js";
import type { Guard } from "./guard.js";
import { isCircuitOpen } from "./outcome.js";
import type { Pace } from "./pace.js";
import { addResult, emptyBatch, skippedBecause } from "./results.js";
import type { Executed, Run, Runner } from "./runner.js";
import type { Told } from "./told.js";

export interface DrainParts {
  readonly store: DlqStore;
  readonly owner: Owner;
  readonly gate: Gate;
  readonly guard: Guard;
  readonly runner: Runner;
  readonly told: Told;
  readonly arrears: Arrears;
  readonly context: Pick<PluginContext, "clock" | "telemetry" | "control">;
}

export interface DrainRequest {
  readonly filter: Filter;
  readonly maxItems: number;
  readonly concurrency: number;
  readonly pace: Pace;
  readonly trigger: ReplayTrigger;
  readonly type: string;
  readonly actor?: string | undefined;
  /** Takes no entry's last try: whether its dependency is well is not known. */
  readonly sparing?: boolean | undefined;
  /** Ends the batch between entries; its reason is a word. */
  readonly signal?: AbortSignal | undefined;
  /** Told now and then how many have succeeded. */
  readonly onProgress?: (succeeded: number) => void;
}

/** An entry that may be replayed. */
interface Admitted {
  readonly entry: Entry;
  readonly operation: FailedOperation;
}

/** So many failures in a row are not the entries' fault. */
const FAILURES_IN_A_ROW = 5;
const SHOWN_IN_DRY_RUN = 200;
/** Milliseconds between two words on a batch that goes on. */
const PROGRESS = 2000;

/** Replays what waits, oldest first, several at a time. One bad entry ends nothing. */
export async function drain(parts: DrainParts, request: DrainRequest): Promise<BatchReplayResult> {
  return parts.context.control.dryRun ? suppress(parts, request) : new Drain(parts, request).run();
}

class Drain {
  readonly #batch = emptyBatch();
  readonly #candidates: Candidates;
  #failuresInARow = 0;
  #toldAt: number;
  #resting: Promise<void> | undefined;

  constructor(
    private readonly parts: DrainParts,
    private readonly request: DrainRequest,
  ) {
    this.#candidates = new Candidates({ ...request, store: parts.store });
    this.#toldAt = parts.context.clock.monotonic();
  }

  async run(): Promise<BatchReplayResult> {
    const working = await this.parts.owner.begin();
    try {
      const workers = Math.min(this.request.concurrency, this.request.maxItems);
      // All of them, even if one cannot go on: while any is at work, its claims are kept.
      const ends = await Promise.allSettled(Array.from({ length: workers }, () => this.#work()));
      for (const end of ends) if (end.status === "rejected") throw end.reason;
    } finally {
      working[Symbol.dispose]();
    }
    return this.#batch;
  }

  async #work(): Promise<void> {
    let run = await this.#begin();
    while (run !== undefined) run = await this.#finish(await this.parts.runner.execute(run));
  }

  /** Claims the next entry when its turn has come; undefined when the batch is over. */
  async #begin(): Promise<Run | undefined> {
    while (!this.#isOver()) {
      const next = await this.#next();
      if (next === undefined) return undefined;
      if (typeof next === "number") {
        await this.#sleep(next);
        continue;
      }
      const run = this.#runOf(next);
      const [claimed] = await this.#change([claimOf(run)]);
      const begun = begunBy(run, claimed);
      if (begun !== undefined) return begun;
      this.#pass();
    }
    return undefined;
  }

  /** Settles what ended, and in the same transaction claims what comes next: the disk is paid for once. */
  async #finish(executed: Executed): Promise<Run | undefined> {
    const { run, verdict } = executed;
    this.#judge(verdict);
    let isSettled = false;
    const settle = async (...claims: Change[]): Promise<Changed | Error | undefined> => {
      isSettled = true;
      const [settled, claimed] = await this.#change([{ id: run.entry.body.id, input: verdict }, ...claims]);
      addResult(this.#batch, this.parts.runner.tell(executed, settled as Changed | Error));
      this.#tell();
      return claimed;
    };
    // What ended is settled, whatever keeps the next one from being found.
    const next = this.#isOver() ? undefined : await this.#next(settle).catch(() => undefined);
    const following = typeof next === "object" ? this.#runOf(next) : undefined;
    const claims = following === undefined ? [] : [claimOf(following)];
    const claimed = isSettled ? (await this.#change(claims))[0] : await settle(...claims);
    const begun = following && begunBy(following, claimed);
    if (following !== undefined && begun === undefined) this.#pass();
    return begun ?? this.#begin();
  }

  /** An entry that may be replayed, those that may not being left where they are. Who is asked about it may take long. */
  async #next(beforeAsking?: () => Promise<unknown>): Promise<Admitted | number | undefined> {
    while (true) {
      const entry = await this.#candidates.next();
      if (typeof entry !== "object") return entry;
      if (this.request.sparing && isLastTry(entry)) {
        this.#candidates.giveBack();
        continue;
      }
      if (this.parts.gate.asks(entry)) {
        await beforeAsking?.();
        beforeAsking = undefined;
      }
      const admission = await this.parts.gate.admit(entry);
      if ("operation" in admission) return { entry, operation: admission.operation };
      this.#skip(entry, admission.refused);
    }
  }

  /** What is asked of the store that fails answers with the error, and ends the batch. */
  async #change(changes: readonly Change[]): Promise<readonly (Changed | Error)[]> {
    if (changes.length === 0) return [];
    const { clock, telemetry } = this.parts.context;
    const began = clock.monotonic();
    try {
      const changed = await this.parts.arrears.change(changes);
      telemetry
        .histogram(acquireDuration)
        .cell()
        .observe((clock.monotonic() - began) / 1000);
      return changed;
    } catch (error) {
      this.#stop("store_failed");
      return changes.map(() => error as Error);
    }
  }

  #runOf({ entry, operation }: Admitted): Run {
    const { trigger, type, actor } = this.request;
    const { owner } = this.parts;
    const claim = { owner: owner.id, token: owner.nextToken(), at: this.parts.context.clock.now() };
    return { entry, operation, ...claim, trigger, type, actor };
  }

  #tell(): void {
    const now = this.parts.context.clock.monotonic();
    if (now - this.#toldAt < PROGRESS) return;
    this.#toldAt = now;
    this.request.onProgress?.(this.#batch.successCount);
  }

  #judge(verdict: Input): void {
    if (isCircuitOpen(verdict)) this.#stop("circuit_open");
    this.#failuresInARow = verdict.type === "fail" ? this.#failuresInARow + 1 : 0;
    if (this.#failuresInARow >= FAILURES_IN_A_ROW) this.#stop("failures_in_a_row");
  }

  #isOver(): boolean {
    if (this.parts.guard.isOff) this.#stop("kill_switch");
    const { signal } = this.request;
    if (signal?.aborted) this.#stop(String(signal.reason));
    return this.#batch.stoppedBy !== undefined;
  }

  #stop(reason: string): void {
    this.#batch.stoppedBy ??= reason;
  }

  /** A sweep comes again by itself, so what it skips must not hide what lies behind. */
  get #goesOn(): boolean {
    return this.request.type === "conditional";
  }

  #skip({ body }: Entry, reason: string): void {
    const { id, name, domain } = body;
    const isNews = !this.#goesOn || this.parts.told.isNew(`${id} ${reason}`);
    if (isNews) this.parts.context.telemetry.report(replaySkipped, { id, name, domain, reason });
    addResult(this.#batch, skippedBecause(id, reason));
    this.#pass();
  }

  /** The entry was not replayed. */
  #pass(): void {
    if (this.#goesOn) this.#candidates.giveBack();
  }

  /** One wait for all workers, however many there are. */
  #sleep(milliseconds: number): Promise<void> {
    this.#resting ??= this.#rest(milliseconds);
    return this.#resting;
  }

  async #rest(milliseconds: number): Promise<void> {
    const { clock } = this.parts.context;
    const { signal = new AbortController().signal } = this.request;
    await pause(clock, milliseconds, signal);
    this.#resting = undefined;
  }
}

function isLastTry({ state }: Entry): boolean {
  return state.retryCount + 1 >= state.maxRetries;
}

function claimOf({ entry, token, owner, at }: Run): Change {
  return { id: entry.body.id, input: { type: "claim", claim: { owner, token, at } } };
}

/** The run of an entry that is now claimed; undefined when somebody else has it, or it is gone. */
function begunBy(run: Run, claimed: Changed | Error | undefined): Run | undefined {
  const isClaimed = claimed !== undefined && !(claimed instanceof Error) && !("refused" in claimed);
  return isClaimed ? { ...run, entry: { body: run.entry.body, state: claimed.state } } : undefined;
}

async function suppress({ store, context }: DrainParts, request: DrainRequest): Promise<BatchReplayResult> {
  const { filter, maxItems } = request;
  const limit = Math.min(SHOWN_IN_DRY_RUN, maxItems);
  const entries = await store.list({ ...filter, status: "pending" }, { limit });
  context.telemetry.report(replaySuppressed, { name: filter.name ?? "", entries: entries.length });
  const batch = emptyBatch();
  for (const { body } of entries) addResult(batch, skippedBecause(body.id, "dry_run"));
  return batch;
}
