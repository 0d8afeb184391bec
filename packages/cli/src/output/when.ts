const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time of the API as people read it: `2026-01-31 12:00:00Z`. What is no time is shown as it is. */
export function when(time: string | undefined): string | undefined {
  const date = new Date(time ?? "");
  return Number.isNaN(date.getTime()) ? time : `${date.toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** Milliseconds as people say them. */
export function span(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 2 * MINUTE) return `${rounded(milliseconds / 1000)} s`;
  if (milliseconds < 2 * HOUR) return `${rounded(milliseconds / MINUTE)} min`;
  return milliseconds < 2 * DAY ? `${rounded(milliseconds / HOUR)} h` : `${rounded(milliseconds / DAY)} d`;
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}
