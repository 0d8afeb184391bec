import type { Clock } from "../clock.js";
import type { DocumentStore } from "../documents/documents.js";
import { invalid } from "../errors.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { dailyReport, foundIn, inShort, isEmpty } from "./daily.js";
import { DAY, type DayRecord, dateOf, emptyDay, type Found, timeOf } from "./day.js";
import type { DayBook } from "./day-book.js";
import { reportGenerated } from "./events.js";
import type { Failures } from "./failures.js";
import { generatedTotal, lastGenerated, skippedTotal } from "./metrics.js";
import type { DailyReport, DailyReportTrend } from "./reports.js";
import type { DailyReportSettings } from "./settings.js";
import { daysSinceFirst, isTold, shadowOf } from "./shadow.js";

export interface DailyReportsParts {
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryHub, "report" | "counter" | "gauge">;
  readonly settings: Readonly<Pick<DailyReportSettings, "keep" | "shadowMode">>;
  readonly book: DayBook;
  readonly failures: Failures;
  readonly documents: Pick<DocumentStore, "read" | "compareAndSet">;
  readonly isEntitled: () => boolean;
  /** Whether what is counted outlives the process, and is of all that share it. */
  readonly isShared: boolean;
  /** When counting began, in wall milliseconds. */
  readonly since: number;
}

/** Days that are read together. */
const AT_ONCE = 20;

/** Reports of days: of today as it is now, of a day that is over as it was when its report was made. */
export class DailyReports {
  constructor(private readonly parts: DailyReportsParts) {}

  /** Undefined for a day that nothing is known of. Rejects when it cannot be read, and for what is no date. */
  async of(date: string): Promise<DailyReport | undefined> {
    const { clock, settings, book } = this.parts;
    const begin = typeof date === "string" ? timeOf(date) : undefined;
    if (begin === undefined) throw invalid("date", "a day as YYYY-MM-DD", date);
    const age = Math.floor(clock.now() / DAY) * DAY - begin;
    if (age < 0 || age >= settings.keep) return undefined;
    if (age === 0) return this.#ofToday(date);
    const day = await book.read(date);
    return day && this.#report(day, day.found ?? {});
  }

  async trend(days: number): Promise<DailyReportTrend[]> {
    if (!Number.isSafeInteger(days) || days < 1) throw invalid("days", "a whole number from 1 on", days);
    const now = this.parts.clock.now();
    const count = Math.min(days, Math.ceil(this.parts.settings.keep / DAY));
    const dates = Array.from({ length: count }, (_, age) => dateOf(now - age * DAY));
    const found: DailyReportTrend[] = [];
    while (dates.length > 0) {
      const reports = await Promise.all(dates.splice(0, AT_ONCE).map((date) => this.of(date)));
      found.push(...reports.flatMap((report) => (report === undefined ? [] : inShort(report))));
    }
    return found;
  }

  /** Makes the report of a day that is over. Undefined where there is nothing to tell. */
  async generate(date: string): Promise<DailyReport | undefined> {
    const { book, failures, telemetry, clock } = this.parts;
    const day = (await book.read(date)) ?? emptyDay(date);
    const shadow = await this.#shadow(day);
    const found = { ...foundIn(await failures.overview()), ...shadow };
    if (isEmpty(day, found)) {
      telemetry.counter(skippedTotal).cell("nothing_recorded").add();
      return undefined;
    }
    await book.change(date, (stored) => ({ ...stored, found }));
    const report = dailyReport(day, found, failures.areKept);
    const { title, severity } = report;
    telemetry.counter(generatedTotal).cell("false").add();
    telemetry
      .gauge(lastGenerated)
      .cell()
      .set(Math.floor(clock.now() / 1000));
    telemetry.report(reportGenerated, { date, severity, title });
    return report;
  }

  async #ofToday(date: string): Promise<DailyReport> {
    const { book, failures } = this.parts;
    const day = (await book.read(date)) ?? emptyDay(date);
    const found = { ...foundIn(await failures.overview()), ...(await this.#shadow(day)) };
    return this.#report(day, found);
  }

  /** As it is asked for: with when its counting began, where that was within the day. */
  #report(day: DayRecord, found: Found): DailyReport {
    const { failures, isShared, since } = this.parts;
    const report = dailyReport(day, found, failures.areKept);
    const isPart = !isShared && since > (timeOf(day.date) as number);
    return isPart ? { ...report, since: new Date(since).toISOString() } : report;
  }

  /** What a licence would have added, where there is none and it is time to say so. */
  async #shadow(day: DayRecord): Promise<Pick<DailyReport, "shadow_pro">> {
    const { settings, clock, isEntitled, documents } = this.parts;
    const shadow = isEntitled() || settings.shadowMode === "off" ? undefined : shadowOf(day);
    if (shadow === undefined) return {};
    const age = await daysSinceFirst(documents, clock.now());
    return isTold(settings.shadowMode, age) ? { shadow_pro: shadow } : {};
  }
}
