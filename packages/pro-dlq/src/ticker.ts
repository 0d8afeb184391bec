import { type Clock, unref } from "@baldur/core/plugin";

/** Waits without keeping the process alive; ends early when the signal aborts. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clock.clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.setTimeout(end, milliseconds);
    unref(timer);
    signal.addEventListener("abort", end);
  });
}

/** Does work now and again after every interval, until the signal aborts. `work` must not reject. */
export async function every(
  clock: Clock,
  interval: number,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await work();
    await pause(clock, interval, signal);
  }
}
