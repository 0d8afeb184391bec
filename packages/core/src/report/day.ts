import type { DailyReport, DailyReportEntry } from "./reports.js";
import { COUNTERS, type Counter, type Counts } from "./tally.js";

/** What is added to a day. */
export interface DayPart {
  /** By hour of the day, 0 to 23. */
  readonly hours: Readonly<Record<string, Counts>>;
  /** Events that nothing else counts, by name. */
  readonly custom: Readonly<Record<string, number>>;
  /** The oldest first. */
  readonly entries: readonly DailyReportEntry[];
}

/** What was found when the report of a day was made. */
export type Found = Pick<DailyReport, "dlq_pending" | "pending_breakdown" | "shadow_pro">;

/** A day as it is stored. */
export interface DayRecord extends DayPart {
  /** YYYY-MM-DD, of UTC. */
  readonly date: string;
  /** The latest part of each process that is in it, so that none is added twice. */
  readonly writers: Readonly<Record<string, number>>;
  readonly found?: Found;
}

export const DAY = 86_400_000;
export const HOUR = 3_600_000;
/** Days that there are places for: the record of a day takes the place of the one so many days before. */
const PLACES = 366;
const MOST_WRITERS = 500;
const MOST_NAMES = 200;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

export const EMPTY: DayPart = Object.freeze({ hours: {}, custom: {}, entries: [] });

export function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** When a day begins; undefined for what is no day. */
export function timeOf(date: string): number | undefined {
  const time = DATE.test(date) ? Date.parse(date) : Number.NaN;
  return Number.isNaN(time) || dateOf(time) !== date ? undefined : time;
}

export function placeOf(date: string): string {
  return `daily_report.${((timeOf(date) as number) / DAY) % PLACES}`;
}

export function emptyDay(date: string): DayRecord {
  return { ...EMPTY, date, writers: {} };
}

/** A record that is damaged, or of another day, counts as absent. */
export function recordOf(value: unknown, date: string): DayRecord | undefined {
  if (!isObject(value) || value["date"] !== date) return undefined;
  const { hours, custom, entries, writers } = value;
  const isWhole = isObject(hours) && isObject(custom) && Array.isArray(entries) && isObject(writers);
  return isWhole && Object.values(hours).every(isObject) ? (value as unknown as DayRecord) : undefined;
}

export function merged<T extends DayPart>(day: T, part: DayPart): T {
  const hours = { ...day.hours };
  for (const [hour, counts] of Object.entries(part.hours)) hours[hour] = sum(hours[hour] ?? {}, counts);
  const custom = added(day.custom, part.custom);
  const entries = [...day.entries, ...part.entries].sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
  return { ...day, hours, custom, entries };
}

/** The latest come last, and the oldest leave. */
export function withWriter(day: DayRecord, writer: string, part: number): DayRecord {
  const others = Object.entries(day.writers).filter(([name]) => name !== writer);
  return { ...day, writers: Object.fromEntries([...others.slice(1 - MOST_WRITERS), [writer, part]]) };
}

/** Over the hours of a day. */
export function totalsOf({ hours }: DayPart): Counts {
  return Object.values(hours).reduce<Counts>(sum, {});
}

/** What was counted from a time on, of the day that begins at another. */
export function countSince(day: DayPart, begin: number, since: number, counter: Counter): number {
  return Object.entries(day.hours).reduce((total, [hour, counts]) => {
    return begin + Number(hour) * HOUR >= since ? total + (counts[counter] ?? 0) : total;
  }, 0);
}

function sum(a: Counts, b: Counts): Counts {
  return Object.fromEntries(
    COUNTERS.flatMap((name) => {
      const total = (a[name] ?? 0) + (b[name] ?? 0);
      return total === 0 ? [] : [[name, total]];
    }),
  );
}

function added(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const all = new Map(Object.entries(a));
  for (const [name, count] of Object.entries(b))
    if (all.has(name) || all.size < MOST_NAMES) all.set(name, (all.get(name) ?? 0) + count);
  return Object.fromEntries(all);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
