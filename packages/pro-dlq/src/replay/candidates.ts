import type { Entry } from "../entry/entry.js";
import type { DlqStore, Filter } from "../store/store.js";
import type { Pace } from "./pace.js";

export interface CandidatesOptions {
  readonly store: DlqStore;
  readonly filter: Filter;
  readonly maxItems: number;
  readonly pace: Pace;
}

const PAGE = 200;
/** Read at a time even where fewer are wanted: some may not be fit for a replay. */
const LEAST = 20;

/** What waits, the oldest first: as much as is wanted, and not faster than the pace. */
export class Candidates {
  #page: readonly Entry[] = [];
  #next = 0;
  #after: string | undefined;
  #turning: Promise<void> | undefined;
  #taken = 0;
  #ended = false;

  constructor(private readonly options: CandidatesOptions) {}

  /** The next entry; a number: milliseconds until it may be taken; undefined: there is none. */
  async next(): Promise<Entry | number | undefined> {
    while (!this.#ended && this.#taken < this.options.maxItems) {
      const entry = this.#page[this.#next];
      if (entry === undefined) {
        this.#turning ??= this.#turn();
        await this.#turning;
        continue;
      }
      const wait = this.options.pace.take();
      if (wait > 0) return wait;
      this.#next++;
      this.#taken++;
      return entry;
    }
    return undefined;
  }

  /** The entry was not replayed: it takes no other's place. */
  giveBack(): void {
    this.#taken--;
    this.options.pace.giveBack();
  }

  async #turn(): Promise<void> {
    const { store, filter, maxItems } = this.options;
    const limit = Math.min(PAGE, Math.max(LEAST, maxItems - this.#taken));
    const waiting = { ...filter, status: "pending" as const };
    try {
      this.#page = await store.list(waiting, { limit, after: this.#after, oldestFirst: true });
    } finally {
      this.#turning = undefined;
    }
    this.#next = 0;
    this.#after = this.#page.at(-1)?.body.id ?? this.#after;
    this.#ended = this.#page.length === 0;
  }
}
