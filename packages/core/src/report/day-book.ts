import { type HotClock, type Random, unref } from "../clock.js";
import { text } from "../describe.js";
import type { DocumentStore } from "../documents/documents.js";
import type { TelemetryEvent } from "../telemetry/event.js";
import type { Sink, TelemetryHub } from "../telemetry/telemetry.js";
import {
  DAY,
  type DayPart,
  type DayRecord,
  dateOf,
  EMPTY,
  emptyDay,
  merged,
  placeOf,
  recordOf,
  withWriter,
} from "./day.js";
import { OpenPart } from "./day-part.js";
import { daysUnavailable, entriesTrimmed } from "./events.js";
import { droppedTotal } from "./metrics.js";
import type { DailyReportSettings } from "./settings.js";
import { contributionOf } from "./tally.js";

export interface DayBookParts {
  readonly clock: HotClock;
  readonly random: Random;
  readonly telemetry: Pick<TelemetryHub, "addSink" | "report" | "counter">;
  readonly settings: Readonly<Pick<DailyReportSettings, "maxEntries">>;
  /** Told the name of an event that counts. */
  readonly onCounted: (name: string) => void;
}

type Documents = Pick<DocumentStore, "read" | "compareAndSet">;

const INTERVAL = 60_000;
const MOST_CONFLICTS = 50;

/**
 * Counts what happens, day by day, and adds it to what other processes counted. What is handed over is numbered, so that it
 * is added once even where the answer of the store was lost; what the store does not take waits.
 */
export class DayBook implements Sink {
  readonly name = "daily report";
  readonly #writer: string = globalThis.crypto.randomUUID().slice(0, 13);
  readonly #attached: Disposable;
  #documents: Documents | undefined;
  /** By the number of the day since 1970. */
  #open = new Map<number, OpenPart>();
  /** What is handed over, by date, until it is known to be stored. */
  #sealed = new Map<string, DayPart>();
  #number = 0;
  #timer: unknown;
  #flushing: Promise<void> = Promise.resolve();
  #isTold = false;
  #isClosed = false;

  constructor(private readonly parts: DayBookParts) {
    this.#attached = parts.telemetry.addSink(this);
  }

  /** Where days are kept from now on. */
  use(documents: Documents): void {
    this.#documents ??= documents;
    this.#schedule();
  }

  emit(event: TelemetryEvent): void {
    const contribution = contributionOf(event);
    if (contribution === undefined) return;
    const day = Math.floor(event.at.getTime() / DAY);
    let part = this.#open.get(day);
    if (part === undefined) {
      part = new OpenPart(day * DAY);
      this.#open.set(day, part);
    }
    part.add(contribution, event.at);
    this.parts.onCounted(event.name);
    this.#schedule();
  }

  /** What is known of a day, with what this process has not handed over. Rejects when it cannot be read. */
  async read(date: string): Promise<DayRecord | undefined> {
    const document = await this.#documents?.read(placeOf(date));
    const stored = recordOf(document?.value, date);
    const own = this.#own(date, stored);
    return stored === undefined && own === EMPTY ? undefined : merged(stored ?? emptyDay(date), own);
  }

  /** Changes what is stored of a day. Rejects when it cannot be. */
  async change(date: string, change: (day: DayRecord) => DayRecord): Promise<void> {
    const documents = this.#documents;
    if (documents === undefined) return;
    const place = placeOf(date);
    let current = await documents.read(place);
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
      const before = recordOf(current?.value, date) ?? emptyDay(date);
      const next = change(before);
      if (next === before) return;
      const result = await documents.compareAndSet(place, current?.version ?? 0, next);
      if (result.ok) return;
      current = result.current;
    }
    throw new Error(`the record of ${date} changes too often`);
  }

  /** Hands over what was counted. Never rejects: what is not taken waits. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#handOver());
    return this.#flushing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#attached[Symbol.dispose]();
    this.parts.clock.clearTimeout(this.#timer);
    await this.flush();
  }

  /** Of processes that begin together not all write at once. */
  #schedule(): void {
    const { clock, random } = this.parts;
    if (this.#timer !== undefined || this.#isClosed || this.#documents === undefined || this.#isIdle) return;
    this.#timer = clock.setTimeout(
      () => {
        this.#timer = undefined;
        void this.flush().then(() => this.#schedule());
      },
      INTERVAL * (0.5 + random() / 2),
    );
    unref(this.#timer);
  }

  get #isIdle(): boolean {
    return this.#open.size === 0 && this.#sealed.size === 0;
  }

  async #handOver(): Promise<void> {
    if (this.#documents === undefined) return;
    try {
      await this.#write(); // what an earlier attempt left keeps its number
      this.#seal();
      await this.#write();
      this.#isTold = false;
    } catch (error) {
      if (!this.#isTold) this.parts.telemetry.report(daysUnavailable, { error: text(error) });
      this.#isTold = true;
    }
  }

  #seal(): void {
    if (this.#open.size === 0) return;
    this.#number++;
    for (const [day, part] of this.#open) this.#sealed.set(dateOf(day * DAY), part.part());
    this.#open = new Map();
  }

  async #write(): Promise<void> {
    for (const [date, part] of this.#sealed) {
      let trimmed = 0;
      await this.change(date, (day) => {
        trimmed = 0;
        if (this.#has(day)) return day;
        const next = merged(withWriter(day, this.#writer, this.#number), part);
        trimmed = Math.max(0, next.entries.length - this.parts.settings.maxEntries);
        return { ...next, entries: next.entries.slice(trimmed) };
      });
      this.#sealed.delete(date);
      if (trimmed > 0) this.#trimmed(date, trimmed);
    }
  }

  #trimmed(date: string, dropped: number): void {
    const { telemetry, settings } = this.parts;
    telemetry.counter(droppedTotal).cell("trimmed").add(dropped);
    telemetry.report(entriesTrimmed, {
      date_key: date,
      pre_trim_len: settings.maxEntries + dropped,
      max_len: settings.maxEntries,
      dropped_count: dropped,
    });
  }

  #has({ writers }: DayRecord): boolean {
    return (writers[this.#writer] ?? 0) >= this.#number;
  }

  #own(date: string, stored: DayRecord | undefined): DayPart {
    const sealed = stored !== undefined && this.#has(stored) ? undefined : this.#sealed.get(date);
    const open = this.#open.get(Date.parse(date) / DAY)?.part();
    return [sealed, open].reduce<DayPart>(
      (all, part) => (part === undefined ? all : merged(all, part)),
      EMPTY,
    );
  }
}
