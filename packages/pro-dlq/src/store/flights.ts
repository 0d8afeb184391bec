/** Fewer than these are not worth a flight of their own. */
const LEAST = 25;

/**
 * How many of those that wait go out at once, given how many flights there may be beside those that are under way: a fair part
 * for each, so that those of one are made ready while another is answered. Where they are few, all of them.
 */
export function fairShare(waiting: number, flights: number): number {
  const most = Math.max(1, Math.min(flights, Math.floor(waiting / LEAST)));
  return Math.ceil(waiting / most);
}
