import type { EntryBody, EntryState } from "../../src/entry/entry.js";
import { EntryIds } from "../../src/entry/id.js";
import type { Capacity, NewEntry } from "../../src/store/store.js";

/** When every test begins. */
export const NOW: number = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;

export const ROOMY: Capacity = { total: 1_000_000, perDomain: 1_000_000, strategy: "drop_oldest" };

/** Makes entries as the capture does, one after the other. */
export class Entries {
  readonly #ids = new EntryIds();
  #now = NOW;

  /** The time of the latest one. */
  get now(): number {
    return this.#now;
  }

  make(facts: Partial<EntryBody> = {}, state: Partial<EntryState> = {}): NewEntry {
    this.#now++;
    const { name = "orders", domain = "shop", failureType = "ERROR" } = facts;
    const id = this.#ids.next(this.#now);
    const body: EntryBody = {
      id,
      createdAt: this.#now,
      expiresAt: this.#now + DAY,
      ...facts,
      name,
      domain,
      failureType,
    };
    const whole: EntryState = {
      status: "pending",
      retryCount: 0,
      maxRetries: 2,
      updatedAt: this.#now,
      ...state,
    };
    return { id, name, domain, failureType, state: whole, body: JSON.stringify(body) };
  }

  many(count: number, facts: Partial<EntryBody> = {}, state: Partial<EntryState> = {}): NewEntry[] {
    return Array.from({ length: count }, () => this.make(facts, state));
  }
}

export const idsOf = (entries: readonly { readonly body: EntryBody }[]): string[] =>
  entries.map(({ body }) => body.id);
