const DAY = /^\d{4}-\d{2}-\d{2}$/;
/** Without an offset it would be a time of the zone that the server is in. */
const TIME = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** Whether a text is a day of the calendar, written as 2026-01-31. */
export function isDay(text: string): boolean {
  const time = DAY.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // The 30th of February would be the 2nd of March.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Whether a text is such a day, or a time of it in ISO 8601. */
export function isTime(text: string): boolean {
  const [, day = ""] = TIME.exec(text) ?? [];
  return isDay(day) && !Number.isNaN(Date.parse(text));
}
