import type { HotClock } from "../clock.js";
import { text } from "../describe.js";
import type { EventDefinition, TelemetryEvent } from "../telemetry/event.js";
import type { Sink, TelemetryHub } from "../telemetry/telemetry.js";
import { checkNote, checkQuery } from "./check.js";
import { chooseStore, type JournalPlaces } from "./choose.js";
import { decode, EntryMaker, encode } from "./entry.js";
import { pageFailed, recordDamaged } from "./events.js";
import { waiting } from "./metrics.js";
import { JournalPruner } from "./pruner.js";
import { rangeOf, testOf } from "./query.js";
import type { JournalSettings } from "./settings.js";
import type { JournalStore, StorePage, StoreQuery } from "./store.js";
import type { Journal, JournalEntry, JournalNote, JournalPage, JournalQuery } from "./types.js";
import { JournalWriter } from "./writer.js";

export interface EventJournalParts {
  readonly clock: HotClock;
  readonly telemetry: Pick<TelemetryHub, "addSink" | "report" | "counter" | "observeGauge">;
  readonly settings: Readonly<JournalSettings>;
}

const NOTE = "operator.note";
/** Ids of damaged records that were told; then it begins anew. */
const MOST_TOLD = 1000;

/** Keeps what is reported and declared to be kept, from now on; in a store as soon as there is one. */
export class EventJournal implements Sink, Journal {
  readonly name = "journal";
  readonly #entries = new EntryMaker();
  readonly #writer: JournalWriter;
  readonly #pruner: JournalPruner;
  readonly #attached: readonly Disposable[];
  readonly #told = new Set<string>();
  #store: JournalStore | undefined;

  constructor(private readonly parts: EventJournalParts) {
    const { telemetry } = parts;
    this.#pruner = new JournalPruner(parts);
    const onAppended = (count: number): void => {
      if (this.#store !== undefined) this.#pruner.appended(this.#store, count);
    };
    this.#writer = new JournalWriter({ ...parts, onAppended });
    const read = (): [readonly string[], number][] => [[[], this.#writer.waiting.length]];
    this.#attached = [telemetry.addSink(this), telemetry.observeGauge(waiting, read)];
  }

  /** Throws `AdapterNotFoundError` where the place that the settings name is not there. */
  use(places: JournalPlaces): void {
    this.#store = chooseStore(places, { ...this.parts, onDamaged: (id) => this.#damaged(id) });
    this.#writer.use(this.#store);
  }

  emit({ name, level, at, payload }: TelemetryEvent, { journal }: EventDefinition<object>): void {
    if (journal) this.#writer.add(this.#entries.make(name, level, at, payload));
  }

  async page(query: JournalQuery = {}): Promise<JournalPage> {
    const asked = this.#withinRetention(checkQuery(query));
    // Before the store is read: what it takes meanwhile is then found twice, and not missed.
    const own = this.#ownPart(asked);
    const stored = await this.#read(asked);
    return { ...merged(stored ?? { entries: [] }, own, asked.limit), complete: stored !== undefined };
  }

  async note(note: JournalNote): Promise<boolean> {
    checkNote(note);
    const { actor, reason, name = NOTE, level = "info", facts } = note;
    const at = new Date(this.parts.clock.now());
    const entry = this.#entries.make(name, level, at, { ...facts, actor, reason });
    if (!this.#writer.add(entry)) return false;
    await this.#writer.flush();
    return !this.#writer.waiting.includes(entry);
  }

  /** Hands over what waits, within so many milliseconds. Never rejects. */
  async close(deadline: number): Promise<void> {
    for (const attached of this.#attached) attached[Symbol.dispose]();
    await this.#writer.close(deadline);
  }

  /** What is too old is not shown, whether it was pruned already or not. */
  #withinRetention(query: StoreQuery): StoreQuery {
    const oldest = new Date(this.parts.clock.now() - this.parts.settings.retention);
    return query.since !== undefined && query.since > oldest ? query : { ...query, since: oldest };
  }

  /** What this process has not handed over yet. */
  #ownPart(query: StoreQuery): readonly JournalEntry[] {
    const { above, below } = rangeOf(query);
    const isWanted = testOf(query);
    return this.#writer.waiting
      .filter((entry) => entry.id > above && entry.id < below && isWanted(entry))
      .map((entry) => decode(entry.id, encode(entry)) ?? entry); // as it will be read, and the reader's own
  }

  /** Undefined where there is no answer. */
  async #read(query: StoreQuery): Promise<StorePage | undefined> {
    try {
      return await this.#store?.page(query);
    } catch (error) {
      this.parts.telemetry.report(pageFailed, { error: text(error) });
      return undefined;
    }
  }

  #damaged(id: string): void {
    if (this.#told.has(id)) return;
    if (this.#told.size >= MOST_TOLD) this.#told.clear();
    this.#told.add(id);
    this.parts.telemetry.report(recordDamaged, { id });
  }
}

/** One page of two: what the store did not look at yet is left to the next one. */
function merged(
  stored: StorePage,
  own: readonly JournalEntry[],
  limit: number,
): Pick<JournalPage, "entries" | "next"> {
  const { next = "" } = stored;
  const byId = new Map([...own, ...stored.entries].map((entry) => [entry.id, entry]));
  const found = [...byId.values()].filter(({ id }) => id >= next).sort((a, b) => (a.id < b.id ? 1 : -1));
  const entries = found.slice(0, limit);
  const last = found.length > limit ? entries.at(-1)?.id : stored.next;
  return { entries, ...(last !== undefined && { next: last }) };
}
