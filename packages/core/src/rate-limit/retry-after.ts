/** Milliseconds that an error asks to wait, or undefined where it does not say. `now` is the wall clock, for dates. */
export function retryAfterOf(error: unknown, now: number): number | undefined {
  try {
    return read(error, now);
  } catch {
    return undefined; // a getter of the caller's error threw
  }
}

interface Answer {
  readonly headers?: unknown;
  readonly response?: { readonly headers?: unknown } | null;
  readonly retryAfter?: unknown;
}

function read(error: unknown, now: number): number | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { headers, response, retryAfter } = error as Answer;
  for (const carrier of [headers, response?.headers]) {
    const exact = numberOf(header(carrier, "retry-after-ms"));
    if (exact !== undefined) return exact;
    const found = parse(header(carrier, "retry-after"), now);
    if (found !== undefined) return found;
  }
  return parse(retryAfter, now);
}

function header(carrier: unknown, name: string): unknown {
  if (typeof carrier !== "object" || carrier === null) return undefined;
  if (typeof (carrier as Headers).get === "function") return (carrier as Headers).get(name) ?? undefined;
  const key = Object.keys(carrier).find((candidate) => candidate.toLowerCase() === name);
  return key === undefined ? undefined : (carrier as Record<string, unknown>)[key];
}

const SECOND = 1000;
const NUMBER = /^\d+(\.\d+)?$/;

/** Seconds as a number or text, or an HTTP date (RFC 9110, 10.2.3). Anything else says nothing. */
function parse(value: unknown, now: number): number | undefined {
  const number = numberOf(value);
  if (number !== undefined) return number * SECOND;
  if (typeof value !== "string" || !/[a-z]/i.test(value)) return undefined;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && NUMBER.test(value.trim()) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : undefined;
}
