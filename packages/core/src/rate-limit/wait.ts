/** Whole milliseconds from `now` on, after which `isOver` holds; about so many. Rounding must not make them too few. */
export function waitFor(about: number, now: number, isOver: (then: number) => boolean): number {
  const wait = Math.max(1, Math.ceil(about));
  return isOver(now + wait) ? wait : wait + 1;
}
