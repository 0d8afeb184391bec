import type { HotClock } from "../clock.js";
import type { Endpoints } from "../pipeline/endpoints.js";

/** How a shutdown went. @public */
export interface ShutdownReport {
  /** Everything ended in time. */
  readonly clean: boolean;
  /** Milliseconds. */
  readonly duration: number;
  /** Calls that were in flight and ended. */
  readonly drained: number;
  /** What did not end: protected names with calls in flight, and plugins. */
  readonly abandoned: readonly string[];
}

const POLL = 10;

/** Waits for the calls in flight, at most so many milliseconds. */
export async function drain(
  endpoints: Endpoints,
  clock: HotClock,
  deadline: number,
): Promise<{ readonly drained: number; readonly abandoned: string[] }> {
  const end = clock.monotonic() + deadline;
  const before = inFlight(endpoints);
  while (inFlight(endpoints) > 0 && clock.monotonic() < end) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, POLL));
  }
  const abandoned = [...endpoints.values()]
    .filter((endpoint) => endpoint.inFlight > 0)
    .map(({ name }) => name);
  return { drained: Math.max(0, before - inFlight(endpoints)), abandoned };
}

function inFlight(endpoints: Endpoints): number {
  let total = 0;
  for (const endpoint of endpoints.values()) total += endpoint.inFlight;
  return total;
}
