import type { FailedOperation, PluginContext } from "@baldur/core/plugin";
import type { BatchReplayResult } from "../api.js";
import type { Entry, ReplayTrigger } from "../entry/entry.js";
import { replaySkipped, replaySuppressed } from "../events.js";
import { acquireDuration } from "../metrics.js";
import type { Owner } from "../owner.js";
import type { DlqStore, Filter } from "../store/store.js";
import type { Gate } from "./gate.js";
import type { Guard } from "./guard.js";
import { isCircuitOpen } from "./outcome.js";
import type { Pace } from "./pace.js";
import { addResult, emptyBatch, skippedBecause } from "./results.js";
import type { Runner } from "./runner.js";

export interface DrainParts {
  readonly store: DlqStore;
  readonly owner: Owner;
  readonly gate: Gate;
  readonly guard: Guard;
  readonly runner: Runner;
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
  /** Ends the batch between entries. */
  readonly signal?: AbortSignal | undefined;
}

const PAGE = 200;
/** So many failures in a row are not the entries' fault. */
const FAILURES_IN_A_ROW = 5;

/** Replays what waits, oldest first, several at a time. One bad entry ends nothing. */
export async function drain(parts: DrainParts, request: DrainRequest): Promise<BatchReplayResult> {
  return new Drain(parts, request).run();
}

class Drain {
  readonly #batch = emptyBatch();
  #page: readonly Entry[] = [];
  #next = 0;
  #after: string | undefined;
  #turning: Promise<void> | undefined;
  #taken = 0;
  #failuresInARow = 0;
  #ended = false;

  constructor(
    private readonly parts: DrainParts,
    private readonly request: DrainRequest,
  ) {}

  async run(): Promise<BatchReplayResult> {
    if (this.parts.context.control.dryRun) return this.#suppress();
    const working = await this.parts.owner.begin();
    try {
      const workers = Array.from({ length: Math.max(1, this.request.concurrency) }, () => this.#work());
      await Promise.all(workers);
    } finally {
      working[Symbol.dispose]();
    }
    return this.#batch;
  }

  async #work(): Promise<void> {
    while (true) {
      const entry = await this.#take();
      if (entry === undefined) return;
      await this.#replay(entry);
    }
  }

  /** The next entry; undefined when the batch is over. */
  async #take(): Promise<Entry | undefined> {
    while (!this.#isOver()) {
      const entry = this.#page[this.#next];
      if (entry === undefined) {
        this.#turning ??= this.#turnPage();
        await this.#turning;
        continue;
      }
      const wait = this.request.pace.take();
      if (wait === 0) {
        this.#next++;
        this.#taken++;
        return entry;
      }
      await this.#sleep(wait);
    }
    return undefined;
  }

  #isOver(): boolean {
    if (this.#ended || this.#taken >= this.request.maxItems) return true;
    if (this.parts.guard.isOff) return this.#stop("kill_switch");
    return this.request.signal?.aborted ? this.#stop("shutdown") : false;
  }

  #stop(reason: string): true {
    this.#ended = true;
    this.#batch.stoppedBy ??= reason;
    return true;
  }

  async #turnPage(): Promise<void> {
    const limit = Math.min(PAGE, this.request.maxItems - this.#taken);
    const filter = { ...this.request.filter, status: "pending" as const };
    this.#page = await this.parts.store.list(filter, { limit, after: this.#after, oldestFirst: true });
    this.#next = 0;
    this.#after = this.#page.at(-1)?.body.id ?? this.#after;
    this.#ended ||= this.#page.length === 0;
    this.#turning = undefined;
  }

  async #replay(entry: Entry): Promise<void> {
    const admission = await this.parts.gate.admit(entry);
    if ("refused" in admission) return this.#skip(entry, admission.refused);
    const claimed = await this.#claim(entry, admission.operation);
    if (claimed === undefined) return; // somebody else has it, or it is gone
    const { trigger, type, actor } = this.request;
    const { result, verdict } = await this.parts.runner.run({ ...claimed, trigger, type, actor });
    addResult(this.#batch, result);
    if (isCircuitOpen(verdict)) this.#stop("circuit_open");
    this.#failuresInARow = verdict.type === "fail" ? this.#failuresInARow + 1 : 0;
    if (this.#failuresInARow >= FAILURES_IN_A_ROW) this.#stop("failures_in_a_row");
  }

  async #claim(
    { body }: Entry,
    operation: FailedOperation,
  ): Promise<{ entry: Entry; operation: FailedOperation; token: string } | undefined> {
    const { store, owner, context } = this.parts;
    const { clock, telemetry } = context;
    const token = owner.nextToken();
    const claim = { owner: owner.id, token, at: clock.now() };
    const began = clock.monotonic();
    const [changed] = await store.change([{ id: body.id, input: { type: "claim", claim } }], clock.now());
    telemetry
      .histogram(acquireDuration)
      .cell()
      .observe((clock.monotonic() - began) / 1000);
    return changed !== undefined && !("refused" in changed)
      ? { entry: changed.entry, operation, token }
      : undefined;
  }

  #skip({ body }: Entry, reason: string): void {
    const { id, name, domain } = body;
    this.parts.context.telemetry.report(replaySkipped, { id, name, domain, reason });
    addResult(this.#batch, skippedBecause(id, reason));
  }

  async #suppress(): Promise<BatchReplayResult> {
    const { store, context } = this.parts;
    const { filter, maxItems } = this.request;
    const entries = await store.list({ ...filter, status: "pending" }, { limit: Math.min(PAGE, maxItems) });
    context.telemetry.report(replaySuppressed, { name: filter.name ?? "", entries: entries.length });
    for (const { body } of entries) addResult(this.#batch, skippedBecause(body.id, "dry_run"));
    return this.#batch;
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.parts.context.clock.setTimeout(resolve, milliseconds);
    });
  }
}
