import type { CaptureResult, Clock, PluginTelemetry } from "@baldur/core/plugin";
import {
  captureRefused,
  entriesEvicted,
  entryCreated,
  entryQuarantined,
  fallbackExhausted,
  overfull,
  spillAbsorbed,
  spilled,
  storeFailed,
} from "../events.js";
import {
  createdTotal,
  evictedTotal,
  itemsTotal,
  overflowTotal,
  rejectedTotal,
  spilledTotal,
  storeDuration,
} from "../metrics.js";
import type { SpillFile } from "../spill/spill.js";
import { writeToStderr } from "../spill/stderr.js";
import type { AddOutcome, AddResult, Capacity, DlqStore, NewEntry } from "../store/store.js";
import { decodeSpilled, encodeSpilled } from "./spill-record.js";

export interface ChainOptions {
  readonly store: DlqStore;
  readonly capacity: Capacity;
  readonly spill: SpillFile;
  readonly clock: Clock;
  readonly telemetry: PluginTelemetry;
}

type Where = "spill" | "stderr";

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/** Where entries go: into the store, else into the spill file, else to the error stream. Nothing here rejects. */
export class Chain {
  /** The store is left alone until then (monotonic milliseconds), so that a dead one is not asked for every entry. */
  #storeRestsUntil = Number.NEGATIVE_INFINITY;
  #pause = FIRST_PAUSE;
  #overfull = false;
  /** What is on its way may be in a spill file as well, and another process may have taken it up. Ids are new otherwise. */
  #isDumped = false;

  constructor(private readonly options: ChainOptions) {}

  async write(entries: readonly NewEntry[]): Promise<readonly CaptureResult[]> {
    const { clock } = this.options;
    if (clock.monotonic() < this.#storeRestsUntil) return this.divert(entries);
    const began = clock.monotonic();
    try {
      const added = await this.options.store.add(entries, this.options.capacity, () => this.#isDumped);
      this.#pause = FIRST_PAUSE;
      this.options.telemetry
        .histogram(storeDuration)
        .cell()
        .observe((clock.monotonic() - began) / 1000);
      return this.#tell(entries, added);
    } catch (error) {
      this.#rest();
      this.options.telemetry.report(storeFailed, {
        entries: entries.length,
        error: (error as Error).message,
      });
      return this.divert(entries);
    }
  }

  /** The store answers again: it is asked at once. */
  wake(): void {
    this.#storeRestsUntil = Number.NEGATIVE_INFINITY;
    this.#pause = FIRST_PAUSE;
  }

  /** Past the store. */
  async divert(entries: readonly NewEntry[]): Promise<readonly CaptureResult[]> {
    const lines = entries.map(encodeSpilled);
    try {
      const file = await this.options.spill.append(lines);
      this.#count("spill", entries);
      this.options.telemetry.report(spilled, { entries: entries.length, file });
      return answers(entries, "spill");
    } catch {
      return this.#lastLink(entries, lines); // the spill file has told why
    }
  }

  /** For a process that ends: no event loop is left. */
  divertSync(entries: readonly NewEntry[]): Where {
    this.#isDumped = true;
    const lines = entries.map(encodeSpilled);
    try {
      this.options.spill.appendSync(lines);
      return "spill";
    } catch {
      this.#lastLink(entries, lines);
      return "stderr";
    }
  }

  /** Takes up what was spilled, by this process and by dead ones. */
  async absorb(): Promise<void> {
    if (this.options.clock.monotonic() < this.#storeRestsUntil) return;
    const { spill, telemetry } = this.options;
    const { taken, corrupt, files } = await spill.absorb((lines) => this.#take(lines));
    if (taken > 0 || corrupt > 0) telemetry.report(spillAbsorbed, { entries: taken, corrupt, files });
  }

  async #take(lines: readonly string[]): Promise<void> {
    const entries = lines.flatMap((line) => this.#decode(line));
    if (entries.length === 0) return;
    const added = await this.#bringBack(entries);
    this.#tellAdded(entries.filter((_, index) => added.outcomes[index] === "added"));
    this.#tellEvicted(added);
    // They were acknowledged, so the file keeps them until there is room.
    if (added.outcomes.some(isRefusal)) throw new Error("the queue is full");
  }

  async #bringBack(entries: readonly NewEntry[]): Promise<AddResult> {
    try {
      return await this.options.store.add(entries, this.options.capacity);
    } catch (error) {
      this.#rest();
      throw error; // the file keeps them
    }
  }

  #decode(line: string): NewEntry[] {
    try {
      return [decodeSpilled(line)];
    } catch (error) {
      this.options.telemetry.report(entryQuarantined, {
        id: line.slice(0, 80),
        problem: (error as Error).message,
      });
      return [];
    }
  }

  #lastLink(entries: readonly NewEntry[], lines: readonly string[]): readonly CaptureResult[] {
    const written = writeToStderr(lines);
    this.#count("stderr", entries);
    this.options.telemetry.report(fallbackExhausted, { entries: entries.length, written });
    return answers(entries, "stderr");
  }

  #count(where: Where, entries: readonly NewEntry[]): void {
    this.options.telemetry.counter(spilledTotal).cell(where).add(entries.length);
  }

  #rest(): void {
    this.#storeRestsUntil = this.options.clock.monotonic() + this.#pause;
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  #tell(entries: readonly NewEntry[], added: AddResult): CaptureResult[] {
    const { telemetry, capacity } = this.options;
    const { strategy } = capacity;
    const { outcomes } = added;
    const results = entries.map((entry, index): CaptureResult => {
      const reason = outcomes[index] as AddOutcome;
      if (!isRefusal(reason)) return { captured: true, id: entry.id, where: "store" };
      telemetry.counter(rejectedTotal).cell(entry.domain).add();
      telemetry.counter(overflowTotal).cell(entry.domain, strategy).add();
      telemetry.report(captureRefused, { name: entry.name, domain: entry.domain, reason });
      return { captured: false, reason };
    });
    this.#tellAdded(entries.filter((_, index) => outcomes[index] === "added"));
    this.#tellEvicted(added);
    return results;
  }

  #tellEvicted({ evicted, overfull: isOverfull }: AddResult): void {
    const { telemetry, capacity } = this.options;
    const { strategy } = capacity;
    for (const [domain, count] of evicted) {
      telemetry.counter(evictedTotal).cell(domain, strategy).add(count);
      telemetry.counter(overflowTotal).cell(domain, strategy).add(count);
      telemetry.report(entriesEvicted, { domain, count, strategy });
    }
    if (isOverfull && !this.#overfull) telemetry.report(overfull, { open: capacity.total });
    this.#overfull = isOverfull;
  }

  /** One event for the entries of a kind: a storm of failures must not become a storm of log lines. */
  #tellAdded(entries: readonly NewEntry[]): void {
    const { telemetry } = this.options;
    const groups = new Map<string, { readonly of: NewEntry; count: number }>();
    for (const entry of entries) {
      const kind = `${entry.name}\n${entry.domain}\n${entry.failureType}`;
      const group = groups.get(kind);
      if (group === undefined) groups.set(kind, { of: entry, count: 1 });
      else group.count++;
    }
    for (const { of, count } of groups.values()) {
      const { name, domain, failureType } = of;
      telemetry.counter(createdTotal).cell(domain).add(count);
      telemetry.counter(itemsTotal).cell(domain, failureType, "false").add(count);
      telemetry.report(entryCreated, { name, domain, failure_type: failureType, count });
    }
  }
}

function isRefusal(outcome: AddOutcome): outcome is Exclude<AddOutcome, "added" | "known"> {
  return outcome !== "added" && outcome !== "known";
}

function answers(entries: readonly NewEntry[], where: Where): CaptureResult[] {
  return entries.map(({ id }) => ({ captured: true, id, where }));
}
