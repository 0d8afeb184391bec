type Members = Readonly<Record<string, unknown>>;

/** The one way to write a JSON value down that is signed: keys sorted by code point, no spaces, nothing escaped needlessly. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort(byCodePoint)
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(",")}}`;
}

/** An object that is no array. */
export function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Keys that an unwary reader of a parsed object would take for its prototype. */
export function hasForeignPrototype(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasForeignPrototype);
  if (!isObject(value)) return false;
  return Object.keys(value).some((key) => FORBIDDEN.includes(key) || hasForeignPrototype(value[key]));
}

const FORBIDDEN = ["__proto__", "constructor", "prototype"];

/** UTF-8 keeps the order of code points; JavaScript compares halves of them. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
