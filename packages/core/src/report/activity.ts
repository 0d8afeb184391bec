import { countSince, DAY, dateOf, HOUR, timeOf } from "./day.js";
import type { DayBook } from "./day-book.js";
import type { DashboardSummary } from "./reports.js";

const WEEK = 7 * DAY;

/** What came and what was resolved lately, by whole hours: the one that a time is in counts as a whole. Rejects when it cannot be read. */
export async function recentActivity(
  book: Pick<DayBook, "read">,
  now: number,
): Promise<Required<Omit<DashboardSummary["recent_activity"], "since">>> {
  const dates = Array.from({ length: WEEK / DAY + 1 }, (_, age) => dateOf(now - age * DAY));
  const days = await Promise.all(dates.map((date) => book.read(date)));
  const count = (span: number, counter: "dlq_new_entries" | "dlq_resolved"): number => {
    const since = Math.floor((now - span) / HOUR) * HOUR;
    return days.reduce((sum, day) => {
      return day === undefined ? sum : sum + countSince(day, timeOf(day.date) as number, since, counter);
    }, 0);
  };
  return {
    new_in_24h: count(DAY, "dlq_new_entries"),
    resolved_in_24h: count(DAY, "dlq_resolved"),
    new_in_7d: count(WEEK, "dlq_new_entries"),
    resolved_in_7d: count(WEEK, "dlq_resolved"),
  };
}
