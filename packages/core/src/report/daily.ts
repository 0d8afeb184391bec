import type { FailureOverview } from "../slots/failure-statistics.js";
import { backlogOf } from "./actions.js";
import { type DayRecord, type Found, totalsOf } from "./day.js";
import type { DailyReport, DailyReportTrend } from "./reports.js";
import type { Counter, Counts } from "./tally.js";

const QUIET = "All quiet — 0 processed, 0 alerts";

type Totals = Readonly<Record<Counter, number>>;

/** Always known, as core itself counts them. */
const OWN = [
  "circuit_transitions",
  "circuit_opened",
  "circuit_closed",
  "task_failures",
  "critical_alerts",
] as const satisfies readonly Counter[];
/** Known where something keeps failed calls, or did so on that day. */
const KEPT = [
  "archived",
  "expired",
  "purged",
  "recovered",
  "dlq_new_entries",
  "dlq_resolved",
  "dlq_manual_resolutions",
  "dlq_ttl_expired",
  "dlq_max_retries_exhausted",
] as const satisfies readonly Counter[];
const AUTOMATED = [
  "auto_replay_batches",
  "auto_replay_recovered",
  "auto_replay_failed",
] as const satisfies readonly Counter[];
/** What still asks for something, as the report of a day tells it. */
export function foundIn(overview: FailureOverview | undefined): Found {
  if (overview === undefined) return {};
  const backlog = backlogOf(overview);
  return { dlq_pending: backlog.total, ...(backlog.total > 0 && { pending_breakdown: backlog }) };
}

/** Whether there is nothing to tell of a day. */
export function isEmpty(day: DayRecord, { dlq_pending = 0 }: Found): boolean {
  const isUncounted = Object.keys(totalsOf(day)).length === 0 && Object.keys(day.custom).length === 0;
  return isUncounted && day.entries.length === 0 && dlq_pending === 0;
}

/** Pure. `isKept`: something keeps failed calls. */
export function dailyReport(day: DayRecord, found: Found, isKept: boolean): DailyReport {
  const { date, custom, entries } = day;
  const counts = totalsOf(day);
  const isTold = isKept || KEPT.some((name) => counts[name] !== undefined);
  const automated = pick(counts, AUTOMATED);
  const hasAutomated = AUTOMATED.some((name) => counts[name] !== undefined);
  return {
    date,
    title: titleOf(counts, isEmpty(day, found)),
    severity: severityOf(counts),
    ...pick(counts, OWN),
    ...(isTold && pick(counts, KEPT)),
    ...found,
    custom_counts: custom,
    entries,
    ...(hasAutomated && { automated_actions: automated }),
  };
}

export function inShort(report: DailyReport): DailyReportTrend {
  const { date, severity, circuit_opened, circuit_closed } = report;
  const { dlq_new_entries, dlq_resolved, dlq_pending, task_failures } = report;
  const all = { circuit_opened, circuit_closed, dlq_new_entries, dlq_resolved, dlq_pending, task_failures };
  const known = Object.entries(all).filter(([, count]) => count !== undefined);
  return { date, severity, ...Object.fromEntries(known) };
}

function titleOf(counts: Counts, isQuiet: boolean): string {
  if (isQuiet) return QUIET;
  const { processed = 0, task_failures = 0, critical_alerts = 0 } = counts;
  return `${processed} processed, ${task_failures + critical_alerts} alerts`;
}

function severityOf({ critical_alerts = 0, task_failures = 0 }: Counts): DailyReport["severity"] {
  if (critical_alerts > 0) return "critical";
  return task_failures > 0 ? "warning" : "info";
}

function pick<K extends Counter>(counts: Counts, names: readonly K[]): Pick<Totals, K> {
  return Object.fromEntries(names.map((name) => [name, counts[name] ?? 0])) as Pick<Totals, K>;
}
