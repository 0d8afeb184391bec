import type { Clock } from "../../clock.js";
import type {
  ClaimAnswer,
  ClaimRequest,
  ClaimToken,
  IdempotencyRecord,
  IdempotencyStore,
  Settlement,
} from "../store.js";
import { claim, complete, fail, release, retention, type Transition } from "../transition.js";

/** Records looked at per claim: with two, what is over never amounts to more than what is not. */
const SWEPT = 2;
/** The same while there is no room. Bounded too, so that a full store costs no claim a pause. */
const SWEPT_WHEN_FULL = 1024;

export interface MemoryIdempotencyStoreOptions {
  readonly clock: Clock;
  /** Keys kept at a time. */
  readonly maxKeys: number;
}

/**
 * Claims of this process alone. Forgets without timers: every claim looks at the next few records and drops those whose
 * time is over. A full store refuses new keys rather than forget work that was done.
 */
export class MemoryIdempotencyStore implements IdempotencyStore {
  readonly shared = false;
  readonly #records = new Map<string, IdempotencyRecord>();
  #cursor: Iterator<[string, IdempotencyRecord]> = this.#records.entries();

  constructor(private readonly options: MemoryIdempotencyStoreOptions) {}

  get size(): number {
    return this.#records.size;
  }

  /** Whether the work of a key runs or was done, as far as this process knows. Forgets a little, as a claim does. */
  holds(key: string): boolean {
    const now = this.#now();
    this.#sweep(now, SWEPT, isOver);
    const record = this.#records.get(key);
    return record !== undefined && !isDispensable(record, now);
  }

  claim(key: string, request: ClaimRequest): ClaimAnswer {
    const now = this.#now();
    this.#sweep(now, SWEPT, isOver);
    if (this.#isFull && !this.#records.has(key)) this.#makeRoom(now);
    return this.#apply(key, claim(this.#records.get(key), request, now));
  }

  complete(key: string, token: ClaimToken, settlement: Settlement): boolean {
    return this.#apply(key, complete(this.#records.get(key), token, settlement, this.#now()));
  }

  fail(key: string, token: ClaimToken, settlement: Settlement): boolean {
    return this.#apply(key, fail(this.#records.get(key), token, settlement, this.#now()));
  }

  release(key: string, token: ClaimToken): boolean {
    return this.#apply(key, release(this.#records.get(key), token, this.#now()));
  }

  #apply<A>(key: string, { answer, record }: Transition<A>): A {
    if (record === null) this.#records.delete(key);
    else if (record !== undefined) this.#records.set(key, record);
    return answer;
  }

  get #isFull(): boolean {
    return this.#records.size >= this.options.maxKeys;
  }

  #makeRoom(now: number): void {
    this.#cursor = this.#records.entries();
    this.#sweep(now, SWEPT_WHEN_FULL, isDispensable);
    if (!this.#isFull) return;
    const remedy =
      "raise BALDUR_IDEMPOTENCY_MEMORY_MAX_KEYS, remember keys for a shorter time, or use a shared store";
    throw new Error(`the memory for idempotency keys is full (${this.options.maxKeys}): ${remedy}`);
  }

  #sweep(now: number, steps: number, drop: (record: IdempotencyRecord, now: number) => boolean): void {
    for (let step = 0; step < steps; step++) {
      const { done, value } = this.#cursor.next();
      if (done) {
        this.#cursor = this.#records.entries();
        return;
      }
      if (drop(value[1], now)) this.#records.delete(value[0]);
    }
  }

  #now(): number {
    return this.options.clock.monotonic();
  }
}

function isOver(record: IdempotencyRecord, now: number): boolean {
  return now - record.since >= retention(record);
}

/** A failed key may be claimed again at once, so forgetting it costs nothing but the count of its attempts. */
function isDispensable(record: IdempotencyRecord, now: number): boolean {
  return record.status === "failed" || isOver(record, now);
}
