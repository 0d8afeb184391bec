import { type Clock, unref } from "../clock.js";
import { text } from "../describe.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { within } from "../within.js";
import { appendFailed, entriesDropped } from "./events.js";
import { droppedTotal } from "./metrics.js";
import type { JournalStore } from "./store.js";
import type { JournalEntry } from "./types.js";

/** Entries that are handed over together. */
const BATCH = 100;
/** Milliseconds until they are, where there are fewer. */
const DELAY = 500;
/** The same after a failure. */
const RETRY = 1000;
/** Entries that may wait: beyond it the oldest are given up. */
const MOST = 1000;

export interface WriterParts {
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryHub, "report" | "counter">;
  /** Told how many entries the store took. */
  readonly onAppended: (count: number) => void;
}

/** Hands entries to the store behind the back of those who report them: they neither wait nor hear of a failure. */
export class JournalWriter {
  #store: JournalStore | undefined;
  #waiting: JournalEntry[] = [];
  #underWay: readonly JournalEntry[] = [];
  #timer: unknown;
  #working: Promise<void> | undefined;
  #isFailing = false;
  #isOverflowing = false;
  #isClosed = false;

  constructor(private readonly parts: WriterParts) {}

  /** What the store has not taken yet, in the order in which it was added. */
  get waiting(): readonly JournalEntry[] {
    return [...this.#underWay, ...this.#waiting];
  }

  /** Until there is a store, entries wait. */
  use(store: JournalStore): void {
    this.#store = store;
    this.#schedule();
  }

  /** Answers whether it is taken care of; not after the end. */
  add(entry: JournalEntry): boolean {
    if (this.#isClosed) return false;
    this.#waiting.push(entry);
    this.#makeRoom();
    if (this.#waiting.length >= BATCH && !this.#isFailing && this.#working === undefined) void this.#work();
    else this.#schedule();
    return true;
  }

  /** Hands over all that waits. Never rejects: what the store does not take goes on waiting. */
  async flush(): Promise<void> {
    await this.#working; // what came after it began is not part of it
    await this.#work();
  }

  /** The same within so many milliseconds; then nothing waits any more. */
  async close(deadline: number): Promise<void> {
    const { clock } = this.parts;
    this.#isClosed = true;
    await within(clock, deadline, () => this.flush()).catch(() => undefined); // what is left is told below
    clock.clearTimeout(this.#timer);
    const lost = this.waiting.length;
    this.#waiting = [];
    if (lost > 0 && this.#store !== undefined) this.#dropped("shutdown", lost);
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#working !== undefined || this.#store === undefined) return;
    if (this.#isClosed || this.#waiting.length === 0) return;
    this.#timer = this.parts.clock.setTimeout(() => void this.#work(), this.#isFailing ? RETRY : DELAY);
    unref(this.#timer);
  }

  #work(): Promise<void> {
    this.parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#working ??= this.#handOver().finally(() => {
      this.#working = undefined;
      this.#schedule();
    });
    return this.#working;
  }

  /** All that waits now, and whole batches of what comes meanwhile, until the store fails. */
  async #handOver(): Promise<void> {
    if (this.#store === undefined) return;
    for (let due = this.#waiting.length; due > 0 || this.#waiting.length >= BATCH; due -= BATCH) {
      this.#underWay = this.#waiting.splice(0, BATCH);
      const isTaken = await this.#append(this.#store);
      if (!isTaken) this.#waiting.unshift(...this.#underWay);
      this.#underWay = [];
      this.#makeRoom();
      if (!isTaken) return;
    }
  }

  async #append(store: JournalStore): Promise<boolean> {
    const entries = this.#underWay;
    try {
      await store.append(entries);
    } catch (error) {
      this.#failed(error);
      return false;
    }
    this.#isFailing = false;
    this.#isOverflowing = false;
    this.parts.onAppended(entries.length);
    return true;
  }

  #failed(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.parts.telemetry.report(appendFailed, { error: text(error), waiting: this.waiting.length });
  }

  #makeRoom(): void {
    const excess = this.#underWay.length + this.#waiting.length - MOST;
    if (excess <= 0) return;
    this.#waiting.splice(0, excess);
    this.#dropped("overflow", excess);
  }

  #dropped(cause: "overflow" | "shutdown", count: number): void {
    this.parts.telemetry.counter(droppedTotal).cell(cause).add(count);
    if (cause === "overflow" && this.#isOverflowing) return;
    this.#isOverflowing = cause === "overflow";
    this.parts.telemetry.report(entriesDropped, { cause, count });
  }
}
