import { type CaptureResult, ConfigurationError } from "@baldur/core";
import {
  type AuditEntry,
  auditSlot,
  type FailedOperation,
  type NewFailedOperation,
  type PluginContext,
} from "@baldur/core/plugin";
import type {
  Arming,
  BatchFilter,
  BatchReplayResult,
  Dlq,
  DlqStats,
  EntryFilter,
  Facets,
  Page,
  ReplayResult,
} from "./api.js";
import type { EntryMaker } from "./capture/maker.js";
import type { Outbox } from "./capture/outbox.js";
import { checked, word } from "./check.js";
import { byStatus, facetsOf, openIn } from "./counting.js";
import { type Entry, OPEN } from "./entry/entry.js";
import { toOperation } from "./entry/operation.js";
import { entryOperated } from "./events.js";
import { checkFilter } from "./filter.js";
import type { Maintenance } from "./maintenance.js";
import { redriveTotal } from "./metrics.js";
import { type ArmingParts, armingOf } from "./replay/arming.js";
import { entryOf, type Replays } from "./replay/replays.js";
import type { Sweeper } from "./replay/sweeper.js";
import type { DlqSettings } from "./settings.js";
import type { CompressedSummary } from "./store/compressed.js";
import type { DlqStore } from "./store/store.js";

export interface QueueParts {
  readonly store: DlqStore;
  readonly maker: EntryMaker;
  readonly outbox: Outbox;
  readonly replays: Replays;
  readonly sweeper: Sweeper;
  readonly maintenance: Maintenance;
  readonly arming: ArmingParts;
  readonly settings: Pick<DlqSettings, "enabled">;
  readonly context: Pick<PluginContext, "clock" | "control" | "telemetry" | "slots">;
}

const DEFAULT_PAGE = 20;
const LARGEST_PAGE = 1000;
const DEFAULT_SWEEP = 50;
const LONGEST_REASON = 500;
const SUMMARIES = 5000;

/** The dead-letter queue, as the application and the operator use it. */
export class DeadLetterQueue implements Dlq {
  readonly kind = "dlq";

  constructor(private readonly parts: QueueParts) {}

  async list(filter: EntryFilter & { after?: string; limit?: number } = {}): Promise<Page<FailedOperation>> {
    const { after, limit = DEFAULT_PAGE, ...narrowed } = filter;
    checked("limit", `an integer from 1 to ${LARGEST_PAGE}`, limit, isLimit(LARGEST_PAGE));
    checkFilter(narrowed);
    const entries = await this.parts.store.list(narrowed, { limit, after });
    const facets = await this.facets(narrowed);
    const { status } = narrowed;
    const total = status === undefined ? sum(facets.byStatus) : (facets.byStatus[status] ?? 0);
    const next = entries.length === limit ? entries.at(-1)?.body.id : undefined;
    return { items: entries.map(toOperation), total, ...(next !== undefined && { next }) };
  }

  async get(id: string): Promise<FailedOperation | undefined> {
    const entry = await this.parts.store.get(id);
    return entry && toOperation(entry);
  }

  async facets(filter: EntryFilter = {}): Promise<Facets> {
    checkFilter(filter);
    return facetsOf(await this.parts.store.counts(), filter);
  }

  async stats(): Promise<DlqStats> {
    const groups = await this.parts.store.counts();
    const statuses = byStatus(groups);
    const oldestOpenAt = await this.#oldestOpen();
    const { size, dropped } = this.parts.outbox.stats;
    return {
      total: sum(statuses),
      open: openIn(groups),
      byStatus: statuses,
      ...(oldestOpenAt !== undefined && { oldestOpenAt }),
      outbox: { size, dropped },
      arming: await this.arming(),
    };
  }

  async summaries(limit: number = SUMMARIES): Promise<CompressedSummary[]> {
    return [...(await this.parts.store.summaries(limit))];
  }

  async store(operation: NewFailedOperation): Promise<CaptureResult> {
    checked("operation", "an object", operation, (value) => typeof value === "object" && value !== null);
    checked("operation.name", "a string of 1 to 128 characters", operation.name, word(128));
    checked("operation.failureType", "a non-empty string", operation.failureType, word(256));
    const { maxRetries, errorMessage, attempts } = operation;
    if (maxRetries !== undefined)
      checked("operation.maxRetries", "an integer from 0 to 100", maxRetries, isBudget);
    if (errorMessage !== undefined)
      checked("operation.errorMessage", "a string", errorMessage, (value) => typeof value === "string");
    if (attempts !== undefined) checked("operation.attempts", "an array", attempts, Array.isArray);
    const { context, settings, maker, outbox } = this.parts;
    if (!settings.enabled) return { captured: false, reason: "disabled" };
    if (!context.control.enabled) return { captured: false, reason: "kill_switch" };
    if (context.control.dryRun) return { captured: false, reason: "dry_run" };
    return outbox.add(maker.ofOperation(operation));
  }

  async replay(
    id: string,
    { actor, reason }: { actor?: string; reason?: string } = {},
  ): Promise<ReplayResult> {
    const entry = await this.parts.replays.entry(id);
    if (actor !== undefined) this.#tell(entry, "replay", actor, reason ?? "");
    const trigger = actor === undefined ? "manual_replay" : "manual_retry";
    return this.parts.replays.one(id, { trigger, actor }, (claim) => ({ type: "claim", claim }));
  }

  async replayBatch(filter: BatchFilter): Promise<BatchReplayResult> {
    const { maxItems } = filter;
    if (maxItems !== undefined) checked("maxItems", "a positive integer", maxItems, isLimit());
    // An empty one would narrow nothing.
    for (const key of ["domain", "name", "failureType"] as const)
      if (filter[key] !== undefined) checked(key, "a non-empty string", filter[key], word(256));
    return this.parts.replays.batch(filter);
  }

  async sweep(
    name: string,
    { maxItems = DEFAULT_SWEEP, escalate = true }: { maxItems?: number; escalate?: boolean } = {},
  ): Promise<BatchReplayResult> {
    checked("name", "a string of 1 to 128 characters", name, word(128));
    checked("maxItems", "a positive integer", maxItems, isLimit());
    return this.parts.sweeper.sweep({ name, maxItems, escalate, trigger: "manual_replay" });
  }

  async resolve(id: string, { actor, note }: { actor: string; note?: string }): Promise<FailedOperation> {
    checked("actor", "a non-empty string", actor, word(256));
    const { store, context } = this.parts;
    const input = { type: "resolve", actor, ...(note !== undefined && { note }) } as const;
    const [changed] = await store.change([{ id, input }], context.clock.now());
    const entry = entryOf(id, changed as NonNullable<typeof changed>);
    this.#tell(entry, "resolve", actor, note ?? "");
    this.#audit("dlq_resolve", entry, actor, { note });
    return toOperation(entry);
  }

  async forceRedrive(
    id: string,
    options: { actor: string; reason: string; ticketUrl?: string; overrideKillSwitch?: boolean },
  ): Promise<ReplayResult> {
    const { actor, reason, ticketUrl, overrideKillSwitch } = options;
    checked("actor", "a non-empty string", actor, word(256));
    checked("reason", `1 to ${LONGEST_REASON} characters, not blank`, reason, isReason);
    if (ticketUrl !== undefined)
      checked("ticketUrl", "up to 500 characters", ticketUrl, word(LONGEST_REASON));
    const entry = await this.parts.replays.entry(id);
    this.#audit("dlq_force_redrive", entry, actor, { reason, ticketUrl, overrideKillSwitch });
    const single = { trigger: "force_redrive", actor, overrideKillSwitch } as const;
    const scar = ticketUrl === undefined ? {} : { ticketUrl };
    const result = await this.parts.replays.one(id, single, (claim) => ({ type: "redrive", claim, ...scar }));
    this.#tell(entry, "force_redrive", actor, reason);
    if (!result.skipped) this.parts.context.telemetry.counter(redriveTotal).cell(entry.body.domain).add();
    return result;
  }

  async archive({ olderThan }: { olderThan: number }): Promise<number> {
    checked("olderThan", "a number of milliseconds", olderThan, isAge);
    return this.parts.maintenance.archive(olderThan);
  }

  async purge(options: { ids: string[] } | { olderThan: number; confirm: true }): Promise<number> {
    const which = options as { ids?: string[]; olderThan?: number; confirm?: boolean };
    if (which.ids !== undefined && which.olderThan !== undefined)
      throw new ConfigurationError("purge takes ids or olderThan, not both");
    if (which.ids !== undefined) {
      checked("ids", "an array", which.ids, Array.isArray);
      return this.parts.maintenance.purge({ ids: which.ids });
    }
    if (which.olderThan === undefined) return 0;
    checked("olderThan", "a number of milliseconds", which.olderThan, isAge);
    if (which.confirm !== true)
      throw new ConfigurationError("purge by age needs confirm: true, for it cannot be undone");
    return this.parts.maintenance.purge({ olderThan: which.olderThan });
  }

  async arming(): Promise<Arming> {
    return armingOf(this.parts.arming);
  }

  async #oldestOpen(): Promise<Date | undefined> {
    const { store } = this.parts;
    const first = await Promise.all(
      OPEN.map(async (status) => (await store.list({ status }, { limit: 1, oldestFirst: true }))[0]),
    );
    const times = first.flatMap((entry) => (entry === undefined ? [] : [entry.body.createdAt]));
    return times.length === 0 ? undefined : new Date(Math.min(...times));
  }

  #tell({ body }: Entry, action: string, actor: string, reason: string): void {
    const { id, name, domain } = body;
    this.parts.context.telemetry.report(entryOperated, { id, name, domain, action, actor, reason });
  }

  #audit(action: string, { body }: Entry, actorId: string, details: Record<string, unknown>): void {
    const target = { targetType: "dlq_entry", targetId: body.id, domain: body.domain };
    const record: AuditEntry = { action, actorId, component: "dlq", success: true, details, ...target };
    void this.parts.context.slots.get(auditSlot).record(record);
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function isLimit(most: number = Number.POSITIVE_INFINITY): (value: unknown) => boolean {
  return (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most;
}

function isBudget(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 100;
}

function isAge(value: unknown): boolean {
  return typeof value === "number" && value >= 0;
}

function isReason(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "" && value.length <= LONGEST_REASON;
}
