const LONGEST = 128;
const OTHER = /[^A-Za-z0-9_*]/;
const OTHERS = /[^A-Za-z0-9_*]/g;

/** A label value as every metric writes it, so that series of the same thing can be joined. */
export function labelValue(value: string): string {
  const short = value.length > LONGEST ? value.slice(0, LONGEST) : value;
  return OTHER.test(short) ? short.replace(OTHERS, "_") : short;
}
