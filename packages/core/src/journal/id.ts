const RADIX = 36;
/** Until the year 5188. */
const TIME_DIGITS = 9;
const PROCESS_DIGITS = 12;
const SEQUENCE_DIGITS = 5;
const SEQUENCES = RADIX ** SEQUENCE_DIGITS;
const ID = new RegExp(`^[0-9a-z]{${TIME_DIGITS}}-[0-9a-f]{${PROCESS_DIGITS}}-[0-9a-z]{${SEQUENCE_DIGITS}}$`);

/** Makes ids that are in the order of time, and unique among processes that know nothing of each other. */
export class JournalIds {
  /** Random: the digits of a UUID that no version is written in. */
  readonly process: string = globalThis.crypto.randomUUID().replace("-", "").slice(0, PROCESS_DIGITS);
  #sequence = 0;

  /** An id says exactly when: where the clock is set back, ids go back with it. */
  next(at: Date): string {
    this.#sequence = (this.#sequence + 1) % SEQUENCES;
    return `${idFloor(at)}-${this.process}-${this.#sequence.toString(RADIX).padStart(SEQUENCE_DIGITS, "0")}`;
  }
}

/** What is no id does not begin a page, and is no entry. */
export function isJournalId(id: unknown): id is string {
  return typeof id === "string" && ID.test(id);
}

/** Below every id of that time, and above all before. */
export function idFloor(at: Date): string {
  return Math.max(0, at.getTime()).toString(RADIX).padStart(TIME_DIGITS, "0");
}

export function timeOf(id: string): Date {
  return new Date(Number.parseInt(id.slice(0, TIME_DIGITS), RADIX));
}

/** The one that comes last in the order of ids. */
export function highest(...texts: readonly string[]): string {
  return texts.toSorted().at(-1) ?? "";
}

/** The one that comes first. */
export function lowest(...texts: readonly string[]): string {
  return texts.toSorted()[0] ?? "";
}
