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
import type { AddResult, Capacity, DlqStore, NewEntry } from "../store/store.js";
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

  constructor(private readonly options: ChainOptions) {}

  async write(entries: readonly NewEntry[]): Promise<readonly CaptureResult[]> {
    const { clock } = this.options;
    if (clock.monotonic() < this.#storeRestsUntil) return this.divert(entries);
    const began = clock.monotonic();
    try {
      const added = await this.options.store.add(entries, this.options.capacity);
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
    try {
      this.#tell(entries, await this.options.store.add(entries, this.options.capacity));
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

  #tell(
    entries: readonly NewEntry[],
    { outcomes, evicted, overfull: isOverfull }: AddResult,
  ): CaptureResult[] {
    const { telemetry, capacity } = this.options;
    const { strategy } = capacity;
    const results = entries.map((entry, index): CaptureResult => {
      const outcome = outcomes[index];
      if (outcome === "added" || outcome === "known") return { captured: true, id: entry.id, where: "store" };
      const reason = outcome as "dlq_capacity_exceeded" | "domain_capacity_exceeded";
      telemetry.counter(rejectedTotal).cell(entry.domain).add();
      telemetry.counter(overflowTotal).cell(entry.domain, strategy).add();
      telemetry.report(captureRefused, { name: entry.name, domain: entry.domain, reason });
      return { captured: false, reason };
    });
    this.#tellAdded(entries.filter((_, index) => outcomes[index] === "added"));
    for (const [domain, count] of evicted) {
      telemetry.counter(evictedTotal).cell(domain, strategy).add(count);
      telemetry.counter(overflowTotal).cell(domain, strategy).add(count);
      telemetry.report(entriesEvicted, { domain, count, strategy });
    }
    if (isOverfull && !this.#overfull) telemetry.report(overfull, { open: capacity.total });
    this.#overfull = isOverfull;
    return results;
  }

  /** One event for the entries of a name: a storm of failures must not become a storm of log lines. */
  #tellAdded(entries: readonly NewEntry[]): void {
    const { telemetry } = this.options;
    const byName = new Map<string, { domain: string; count: number }>();
    for (const { name, domain, failureType } of entries) {
      telemetry.counter(createdTotal).cell(domain).add();
      telemetry.counter(itemsTotal).cell(domain, failureType, "false").add();
      const group = byName.get(name) ?? { domain, count: 0 };
      group.count++;
      byName.set(name, group);
    }
    for (const [name, { domain, count }] of byName) telemetry.report(entryCreated, { name, domain, count });
  }
}

function answers(entries: readonly NewEntry[], where: Where): CaptureResult[] {
  return entries.map(({ id }) => ({ captured: true, id, where }));
}
