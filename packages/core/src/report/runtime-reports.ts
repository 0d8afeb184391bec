import type { DocumentStore } from "../documents/documents.js";
import { MemoryDocumentStore } from "../documents/stores/memory.js";
import { DayBook } from "./day-book.js";
import { Reporter, type ReporterParts } from "./reporter.js";
import {
  type DailyReport,
  type DailyReportTrend,
  type DashboardSummary,
  type HealingSummary,
  idleReports,
  type Reports,
} from "./reports.js";

export interface RuntimeReportsParts extends ReporterParts {
  readonly documents: DocumentStore;
}

/** What makes a report every day, for the scheduler of the runtime. */
interface ReportJob {
  readonly name: string;
  readonly dailyAt: { readonly hour: number; readonly minute: number };
  readonly whileDisabled: boolean;
  run(signal: AbortSignal): Promise<void>;
}

/** The reports of a runtime that was started. It counts from its making on. */
export class RuntimeReports implements Reports {
  readonly #since: number;
  readonly #book: DayBook;
  #reporter: Reporter | undefined;

  constructor(private readonly parts: RuntimeReportsParts) {
    const { clock, daily } = parts;
    this.#since = clock.now();
    this.#book = new DayBook({ ...parts, settings: daily, onCounted: (name) => this.#counted(name) });
  }

  /** Undefined where no reports are to be made. */
  get job(): ReportJob | undefined {
    const { enabled, hour, minute } = this.parts.daily;
    if (!enabled) return undefined;
    const run = async (signal: AbortSignal): Promise<void> => this.#reporter?.runJob(signal);
    return { name: "daily_report", dailyAt: { hour, minute }, whileDisabled: true, run };
  }

  /** What is counted is kept with the documents of the runtime, or, where it was not asked for and nobody shares it, in memory. */
  use({ isShared: isFleet }: { readonly isShared: boolean }): void {
    const { clock, daily, documents: shared } = this.parts;
    const isShared = isFleet || daily.enabled;
    if (this.#reporter !== undefined) return; // by a start that failed afterwards
    const documents = isShared ? shared : new MemoryDocumentStore(clock);
    this.#book.use(documents);
    this.#reporter = new Reporter(this.parts, { book: this.#book, documents, isShared, since: this.#since });
  }

  daily(date?: string): Promise<DailyReport | undefined> {
    return this.#answers.daily(date);
  }

  trend(days: number): Promise<readonly DailyReportTrend[]> {
    return this.#answers.trend(days);
  }

  dashboard(): Promise<DashboardSummary> {
    return this.#answers.dashboard();
  }

  healing(): Promise<HealingSummary> {
    return this.#answers.healing();
  }

  /** Hands over what was counted. Never rejects. */
  async close(): Promise<void> {
    await this.#book.close();
  }

  #counted(name: string): void {
    if (name.startsWith("dlq")) this.#reporter?.changed(name);
  }

  /** While the start is under way nothing is known yet. */
  get #answers(): Reports {
    return this.#reporter ?? idleReports;
  }
}
