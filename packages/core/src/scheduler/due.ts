/** Hours and minutes of a day, local time. */
export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
}

/**
 * The first time after that moment at which it is that time of day, in wall time. A time that a day skips, because clocks are
 * put forward, is that much later on that day; of one that comes twice the first counts.
 */
export function nextDaily(after: number, time: TimeOfDay): number {
  const today = onDay(after, 0, time);
  return today > after ? today : onDay(after, 1, time);
}

/** The last time up to that moment at which it was that time of day. */
export function lastDaily(before: number, time: TimeOfDay): number {
  const today = onDay(before, 0, time);
  return today <= before ? today : onDay(before, -1, time);
}

function onDay(moment: number, days: number, { hour, minute }: TimeOfDay): number {
  const day = new Date(moment);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days, hour, minute).getTime();
}
