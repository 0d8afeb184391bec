import { BEGINNING, declaredLength, decodeRecord, PREFIX_BYTES } from "./record.js";

/** What may be the beginning of a record whose rest is not there yet. */
const TAIL = PREFIX_BYTES + BEGINNING.length - 1;

/**
 * Where the next record may begin, behind damage at `damaged`. Where none is in sight: the first place at which one may
 * begin with bytes that are still to come.
 */
export function nextPlausible(buffer: Buffer, damaged: number): number {
  const least = damaged + 1;
  const json = buffer.indexOf(BEGINNING, least + PREFIX_BYTES, "latin1");
  return json >= 0 ? json - PREFIX_BYTES : Math.max(least, buffer.length - TAIL);
}

/** Where the next record lies that is whole, behind damage at `damaged`; undefined where none is. */
export function nextWhole(buffer: Buffer, damaged: number): number | undefined {
  let at = nextPlausible(buffer, damaged);
  while (at + PREFIX_BYTES < buffer.length) {
    const length = declaredLength(buffer, at);
    const isThere = length !== undefined && at + PREFIX_BYTES + length <= buffer.length;
    if (isThere && decodeRecord(buffer, at, length) !== undefined) return at;
    at = nextPlausible(buffer, at);
  }
  return undefined;
}
