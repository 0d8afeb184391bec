import type { CaptureResult, Clock } from "@baldur/core/plugin";
import type { NewEntry } from "../store/store.js";

/** Writes entries somewhere, and answers where each one went. Never rejects. */
type WriteEntries = (entries: readonly NewEntry[]) => Promise<readonly CaptureResult[]>;

export interface OutboxOptions {
  readonly capacity: number;
  readonly batchSize: number;
  readonly clock: Clock;
  readonly write: WriteEntries;
  /** Takes what finds the outbox full. Never rejects. */
  readonly overflow: WriteEntries;
}

interface Waiting {
  readonly entry: NewEntry;
  readonly resolve: (result: CaptureResult) => void;
}

/** What became of everything that was handed over; `enqueued` is the sum of all others. */
export interface OutboxStats {
  readonly enqueued: number;
  readonly written: number;
  /** Found the outbox full, and went down the chain. */
  readonly dropped: number;
  readonly size: number;
  readonly inFlight: number;
  /** Taken out by a shutdown that ran out of time. */
  readonly dumped: number;
}

/**
 * Entries on their way to the store. Whoever hands one over never waits; what arrives while a write is under way goes out
 * with the next one, so that a disk is paid for by the batch.
 */
export class Outbox {
  #waiting: Waiting[] = [];
  #inFlight: Waiting[] = [];
  /** Found the outbox full, and are on their way down the chain. */
  readonly #diverted = new Set<NewEntry>();
  #flushing: Promise<void> | undefined;
  #enqueued = 0;
  #written = 0;
  #dropped = 0;
  #dumped = 0;

  constructor(private readonly options: OutboxOptions) {}

  get stats(): OutboxStats {
    return {
      enqueued: this.#enqueued,
      written: this.#written,
      dropped: this.#dropped,
      size: this.#waiting.length,
      inFlight: this.#inFlight.length,
      dumped: this.#dumped,
    };
  }

  /** Resolves when the entry is durable, or says where it went instead. Never rejects. */
  add(entry: NewEntry): Promise<CaptureResult> {
    this.#enqueued++;
    if (this.#waiting.length >= this.options.capacity) return this.#divert(entry);
    return new Promise((resolve) => {
      this.#waiting.push({ entry, resolve });
      this.#flushing ??= this.#flush();
    });
  }

  /** Resolves when nothing waits and nothing is on its way, or the time is up. */
  async drained(timeout: number): Promise<boolean> {
    if (this.#flushing === undefined) return true;
    const { clock } = this.options;
    let timer: unknown;
    const late = new Promise<boolean>((resolve) => {
      timer = clock.setTimeout(() => resolve(false), timeout);
    });
    const done = await Promise.race([this.#flushing.then(() => true), late]);
    clock.clearTimeout(timer);
    return done;
  }

  /**
   * Hands out everything that is not durable yet, for a process that ends, and answers how much that was. What is on its
   * way may be written twice.
   */
  dump(take: (entries: readonly NewEntry[]) => "spill" | "stderr"): number {
    const rest = [...this.#inFlight, ...this.#waiting];
    const entries = [...rest.map(({ entry }) => entry), ...this.#diverted];
    if (entries.length === 0) return 0;
    this.#dumped += this.#waiting.length;
    this.#waiting = [];
    const where = take(entries);
    for (const { entry, resolve } of rest) resolve({ captured: true, id: entry.id, where });
    return entries.length;
  }

  async #flush(): Promise<void> {
    await Promise.resolve(); // the failing call goes on first, and its neighbours join
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.options.batchSize);
      this.#inFlight = batch;
      const results = await this.options.write(batch.map(({ entry }) => entry));
      this.#written += batch.length;
      this.#inFlight = [];
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as CaptureResult);
    }
    this.#flushing = undefined;
  }

  async #divert(entry: NewEntry): Promise<CaptureResult> {
    this.#dropped++;
    this.#diverted.add(entry);
    const [result] = await this.options.overflow([entry]);
    this.#diverted.delete(entry);
    return result as CaptureResult;
  }
}
