/** What a field holds that is no plain value. "rows": objects, in a list. */
type Kind = "object" | "list" | "rows";

type Fields<T> = { readonly [K in keyof T]?: Kind };

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const SOUND: Readonly<Record<Kind, (value: unknown) => unknown>> = {
  object: (value) => (isObject(value) ? value : undefined),
  list: (value) => (Array.isArray(value) ? value : undefined),
  rows: (value) => (Array.isArray(value) ? value.filter(isObject) : undefined),
};

/**
 * An answer as the object that it is to be. Fields of another kind than these are left out, which makes them unknown; what
 * is within them is text to its readers, whatever it is. Throws for what is no object.
 */
export function objectOf<T extends object>(answer: unknown, fields: Fields<T> = {}): T {
  if (!isObject(answer)) throw new Error("no object");
  const sound = { ...answer } as Record<string, unknown>;
  for (const [key, kind] of Object.entries(fields) as [string, Kind][]) {
    const value = SOUND[kind](sound[key]);
    if (value === undefined) delete sound[key];
    else sound[key] = value;
  }
  return sound as T;
}

/** The rows of a list that have what they are known by. Throws for what is no list. */
export function rowsOf<T extends object>(list: unknown, key: keyof T, fields: Fields<T> = {}): readonly T[] {
  if (!Array.isArray(list)) throw new Error("no list");
  const rows = list.filter((row) => isObject(row) && typeof (row as T)[key] === "string");
  return rows.map((row) => objectOf<T>(row, fields));
}

/** What a record has under a key from outside: its own, and not what every object has. */
export function entryOf<T>(record: Readonly<Record<string, T>>, key: unknown): T | undefined {
  return typeof key === "string" && Object.hasOwn(record, key) ? record[key] : undefined;
}
