const SECRET =
  /pass$|pass(word|wd|phrase)|pwd|secret|token|authorization|(api|private)[_-]?key|credential|cookie|card[_-]?number|cvv|ssn/i;
const REDACTED = "***";
const DEEPEST = 6;
const MOST = 100;
const LONGEST = 10_000;

/**
 * A copy of any value that JSON can hold and that shows no secret: values under telling names are masked, cycles, depth
 * and size are bounded, and getters that throw are named instead of read.
 * @public
 */
export function redact(value: unknown): unknown {
  return copy(value, 0, new Set());
}

function copy(value: unknown, depth: number, path: Set<object>): unknown {
  if (typeof value === "string") return value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value;
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "function" || typeof value === "symbol") return `[${typeof value}]`;
  if (typeof value !== "object" || value === null) return value;
  if (path.has(value)) return "[circular]";
  if (depth >= DEEPEST) return "[too deep]";
  path.add(value);
  try {
    return copyObject(value, depth, path);
  } catch {
    return "[unreadable]"; // a proxy or an exotic object refused
  } finally {
    path.delete(value);
  }
}

function copyObject(value: object, depth: number, path: Set<object>): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
  if (value instanceof Error) return { name: value.name, message: value.message };
  if (Array.isArray(value)) return value.slice(0, MOST).map((item) => copy(item, depth + 1, path));
  if (value instanceof Map) return copyObject(Object.fromEntries(value), depth, path);
  if (value instanceof Set) return copyObject([...value], depth, path);
  const entries = Object.keys(value).slice(0, MOST);
  return Object.fromEntries(
    entries.map((key) => [key, SECRET.test(key) ? REDACTED : readField(value, key, depth, path)]),
  );
}

function readField(value: object, key: string, depth: number, path: Set<object>): unknown {
  try {
    return copy((value as Record<string, unknown>)[key], depth + 1, path);
  } catch {
    return "[unreadable]"; // a getter threw
  }
}
