/**
 * What the control API answers, as far as the console reads it. Dates are ISO 8601. Anything may be missing: what a server
 * does not say is shown as unknown.
 */

type Facts = Readonly<Record<string, unknown>>;
export type Counts = Readonly<Record<string, number>>;

export interface Posture {
  readonly tier?: string;
  readonly storage?: string;
  readonly storageMode?: string;
  readonly metrics?: string;
  readonly entitlement?: {
    readonly status?: string;
    readonly organisation?: string;
    readonly plan?: string;
    readonly expires?: string;
    readonly reason?: string;
  };
  readonly plugins?: readonly PluginRow[];
  readonly degraded?: readonly string[];
  readonly version?: string;
  readonly environment?: string;
  readonly uptime_seconds?: number;
  readonly instance?: string;
  readonly unlocked?: boolean;
  readonly role?: string;
}

export interface PluginRow {
  readonly name: string;
  readonly status: string;
  readonly reason?: string;
}

export interface CircuitRow {
  readonly name: string;
  readonly state: string;
  readonly since?: string;
  readonly openUntil?: string;
  readonly generation?: number;
  readonly lastFailureAt?: string;
  readonly window?: {
    readonly calls?: number;
    readonly failures?: number;
    readonly slow?: number;
    readonly rateLimited?: number;
  };
  readonly probes?: { readonly live?: number; readonly limit?: number; readonly successes?: number };
  readonly manual?: {
    readonly state?: string;
    readonly reason?: string;
    readonly actor?: string;
    readonly until?: string;
  };
  readonly fleet?: { readonly votes?: number; readonly quorum?: number };
}

export interface ControlAnswer {
  readonly enabled?: boolean;
  readonly dryRun?: boolean;
  readonly version?: number;
  readonly persisted?: boolean;
  readonly disabled?: { readonly at?: string; readonly by?: string; readonly reason?: string };
  readonly dryRunSince?: { readonly at?: string; readonly by?: string };
  readonly backend?: unknown;
}

export interface HealthAnswer {
  readonly status?: string;
  readonly checks?: Readonly<Record<string, { readonly status?: string; readonly detail?: string }>>;
  readonly phase?: string;
}

export interface Divergence {
  readonly feature?: string;
  readonly key?: string;
  readonly local?: unknown;
  readonly shared?: unknown;
  readonly merged?: unknown;
  readonly at?: number | string;
}

export interface DivergenceReport {
  readonly at?: number | string;
  readonly total?: number;
  readonly counts?: Counts;
  readonly divergences?: readonly Divergence[];
}

export interface StorageAnswer {
  readonly storage?: string;
  readonly mode?: string;
  readonly divergences?: readonly DivergenceReport[];
}

export interface JobRow {
  readonly name: string;
  readonly every?: number;
  readonly enabled?: boolean;
  readonly dailyAt?: { readonly hour?: number; readonly minute?: number };
  readonly runs?: number;
  readonly errors?: number;
  readonly lastRunAt?: string;
  readonly lastError?: string;
  readonly nextRunAt?: string;
  readonly running?: boolean;
}

export interface SchedulerAnswer {
  readonly jobs: readonly JobRow[];
  readonly leading?: boolean;
}

export interface SummaryAnswer {
  readonly timestamp?: string;
  readonly health_status?: string;
  readonly overview?: {
    readonly total?: number;
    readonly pending?: number;
    readonly resolved?: number;
    readonly failed?: number;
    readonly archived?: number;
    readonly resolution_rate_percent?: number;
  };
  readonly recent_activity?: {
    readonly since?: string;
    readonly new_in_24h?: number;
    readonly resolved_in_24h?: number;
    readonly new_in_7d?: number;
    readonly resolved_in_7d?: number;
  };
  readonly alerts?: { readonly high_retry_count?: number; readonly avg_retry_count?: number };
  readonly recommendations?: readonly unknown[];
  readonly degraded_sources?: readonly string[];
}

export interface SettingRow {
  readonly area: string;
  readonly key: string;
  readonly variable?: string;
  readonly type?: string;
  readonly unit?: string;
  readonly default?: unknown;
  readonly value?: unknown;
  readonly source?: string;
  readonly help?: string;
  /** Then `set` says whether there is a value, which nobody is told. */
  readonly secret?: boolean;
  readonly set?: boolean;
}

export interface JournalEntry {
  readonly id: string;
  readonly at: string;
  readonly name: string;
  readonly level?: string;
  readonly payload?: Facts;
  readonly instance?: string;
  readonly actor?: string;
  readonly reason?: string;
}

export interface JournalPage {
  readonly entries: readonly JournalEntry[];
  readonly next?: string;
  readonly complete?: boolean;
}

export interface ErrorFacts {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
}

export interface AttemptRow {
  readonly number?: number;
  readonly startedAt?: string;
  readonly duration?: number;
  readonly error?: unknown;
  readonly delayBeforeNext?: number;
}

export interface DeadLetter {
  readonly id: string;
  readonly name: string;
  readonly domain?: string;
  readonly failureType?: string;
  readonly status: string;
  readonly entityType?: string;
  readonly entityId?: string | number;
  readonly entityRefs?: Facts;
  readonly userId?: string | number;
  readonly snapshotData?: Facts;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly attempts?: readonly AttemptRow[];
  readonly retryCount?: number;
  readonly maxRetries?: number;
  readonly lastRetryAt?: string;
  readonly requestData?: Facts;
  readonly responseData?: Facts;
  readonly metadata?: Facts;
  readonly resolvedAt?: string;
  readonly resolvedById?: string | number;
  readonly resolutionType?: string;
  readonly resolutionNote?: string;
  readonly nextActionHint?: string;
  readonly recommendedAction?: string;
  readonly createdAt?: string;
  readonly updatedAt?: string;
  readonly expiresAt?: string;
}

export interface DeadLetterPage {
  readonly items: readonly DeadLetter[];
  readonly next?: string;
  readonly total?: number;
}

export interface Facets {
  readonly byStatus?: Counts;
  readonly byDomain?: Counts;
  readonly byName?: Counts;
  readonly byFailureType?: Counts;
}

export interface QueueStats {
  readonly total?: number;
  readonly open?: number;
  readonly byStatus?: Counts;
  readonly oldestOpenAt?: string;
  readonly outbox?: { readonly size?: number; readonly dropped?: number };
  readonly arming?: {
    readonly armed?: boolean | null;
    readonly missingLink?: string;
    readonly missingLinks?: readonly string[];
  };
}

export interface ReplayResult {
  readonly success?: boolean;
  readonly message?: string;
  readonly error?: string;
  readonly skipped?: boolean;
  readonly data?: Facts;
}

export interface BatchResult {
  readonly total?: number;
  readonly successCount?: number;
  readonly failedCount?: number;
  readonly skippedCount?: number;
  readonly governanceBlocked?: boolean;
  readonly governanceBlockReason?: string;
  readonly inflightSkipped?: boolean;
  readonly stoppedBy?: string;
  readonly results?: readonly ReplayResult[];
}

/** What the event stream says every two seconds. */
export interface Tick {
  readonly at?: string;
  readonly health_status?: string;
  readonly circuits_open?: number;
  readonly dlq_open?: number;
  readonly enabled?: boolean;
  readonly dryRun?: boolean;
  readonly mode?: string;
}

export interface StreamedEvent {
  readonly name: string;
  readonly level?: string;
  readonly at?: string;
  readonly payload?: Facts;
}
