/** Enough for V8 to have compiled it. */
const TIMES = 5000;

/**
 * Has V8 settle how it allocates what `process.nextTick` makes, which it does once in a process. Where it does so amid the
 * start of an application, it may choose a way that costs each request 3 µs (measured with Fastify 5 on Node 20). This takes
 * a millisecond, once.
 */
export function warmUpNextTick(): void {
  for (let times = 0; times < TIMES; times++) process.nextTick(nothing);
}

function nothing(): void {
  // Only that it is called matters.
}
