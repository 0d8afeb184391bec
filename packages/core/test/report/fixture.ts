import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { hotClock } from "../../src/clock.js";
import type { DocumentStore } from "../../src/documents/documents.js";
import { MemoryDocumentStore } from "../../src/documents/stores/memory.js";
import { precomputedCacheSettings } from "../../src/precomputed-cache/settings.js";
import { RuntimeReports } from "../../src/report/runtime-reports.js";
import {
  type DailyReportSettings,
  dailyReportSettings,
  dashboardSettings,
} from "../../src/report/settings.js";
import { type FailureOverview, failureStatisticsSlot } from "../../src/slots/failure-statistics.js";
import { type Notifier, notifierSlot } from "../../src/slots/notifier.js";
import { SlotTable } from "../../src/slots/slot.js";
import { SLOTS } from "../../src/slots/slots.js";
import { defineEvent, type Level, type TelemetryEvent } from "../../src/telemetry/event.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { defaultsOf } from "../health/fixture.js";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const NOON = Date.parse("2026-03-10T12:00:00Z");

export interface Given {
  readonly clock?: FakeClock;
  /** What processes share. */
  readonly documents?: DocumentStore;
  readonly settings?: Partial<DailyReportSettings>;
  readonly failures?: () => Promise<FailureOverview | undefined>;
  readonly notifier?: Notifier["notify"];
  readonly isEntitled?: () => boolean;
  readonly isShared?: boolean;
}

/** A process that counts and reports. */
export class Process {
  readonly clock: FakeClock;
  readonly documents: DocumentStore;
  readonly hub: TelemetryHub;
  readonly reports: RuntimeReports;
  readonly told: TelemetryEvent[] = [];

  constructor(given: Given = {}) {
    this.clock = given.clock ?? createFakeClock(NOON);
    this.documents = given.documents ?? new MemoryDocumentStore(this.clock);
    this.hub = new TelemetryHub(this.clock);
    this.hub.subscribe((event) => void this.told.push(event));
    this.reports = new RuntimeReports({
      clock: hotClock(this.clock),
      random: () => 1,
      telemetry: this.hub,
      slots: slotsOf(given),
      documents: this.documents,
      daily: { ...defaultsOf(dailyReportSettings), enabled: true, ...given.settings },
      dashboard: defaultsOf(dashboardSettings),
      cache: defaultsOf(precomputedCacheSettings),
      isEntitled: given.isEntitled ?? (() => true),
    });
    this.reports.use({ isShared: given.isShared ?? true });
  }

  /** Reports an event as whoever declares it does. */
  tell(name: string, payload: object = {}, level: Level = "warning"): void {
    this.hub.report(defineEvent<object>()(name, { level, help: "of a test" }), payload);
  }

  named(name: string): Record<string, unknown>[] {
    return this.told.filter((event) => event.name === name).map(({ payload }) => payload);
  }

  value(metric: string): number | undefined {
    return this.hub.metrics().find(({ name }) => name === metric)?.value;
  }

  runJob(): Promise<void> {
    const { job } = this.reports;
    if (job === undefined) throw new Error("there is no job");
    return job.run(new AbortController().signal);
  }
}

function slotsOf({ failures, notifier }: Given): SlotTable {
  const slots = new SlotTable(SLOTS);
  if (failures !== undefined) slots.fill(failureStatisticsSlot, { kind: "test", overview: failures }, "test");
  if (notifier !== undefined) slots.fill(notifierSlot, { kind: "test", notify: notifier }, "test");
  return slots;
}

/** What is kept of failed calls, with so many in each state. */
export function overview(
  byStatus: Record<string, number>,
  types: FailureOverview["open"]["byFailureType"] = {},
) {
  const total = Object.values(byStatus).reduce((sum, count) => sum + count, 0);
  const byDomain: Record<string, number> = {};
  for (const { count, domains } of Object.values(types))
    byDomain[domains[0] as string] = (byDomain[domains[0] as string] ?? 0) + count;
  return { total, byStatus, open: { byDomain, byFailureType: types } } satisfies FailureOverview;
}
