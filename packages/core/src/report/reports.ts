/** @public */
export type Verdict = "healthy" | "good" | "warning" | "critical" | "unknown";

/** How much of something, by what. @public */
export interface Share {
  readonly name: string;
  readonly count: number;
}

/** What the dashboard begins with. Numbers that could not be read are absent. @public */
export interface DashboardSummary {
  /** ISO 8601. */
  readonly timestamp: string;
  readonly health_status: Verdict;
  readonly overview: {
    readonly total?: number;
    readonly pending?: number;
    readonly resolved?: number;
    readonly failed?: number;
    readonly archived?: number;
    readonly resolution_rate_percent?: number;
  };
  readonly recent_activity: {
    /** ISO 8601. There only where this process alone counts, and has not for the whole week: what was before is not in the numbers. */
    readonly since?: string;
    readonly new_in_24h?: number;
    readonly resolved_in_24h?: number;
    readonly new_in_7d?: number;
    readonly resolved_in_7d?: number;
  };
  /** The ten largest of each. */
  readonly distribution: {
    readonly by_domain: readonly Share[];
    readonly by_failure_type: readonly Share[];
  };
  readonly alerts: { readonly high_retry_count?: number; readonly avg_retry_count?: number };
  readonly recommendations: readonly string[];
  readonly recovery?: Readonly<Record<string, unknown>>;
  /** What could not be read. */
  readonly degraded_sources: readonly string[];
}

/** What was healed since this process started. What is not measured is absent. @public */
export interface HealingSummary {
  /** ISO 8601. */
  readonly since: string;
  readonly counters: { readonly replayed?: number; readonly humans_paged?: number };
  readonly latency: {
    readonly http_p95_seconds?: number;
    readonly dlq_replay_p95_seconds?: number;
    readonly dlq_store_p95_seconds?: number;
  };
}

/** @public */
export interface DailyReportEntry {
  readonly task_name: string;
  readonly result: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly severity: "info" | "warning" | "critical";
}

/** What happened on one day. Numbers that could not be read are absent. @public */
export interface DailyReport {
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly title: string;
  readonly severity: "info" | "warning" | "critical";
  /** ISO 8601. There only where this process alone counts, and has not for the whole day: what was before is not in the numbers. */
  readonly since?: string;
  readonly archived?: number;
  readonly expired?: number;
  readonly purged?: number;
  readonly recovered?: number;
  readonly drift_warnings?: number;
  readonly circuit_transitions?: number;
  readonly circuit_opened?: number;
  readonly circuit_closed?: number;
  readonly dlq_pending?: number;
  readonly dlq_new_entries?: number;
  readonly dlq_resolved?: number;
  readonly dlq_manual_resolutions?: number;
  readonly dlq_ttl_expired?: number;
  readonly dlq_max_retries_exhausted?: number;
  readonly task_failures?: number;
  readonly critical_alerts?: number;
  readonly custom_counts: Readonly<Record<string, number>>;
  readonly entries: readonly DailyReportEntry[];
  readonly pending_breakdown?: {
    readonly total: number;
    readonly by_domain: Readonly<Record<string, number>>;
    readonly by_failure_type: Readonly<
      Record<string, { readonly count: number; readonly domains: readonly string[]; readonly action: string }>
    >;
  };
  readonly automated_actions?: Readonly<Record<string, number>>;
  readonly shadow_pro?: Readonly<Record<string, number | string>>;
}

/** One day of a trend. @public */
export type DailyReportTrend = Pick<
  DailyReport,
  | "date"
  | "severity"
  | "circuit_opened"
  | "circuit_closed"
  | "dlq_new_entries"
  | "dlq_resolved"
  | "dlq_pending"
  | "task_failures"
>;

/** @public */
export interface Reports {
  /** Of a day, YYYY-MM-DD; default today. Undefined where nothing is known of it. */
  daily(date?: string): Promise<DailyReport | undefined>;
  /** The last so many days, the newest first. */
  trend(days: number): Promise<readonly DailyReportTrend[]>;
  dashboard(): Promise<DashboardSummary>;
  healing(): Promise<HealingSummary>;
}

const NOWHEN = new Date(0).toISOString();

/** Where there are none: nothing is known. */
export const idleReports: Reports = Object.freeze({
  daily: async () => undefined,
  trend: async () => [],
  dashboard: async () => ({
    timestamp: NOWHEN,
    health_status: "unknown" as const,
    overview: {},
    recent_activity: {},
    distribution: { by_domain: [], by_failure_type: [] },
    alerts: {},
    recommendations: [],
    degraded_sources: ["runtime"],
  }),
  healing: async () => ({ since: NOWHEN, counters: {}, latency: {} }),
});
