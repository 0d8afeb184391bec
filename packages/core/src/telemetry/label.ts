const LONGEST = 128;
const OTHERS = /[^A-Za-z0-9_*]/g;

/** A label value as every metric writes it, so that series of the same thing can be joined. */
export function labelValue(value: string): string {
  return value.slice(0, LONGEST).replace(OTHERS, "_");
}
