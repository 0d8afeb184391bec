import { type DayPart, HOUR } from "./day.js";
import type { DailyReportEntry } from "./reports.js";
import type { Contribution, Counter } from "./tally.js";

/** Entries of different tasks that one part of a day may hold; of one task there is one. */
const MOST_TASKS = 500;

/** A part of a day while it is counted. */
export class OpenPart {
  readonly #hours = new Map<number, Map<Counter, number>>();
  readonly #custom = new Map<string, number>();
  readonly #entries = new Map<string, DailyReportEntry>();

  constructor(
    /** When its day begins. */
    private readonly begin: number,
  ) {}

  add({ counts, custom, entry }: Contribution, at: Date): void {
    if (custom !== undefined) this.#custom.set(custom, (this.#custom.get(custom) ?? 0) + 1);
    if (counts !== undefined) this.#count(counts, Math.floor((at.getTime() - this.begin) / HOUR));
    if (entry !== undefined) this.#note({ ...entry, timestamp: at.toISOString() });
  }

  part(): DayPart {
    const hours = [...this.#hours].map(([hour, counts]) => [hour, Object.fromEntries(counts)]);
    return {
      hours: Object.fromEntries(hours),
      custom: Object.fromEntries(this.#custom),
      entries: [...this.#entries.values()],
    };
  }

  #count(counts: NonNullable<Contribution["counts"]>, hour: number): void {
    const all = this.#hours.get(hour) ?? new Map<Counter, number>();
    for (const [name, count] of Object.entries(counts) as [Counter, number][])
      all.set(name, (all.get(name) ?? 0) + count);
    this.#hours.set(hour, all);
  }

  /** What one task says again within a part becomes one entry: a job that fails every second must not fill the day. */
  #note(entry: DailyReportEntry): void {
    const { task_name, severity, result } = entry;
    const key = `${severity} ${task_name}`;
    const before = this.#entries.get(key);
    if (before === undefined && this.#entries.size >= MOST_TASKS) return;
    this.#entries.set(key, {
      ...entry,
      result: { ...before?.result, ...sums(before?.result ?? {}, result) },
    });
  }
}

/** Numbers are added up; of the rest the latest holds. */
function sums(
  before: DailyReportEntry["result"],
  after: DailyReportEntry["result"],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(after).map(([key, value]) => {
      const known = before[key];
      return [key, typeof value === "number" && typeof known === "number" ? known + value : value];
    }),
  );
}
