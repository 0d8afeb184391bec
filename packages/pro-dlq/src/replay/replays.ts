import type { BatchFilter, BatchReplayResult, ReplayResult } from "../api.js";
import { tally } from "../counting.js";
import type { Entry, EntryState, ReplayTrigger } from "../entry/entry.js";
import type { Input } from "../entry/transition.js";
import { DLQEntryNotFoundError, DLQStateConflictError } from "../errors.js";
import { batchCompleted, batchProgressed } from "../events.js";
import type { ReplaySettings } from "../settings.js";
import type { Changed, Filter } from "../store/store.js";
import { type AdaptiveState, adapt, adaptiveStart } from "./adaptive.js";
import { type DrainParts, drain } from "./drain.js";
import { Pace } from "./pace.js";
import { byPriority } from "./priority.js";
import { addBatch, blocked, blockedBatch, emptyBatch, skippedBecause } from "./results.js";

export interface SingleReplay {
  readonly trigger: ReplayTrigger;
  readonly actor?: string | undefined;
  readonly overrideKillSwitch?: boolean | undefined;
}

export interface BatchReplay {
  readonly filter: Filter;
  readonly maxItems: number;
  readonly trigger: ReplayTrigger;
  readonly type: "batch" | "conditional";
  /** Who asked for it, and why; absent: nobody did. */
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
  readonly sparing?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** One pace for batches that follow each other; default: a new one, at the full rate. */
  readonly pace?: Pace;
  readonly concurrency?: number;
}

const DEFAULT_ITEMS = 100;

/** Replays entries: one, a batch, or a batch by the rules. Every way goes through the same guard, gate, claim and settlement. */
export class Replays {
  #adaptive: AdaptiveState;

  constructor(
    private readonly parts: DrainParts,
    private readonly settings: ReplaySettings,
  ) {
    this.#adaptive = adaptiveStart(settings);
  }

  /** A new pace, which begins slowly after a recovery. */
  pace(rampUp = 0): Pace {
    return new Pace({ clock: this.parts.context.clock, rate: this.settings.rate, rampUp });
  }

  /** Throws `DLQEntryNotFoundError` and `DLQStateConflictError`. */
  async one(
    id: string,
    { trigger, actor, overrideKillSwitch }: SingleReplay,
    claim: ClaimInput,
  ): Promise<ReplayResult> {
    const { guard, gate, runner, context, owner } = this.parts;
    const refusal = await guard.refusal({
      operation: "replay_single",
      deliberate: trigger !== "manual_replay",
      overrideKillSwitch: overrideKillSwitch ?? false,
    });
    if (refusal !== undefined) return blocked(id, refusal);
    if (context.control.dryRun) return skippedBecause(id, "dry_run");
    const entry = await this.entry(id);
    const admission = await gate.admit(entry);
    if ("refused" in admission) return skippedBecause(id, admission.refused);
    const working = await owner.begin();
    try {
      const record = { owner: owner.id, token: owner.nextToken(), at: context.clock.now() };
      const claimed = await this.#claim(entry, claim(record));
      const { operation } = admission;
      const run = { entry: claimed, operation, ...record, trigger, type: "single", actor };
      return await runner.run(run);
    } finally {
      working[Symbol.dispose]();
    }
  }

  async entry(id: string): Promise<Entry> {
    const entry = await this.parts.store.get(id);
    if (entry === undefined) throw new DLQEntryNotFoundError(id);
    return entry;
  }

  /** As an operator asks for it. */
  async batch(
    request: BatchFilter,
    { actor, reason }: Pick<BatchReplay, "actor" | "reason">,
  ): Promise<BatchReplayResult> {
    const { domain, name, failureType, maxItems = DEFAULT_ITEMS } = request;
    const adaptive = request.adaptive ?? this.settings.adaptiveEnabled;
    const priority = (request.priority ?? this.settings.priorityEnabled) && domain === undefined;
    const limit = adaptive ? this.#adaptive.size : maxItems;
    const filter = { ...(domain && { domain }), ...(name && { name }), ...(failureType && { failureType }) };
    const asked = { trigger: "manual_replay", type: "batch", actor, reason } as const;
    const batch = { filter, maxItems: limit, ...asked };
    const result = priority ? await this.#byPriority(batch) : await this.run(batch);
    const tried = { total: result.successCount + result.failedCount, failed: result.failedCount };
    if (adaptive) this.#adaptive = adapt(this.#adaptive, tried, this.settings);
    return result;
  }

  /** One batch, if it is allowed. */
  async run({ filter, maxItems, ...request }: BatchReplay): Promise<BatchReplayResult> {
    const { guard, context } = this.parts;
    const { name, domain } = filter;
    const reason = await guard.refusal({ operation: "replay_batch", name, domain });
    if (reason !== undefined) return blockedBatch(reason);
    let told = 0;
    const onProgress = (succeeded: number): void => {
      if (succeeded === told) return;
      context.telemetry.report(batchProgressed, { name, domain, success_count: succeeded - told });
      told = succeeded;
    };
    const result = await drain(this.parts, {
      pace: this.pace(),
      concurrency: this.settings.concurrency,
      ...request,
      filter,
      maxItems,
      onProgress,
    });
    if (result.total > 0) {
      context.telemetry.report(batchCompleted, {
        name,
        domain,
        trigger: request.trigger,
        actor: request.actor,
        reason: request.reason,
        total: result.total,
        success_count: result.successCount,
        failed_count: result.failedCount,
        skipped_count: result.skippedCount,
        ...(told > 0 && { progressed_count: told }),
        ...(result.skippedCount > 0 && { skipped_for: skipsOf(result) }),
      });
    }
    return result;
  }

  async #byPriority(request: BatchReplay): Promise<BatchReplayResult> {
    const counts = await this.parts.store.counts();
    const waiting = counts.filter((group) => (group.counts.pending ?? 0) > 0).map(({ domain }) => domain);
    const domains = byPriority(waiting, this.settings.domainPriorities);
    const batch: BatchReplayResult = { ...emptyBatch(), priorityUsed: true, domainsProcessed: [] };
    for (const domain of domains) {
      const maxItems = request.maxItems - batch.total;
      if (maxItems <= 0) break;
      const result = await this.run({ ...request, maxItems, filter: { ...request.filter, domain } });
      if (result.governanceBlocked)
        return { ...batch, ...result, domainsProcessed: batch.domainsProcessed ?? [] };
      addBatch(batch, result);
      batch.domainsProcessed?.push(domain);
    }
    return batch;
  }

  async #claim({ body }: Entry, input: Input): Promise<Entry> {
    const [changed] = await this.parts.arrears.change([{ id: body.id, input }]);
    return { body, state: stateOf(body.id, changed as Changed) };
  }
}

/** The input that claims an entry. */
type ClaimInput = (claim: { owner: string; token: string; at: number }) => Input;

const WORDS = {
  max_retries: "it used up its replays",
  wrong_status: "that is not possible in this state",
  lost_claim: "another process took it over",
} as const;

/** The state of an entry that was changed. Throws `DLQEntryNotFoundError` and `DLQStateConflictError`. */
export function stateOf(id: string, changed: Changed): EntryState {
  if (!("refused" in changed)) return changed.state;
  const { refused, state } = changed;
  if (refused === "not_found" || state === undefined) throw new DLQEntryNotFoundError(id);
  throw new DLQStateConflictError(id, state.status, WORDS[refused]);
}

/** Reasons that are told of a batch: an application may have one of its own for every entry. */
const MOST_REASONS = 10;

/** How many were skipped, by the most frequent reasons. */
function skipsOf({ results }: BatchReplayResult): Record<string, number> {
  const skips = tally(
    results.flatMap(({ skipped, data }) =>
      skipped ? [[String(data?.["skip_reason"] ?? "unknown"), 1]] : [],
    ),
  );
  const frequent = Object.entries(skips).sort(([, a], [, b]) => b - a);
  return Object.fromEntries(frequent.slice(0, MOST_REASONS));
}
