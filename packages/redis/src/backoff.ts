/** A number in [0, 1). */
export type Random = () => number;

const FIRST_WAIT = 25;
export const LONGEST_WAIT = 2000;
const MOST_DOUBLINGS = 16;

/**
 * Milliseconds to wait before the next try, after so many that failed. Half of it is chance, so that a fleet does not come
 * back in one moment.
 */
export function waitBefore(failures: number, random: Random): number {
  const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(failures, MOST_DOUBLINGS));
  return (longest / 2) * (1 + random());
}
