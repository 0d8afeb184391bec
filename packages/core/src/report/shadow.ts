import type { DocumentStore } from "../documents/documents.js";
import { DAY, type DayRecord, totalsOf } from "./day.js";
import type { DailyReport } from "./reports.js";
import type { DailyReportSettings } from "./settings.js";

const MARKER = "install_marker";
const DAILY_FOR = 30;
const WEEK = 7;
const HINT = "BALDUR_DAILY_REPORT_SHADOW_PRO_MODE=off leaves this out";

/** Whether it is told on a day so many days after the first. Pure. */
export function isTold(mode: DailyReportSettings["shadowMode"], age: number): boolean {
  if (mode === "off") return false;
  const isDaily = mode === "daily" || (mode === "auto" && age < DAILY_FOR);
  return isDaily || age % WEEK === 0;
}

/** What a licence would have added to a day, by the day's own figures; undefined where that is nothing. Pure. */
export function shadowOf(day: DayRecord): DailyReport["shadow_pro"] {
  const { automatic_transitions: transitions, dlq_new_entries: captured } = totalsOf(day);
  if (transitions === undefined && captured === undefined) return undefined;
  return {
    ...(transitions !== undefined && { cb_trips_without_auto_degradation: transitions }),
    ...(captured !== undefined && { dlq_captured_without_adaptive_replay: captured }),
    hint: HINT,
  };
}

/** Days since the first that this state has seen; 0 where nobody can tell. Never rejects. */
export async function daysSinceFirst(
  documents: Pick<DocumentStore, "read" | "compareAndSet">,
  now: number,
): Promise<number> {
  try {
    const found = await documents.read(MARKER);
    const first = firstSeen(found?.value);
    if (first !== undefined) return Math.max(0, Math.floor((now - first) / DAY));
    await documents.compareAndSet(MARKER, found?.version ?? 0, { first_seen: new Date(now).toISOString() });
    return 0;
  } catch {
    return 0; // the first day is when there is most to tell
  }
}

function firstSeen(value: unknown): number | undefined {
  const time = Date.parse(String((value as { first_seen?: unknown } | undefined)?.first_seen));
  return Number.isNaN(time) ? undefined : time;
}
