import type { HotClock, Random } from "../clock.js";
import type { DocumentStore } from "../documents/documents.js";
import { PrecomputedCache } from "../precomputed-cache/precomputed-cache.js";
import type { PrecomputedCacheSettings } from "../precomputed-cache/settings.js";
import type { SlotTable } from "../slots/slot.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { recentActivity } from "./activity.js";
import { DailyReports } from "./daily-reports.js";
import { summaryOf } from "./dashboard.js";
import { DAY, dateOf } from "./day.js";
import type { DayBook } from "./day-book.js";
import { Failures } from "./failures.js";
import { healingSummary } from "./healing.js";
import { runReportJob } from "./report-job.js";
import type { DailyReport, DailyReportTrend, DashboardSummary, HealingSummary, Reports } from "./reports.js";
import type { DailyReportSettings, DashboardSettings } from "./settings.js";

export interface ReporterParts {
  readonly clock: HotClock;
  readonly random: Random;
  readonly telemetry: Pick<
    TelemetryHub,
    "addSink" | "report" | "counter" | "gauge" | "observeGauge" | "readings"
  >;
  readonly slots: Pick<SlotTable, "get" | "isFilled">;
  readonly daily: Readonly<DailyReportSettings>;
  readonly dashboard: Readonly<DashboardSettings>;
  readonly cache: Readonly<PrecomputedCacheSettings>;
  /** Whether a licence is active. */
  readonly isEntitled: () => boolean;
}

export interface Counted {
  readonly book: DayBook;
  readonly documents: DocumentStore;
  /** Whether what is counted outlives the process, and is of all that share it. */
  readonly isShared: boolean;
  /** When counting began, in wall milliseconds. */
  readonly since: number;
}

/** The span that activity is told of. */
const SPAN = 7 * DAY;

/** Makes reports of what was counted. */
export class Reporter implements Reports {
  readonly #daily: DailyReports;
  readonly #failures: Failures;
  readonly #summary: PrecomputedCache<DashboardSummary>;

  constructor(
    private readonly parts: ReporterParts,
    private readonly counted: Counted,
  ) {
    const { daily, dashboard, cache } = parts;
    this.#failures = new Failures(parts);
    this.#daily = new DailyReports({ ...parts, ...counted, settings: daily, failures: this.#failures });
    this.#summary = new PrecomputedCache({
      ...parts,
      key: "dashboard",
      settings: { ...cache, enabled: true, ttl: dashboard.summaryTtl },
      compute: () => this.#summarize(),
      fallback: () => summaryOf({ at: new Date(parts.clock.now()), ...UNREADABLE }),
    });
  }

  async daily(date: string = dateOf(this.parts.clock.now())): Promise<DailyReport | undefined> {
    return this.#daily.of(date);
  }

  async trend(days: number): Promise<readonly DailyReportTrend[]> {
    return this.#daily.trend(days);
  }

  async dashboard(): Promise<DashboardSummary> {
    const { cache: _cache, ...summary } = await this.#summary.read();
    return summary;
  }

  async healing(): Promise<HealingSummary> {
    return healingSummary(this.parts.telemetry.readings(), new Date(this.counted.since));
  }

  /** What a summary says has changed. */
  changed(event: string): void {
    this.#summary.invalidate(event);
  }

  runJob(signal: AbortSignal): Promise<void> {
    return runReportJob({ ...this.parts, settings: this.parts.daily, reports: this.#daily }, signal);
  }

  async #summarize(): Promise<DashboardSummary> {
    const { book, isShared, since } = this.counted;
    const now = this.parts.clock.now();
    const [failures, activity] = await Promise.all([
      this.#failures.overview(),
      this.#failures.areKept ? recentActivity(book, now).catch(() => undefined) : undefined,
    ]);
    const isYoung = !isShared && now - since < SPAN;
    const isPartial = activity === undefined || isYoung;
    const recent = activity && { ...activity, ...(isYoung && { since: new Date(since).toISOString() }) };
    const degraded = [...(failures === undefined ? ["dlq"] : []), ...(isPartial ? ["recent_activity"] : [])];
    return summaryOf({ at: new Date(now), failures, activity: recent, degraded });
  }
}

const UNREADABLE = { failures: undefined, activity: undefined, degraded: ["dlq", "recent_activity"] };
