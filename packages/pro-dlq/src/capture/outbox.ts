import { type CaptureResult, type Clock, within } from "@baldur/core/plugin";
import { fairShare } from "../store/flights.js";
import type { NewEntry } from "../store/store.js";

/** Writes entries somewhere, and answers where each one went. Never rejects. */
type WriteEntries = (entries: readonly NewEntry[]) => Promise<readonly CaptureResult[]>;

export interface OutboxOptions {
  readonly capacity: number;
  readonly batchSize: number;
  /** Batches that may be on their way at a time. Default 1. */
  readonly flights?: () => number;
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
 * Entries on their way to the store. Whoever hands one over never waits; what arrives while writes are under way goes out
 * with the next one, so that a disk is paid for by the batch; and many that arrive at once go out in as many batches as the
 * store takes at a time, so that the next ones are made while others are written.
 */
export class Outbox {
  #waiting: Waiting[] = [];
  readonly #inFlight = new Set<readonly Waiting[]>();
  /** Found the outbox full, and are on their way down the chain. */
  readonly #diverted = new Set<NewEntry>();
  #isDue = false;
  /** Resolves when nothing waits and nothing is on its way; undefined when that is so. */
  #busy: Deferred | undefined;
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
      inFlight: this.#flying().length,
      dumped: this.#dumped,
    };
  }

  /** Resolves when the entry is durable, or says where it went instead. Never rejects. */
  add(entry: NewEntry): Promise<CaptureResult> {
    this.#enqueued++;
    if (this.#waiting.length >= this.options.capacity) return this.#divert(entry);
    return new Promise((resolve) => {
      this.#waiting.push({ entry, resolve });
      this.#busy ??= deferred();
      this.#schedule();
    });
  }

  /** Resolves when nothing waits and nothing is on its way, or the time is up. */
  async drained(timeout: number): Promise<boolean> {
    const busy = this.#busy?.promise;
    if (busy === undefined) return true;
    return within(this.options.clock, timeout, () => busy).then(
      () => true,
      () => false,
    );
  }

  /**
   * Hands out everything that is not durable yet, for a process that ends, and answers how much that was. What is on its
   * way may be written twice.
   */
  dump(take: (entries: readonly NewEntry[]) => "spill" | "stderr"): number {
    const rest = [...this.#flying(), ...this.#waiting];
    const entries = [...rest.map(({ entry }) => entry), ...this.#diverted];
    if (entries.length === 0) return 0;
    this.#dumped += this.#waiting.length;
    this.#waiting = [];
    const where = take(entries);
    for (const { entry, resolve } of rest) resolve({ captured: true, id: entry.id, where });
    return entries.length;
  }

  /** The failing call goes on first, and its neighbours join. */
  #schedule(): void {
    if (this.#isDue || this.#waiting.length === 0 || this.#free <= 0) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (this.#waiting.length > 0) void this.#fly();
      else this.#rest();
    });
  }

  async #fly(): Promise<void> {
    const share = fairShare(this.#waiting.length, this.#free);
    const batch = this.#waiting.splice(0, Math.min(share, this.options.batchSize));
    this.#inFlight.add(batch);
    this.#schedule();
    const results = await this.options.write(batch.map(({ entry }) => entry));
    this.#written += batch.length;
    this.#inFlight.delete(batch);
    for (const [index, { resolve }] of batch.entries()) resolve(results[index] as CaptureResult);
    this.#schedule();
    this.#rest();
  }

  /** Batches that may go out beside those that are on their way. */
  get #free(): number {
    return (this.options.flights?.() ?? 1) - this.#inFlight.size;
  }

  #rest(): void {
    if (this.#waiting.length > 0 || this.#inFlight.size > 0) return;
    this.#busy?.resolve();
    this.#busy = undefined;
  }

  #flying(): Waiting[] {
    return [...this.#inFlight].flat();
  }

  async #divert(entry: NewEntry): Promise<CaptureResult> {
    this.#dropped++;
    this.#diverted.add(entry);
    const [result] = await this.options.overflow([entry]);
    this.#diverted.delete(entry);
    return result as CaptureResult;
  }
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function deferred(): Deferred {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
