import type { FailureOverview } from "../slots/failure-statistics.js";
import { actionOf } from "./actions.js";
import type { DashboardSummary, Share, Verdict } from "./reports.js";

/** What a summary is made of. What could not be read is undefined. */
export interface Sources {
  /** When it is made. */
  readonly at: Date;
  readonly failures: FailureOverview | undefined;
  readonly activity: DashboardSummary["recent_activity"] | undefined;
  readonly degraded: readonly string[];
}

const GOOD = 10;
const WARNING = { pending: 50, failed: 5 };
const MOST = 10;
const MOST_ADVICE = 5;

/** States in which an entry waits for a replay. */
const PENDING = ["pending", "replaying"];
/** In which it waits for a person, as replays did not help or were not allowed. */
const FAILED = ["requires_review", "reviewing", "permanently_failed"];
const RESOLVED = ["replayed", "resolved"];

/** Pure. */
export function summaryOf({ at, failures, activity, degraded }: Sources): DashboardSummary {
  const overview: DashboardSummary["overview"] = failures === undefined ? {} : overviewOf(failures);
  const { open, retries } = failures ?? {};
  const types = Object.entries(open?.byFailureType ?? {}).map(([name, { count }]) => [name, count] as const);
  return {
    timestamp: at.toISOString(),
    health_status: verdictOf(overview),
    overview,
    recent_activity: activity ?? {},
    distribution: {
      by_domain: largest(Object.entries(open?.byDomain ?? {})),
      by_failure_type: largest(types),
    },
    alerts:
      retries === undefined ? {} : { high_retry_count: retries.highest, avg_retry_count: retries.average },
    recommendations: failures === undefined ? [] : adviceOn(failures, overview.failed ?? 0),
    degraded_sources: degraded,
  };
}

/** Both must be low: few failures do not excuse thousands that wait. */
export function verdictOf({ pending, failed }: DashboardSummary["overview"]): Verdict {
  if (pending === undefined || failed === undefined) return "unknown";
  if (failed === 0 && pending <= GOOD) return pending === 0 ? "healthy" : "good";
  return pending <= WARNING.pending && failed <= WARNING.failed ? "warning" : "critical";
}

function overviewOf({ total, byStatus }: FailureOverview): Required<DashboardSummary["overview"]> {
  const count = (states: readonly string[]): number =>
    states.reduce((sum, state) => sum + (byStatus[state] ?? 0), 0);
  const resolved = count(RESOLVED);
  const archived = count(["archived"]);
  return {
    total,
    pending: count(PENDING),
    resolved,
    failed: count(FAILED),
    archived,
    resolution_rate_percent: percentage(resolved, total - archived),
  };
}

function percentage(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.round((10_000 * part) / whole) / 100;
}

function largest(counts: readonly (readonly [name: string, count: number])[]): Share[] {
  return counts
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
    .slice(0, MOST);
}

function adviceOn({ open }: FailureOverview, failed: number): string[] {
  const person = failed > 0 ? [`${failed} wait for a person: replay, resolve or reject them`] : [];
  const kinds = Object.entries(open.byFailureType)
    .sort(([, a], [, b]) => b.count - a.count)
    .map(([type, { count, domains }]) => `${count} × ${type} in ${domains.join(", ")}: ${actionOf(type)}`);
  return [...person, ...kinds].slice(0, MOST_ADVICE);
}
