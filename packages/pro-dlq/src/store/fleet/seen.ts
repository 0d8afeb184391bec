import type { EntryState } from "../../entry/entry.js";
import type { Mark } from "./engine.js";

/** A state that was there a moment ago. */
export interface Kept {
  readonly state: EntryState;
  readonly mark: Mark;
}

/** As many as are replayed at a time, and more. */
const MOST = 4096;

/**
 * States that this process read or wrote a moment ago. What is about to be claimed was just listed, and what is settled was
 * claimed here: it is changed on that assumption, which the server checks, instead of being read once more.
 */
export class Seen {
  #latest = new Map<string, Kept>();
  /** Those before: forgotten when there are as many again. */
  #earlier = new Map<string, Kept>();

  note(id: string, kept: Kept): void {
    if (this.#latest.size >= MOST) {
      this.#earlier = this.#latest;
      this.#latest = new Map();
    }
    this.#latest.set(id, kept);
  }

  /** Told once: whoever changes it says what it is then. */
  take(id: string): Kept | undefined {
    const kept = this.#latest.get(id) ?? this.#earlier.get(id);
    this.#latest.delete(id);
    this.#earlier.delete(id);
    return kept;
  }
}
