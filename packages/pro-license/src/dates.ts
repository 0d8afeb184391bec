export const DAY = 86_400_000;

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** The first millisecond of a calendar day in UTC; undefined for a day that no calendar has. */
export function startOfDay(date: string): number | undefined {
  const start = DATE.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(start)) return undefined;
  return new Date(start).toISOString().startsWith(date) ? start : undefined;
}
