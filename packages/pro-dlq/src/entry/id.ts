import { randomBytes } from "node:crypto";

const RADIX = 36;
/** Until the year 5188. */
const TIME_DIGITS = 9;
const SEQUENCE_DIGITS = 4;
const SEQUENCES = RADIX ** SEQUENCE_DIGITS;

/** Makes ids that are unique among processes that know nothing of each other, and that order entries by when they were made. */
export class EntryIds {
  /** Differs with every start, so that a process with the number of an earlier one makes other ids. */
  readonly #process = randomBytes(8).toString("hex");
  #latest = 0;
  #sequence = 0;

  /** `now` is wall time in milliseconds; a clock that steps back does not take the ids with it. */
  next(now: number): string {
    const time = Math.max(now, this.#latest);
    this.#sequence = time === this.#latest ? this.#sequence + 1 : 0;
    this.#latest = this.#sequence < SEQUENCES ? time : time + 1;
    if (this.#latest !== time) this.#sequence = 0;
    const at = Math.floor(this.#latest).toString(RADIX).padStart(TIME_DIGITS, "0");
    return `${at}-${this.#process}-${this.#sequence.toString(RADIX).padStart(SEQUENCE_DIGITS, "0")}`;
  }
}

/** What is no id is not asked for: keys of the store's own are no entries. */
export function isEntryId(id: unknown): id is string {
  return typeof id === "string" && /^[0-9a-z]{9}-[0-9a-f]{16}-[0-9a-z]{4}$/.test(id);
}

/** The least id that an entry made at this time can have. */
export function idFloor(time: number): string {
  return Math.max(0, Math.floor(time)).toString(RADIX).padStart(TIME_DIGITS, "0");
}
