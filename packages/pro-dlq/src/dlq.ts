import type { CaptureResult } from "@baldur/core";
import {
  type AuditEntry,
  auditSlot,
  type FailedOperation,
  type NewFailedOperation,
  type PluginContext,
  validateName,
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
import { checkAll, checked, isObject } from "./check.js";
import { byStatus, facetsOf, openIn } from "./counting.js";
import { type Entry, OPEN } from "./entry/entry.js";
import { toOperation } from "./entry/operation.js";
import { entryOperated } from "./events.js";
import { checkFilter } from "./filter.js";
import type { Maintenance } from "./maintenance.js";
import { redriveTotal } from "./metrics.js";
import { type ArmingParts, armingOf } from "./replay/arming.js";
import { type Replays, stateOf } from "./replay/replays.js";
import type { Sweeper } from "./replay/sweeper.js";
import {
  ARCHIVE,
  ASKED,
  BATCH,
  checkCount,
  checkId,
  checkOperation,
  checkPage,
  checkPurge,
  ENDING,
  REDRIVE,
  SWEEP,
} from "./requests.js";
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
const DEFAULT_SWEEP = 50;
const SUMMARIES = 5000;

/** Who asks for replays, and why. */
interface Asked {
  actor?: string;
  reason?: string;
}

/** Who ended an entry by hand, and what there is to say about it. */
interface Ending {
  actor: string;
  note?: string;
}

/** The dead-letter queue, as the application and the operator use it. */
export class DeadLetterQueue implements Dlq {
  readonly kind = "dlq";

  constructor(private readonly parts: QueueParts) {}

  async list(filter: EntryFilter & { after?: string; limit?: number } = {}): Promise<Page<FailedOperation>> {
    checked("filter", "an object", filter, isObject);
    const { after, limit = DEFAULT_PAGE, ...narrowed } = filter;
    checkPage(limit, after, narrowed);
    const entries = await this.parts.store.list(narrowed, { limit, after });
    const facets = await this.facets(narrowed);
    const { status } = narrowed;
    const total = status === undefined ? sum(facets.byStatus) : (facets.byStatus[status] ?? 0);
    const next = entries.length === limit ? entries.at(-1)?.body.id : undefined;
    return { items: entries.map(toOperation), total, ...(next !== undefined && { next }) };
  }

  async get(id: string): Promise<FailedOperation | undefined> {
    checkId(id);
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
    checkCount("limit", limit);
    return [...(await this.parts.store.summaries(limit))];
  }

  async store(operation: NewFailedOperation): Promise<CaptureResult> {
    checkOperation(operation);
    const { context, settings, maker, outbox } = this.parts;
    if (!settings.enabled) return { captured: false, reason: "disabled" };
    if (!context.control.enabled) return { captured: false, reason: "kill_switch" };
    if (context.control.dryRun) return { captured: false, reason: "dry_run" };
    return outbox.add(maker.ofOperation(operation));
  }

  async replay(id: string, options: Asked = {}): Promise<ReplayResult> {
    checkId(id);
    checkAll("options", options, ASKED);
    const { actor, reason = "" } = options;
    const entry = await this.parts.replays.entry(id);
    const trigger = actor === undefined ? "manual_replay" : "manual_retry";
    const result = await this.parts.replays.one(id, { trigger, actor }, (claim) => ({
      type: "claim",
      claim,
    }));
    if (actor !== undefined) this.#tell(entry, "replay", { actor, reason, success: result.success });
    return result;
  }

  async replayBatch(filter: BatchFilter, options: Asked = {}): Promise<BatchReplayResult> {
    checkAll("filter", filter, BATCH);
    checkAll("options", options, ASKED);
    return this.parts.replays.batch(filter, options);
  }

  async sweep(
    name: string,
    options: { maxItems?: number; escalate?: boolean } = {},
  ): Promise<BatchReplayResult> {
    validateName(name);
    checkAll("options", options, SWEEP);
    const { maxItems = DEFAULT_SWEEP, escalate = true } = options;
    return this.parts.sweeper.sweep({ name, maxItems, escalate, trigger: "manual_replay" });
  }

  resolve(id: string, options: Ending): Promise<FailedOperation> {
    return this.#end(id, "resolve", options);
  }

  reject(id: string, options: Ending): Promise<FailedOperation> {
    return this.#end(id, "reject", options);
  }

  async forceRedrive(
    id: string,
    options: { actor: string; reason: string; ticketUrl?: string; overrideKillSwitch?: boolean },
  ): Promise<ReplayResult> {
    checkId(id);
    checkAll("options", options, REDRIVE);
    const { actor, reason, ticketUrl, overrideKillSwitch } = options;
    const entry = await this.parts.replays.entry(id);
    this.#audit("dlq_force_redrive", entry, actor, { reason, ticketUrl, overrideKillSwitch });
    const single = { trigger: "force_redrive", actor, overrideKillSwitch } as const;
    const scar = ticketUrl === undefined ? {} : { ticketUrl };
    const result = await this.parts.replays.one(id, single, (claim) => ({ type: "redrive", claim, ...scar }));
    this.#tell(entry, "force_redrive", { actor, reason, success: result.success });
    if (!result.skipped) this.parts.context.telemetry.counter(redriveTotal).cell(entry.body.domain).add();
    return result;
  }

  async archive(options: { olderThan: number }): Promise<number> {
    checkAll("options", options, ARCHIVE);
    return this.parts.maintenance.archive(options.olderThan);
  }

  async purge(options: { ids: string[] } | { olderThan: number; confirm: true }): Promise<number> {
    checkPurge(options);
    const { ids, olderThan } = options as { ids?: string[]; olderThan?: number };
    const { maintenance } = this.parts;
    if (ids !== undefined) return maintenance.purge({ ids });
    return olderThan === undefined ? 0 : maintenance.purge({ olderThan });
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

  async #end(id: string, type: "resolve" | "reject", options: Ending): Promise<FailedOperation> {
    checkId(id);
    checkAll("options", options, ENDING);
    const { actor, note } = options;
    const { replays, store, context } = this.parts;
    const { body } = await replays.entry(id);
    const input = { type, actor, ...(note !== undefined && { note }) };
    const [changed] = await store.change([{ id, input }], context.clock.now());
    const entry = { body, state: stateOf(id, changed as NonNullable<typeof changed>) };
    this.#tell(entry, type, { actor, reason: note ?? "", success: true });
    this.#audit(`dlq_${type}`, entry, actor, { note });
    return toOperation(entry);
  }

  #tell(
    { body }: Entry,
    action: string,
    how: { readonly actor: string; readonly reason: string; readonly success: boolean },
  ): void {
    const { id, name, domain } = body;
    this.parts.context.telemetry.report(entryOperated, { id, name, domain, action, ...how });
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
