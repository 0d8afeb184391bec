const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Beyond it the calendar has no names, in either direction. */
const LAST_DATE = 8.64e15;
/** Beyond it a number is told by its size. */
const LARGE = 1e15;

const wholeNumber = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const clockTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const fullDate = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** A number that was read; undefined for everything else: what is not known is not zero. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Milliseconds since the epoch of a date in any form that the API has; undefined for none. */
export function timeOf(value: unknown): number | undefined {
  const at = typeof value === "string" ? Date.parse(value) : (numberOf(value) ?? Number.NaN);
  return Math.abs(at) <= LAST_DATE ? at : undefined;
}

export function whole(value: number): string {
  return Math.abs(value) < LARGE ? wholeNumber.format(value) : value.toPrecision(3);
}

/** `3 circuits`, `1 circuit` */
export function count(value: number, one: string, many: string = `${one}s`): string {
  return `${whole(value)} ${value === 1 ? one : many}`;
}

export function percent(part: number, all: number): string {
  const share = (part / all) * 100;
  return `${share > 0 && share < 1 ? decimal.format(share) : whole(share)} %`;
}

/** A length of time, in its two largest units: `2 h 5 min`. */
export function duration(ms: number): string {
  const length = Math.max(0, ms);
  if (length < SECOND) return `${whole(length)} ms`;
  if (length < 10 * SECOND) return `${decimal.format(Math.floor(length / 100) / 10)} s`;
  return span(length);
}

/** The same in whole seconds at least: what is drawn again every second. */
export function span(ms: number): string {
  const length = Math.min(LARGE, Math.max(0, ms));
  if (length < MINUTE) return `${Math.floor(length / SECOND)} s`;
  if (length < HOUR) return two(length, MINUTE, "min", length < 10 * MINUTE ? SECOND : 0, "s");
  if (length < DAY) return two(length, HOUR, "h", MINUTE, "min");
  return two(length, DAY, "d", HOUR, "h");
}

function two(length: number, unit: number, name: string, smaller: number, smallerName: string): string {
  const rest = smaller === 0 ? 0 : Math.floor((length % unit) / smaller);
  return `${Math.floor(length / unit)} ${name}${rest === 0 ? "" : ` ${rest} ${smallerName}`}`;
}

export const time = (at: number): string => clockTime.format(at);
export const date = (at: number): string => fullDate.format(at);
